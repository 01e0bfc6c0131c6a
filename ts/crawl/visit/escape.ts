// Text of a peer as it may stand in a file or on a screen: what would move the cursor, turn the direction of writing, or end a
// line is written out. Markup stays what it is; a page made of it escapes for that.

/** Control characters of both sets, line and paragraph separators, what turns the direction of text, and the escape itself. */
// eslint-disable-next-line no-control-regex -- Control characters are what this is about.
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\\]/g;

/** Bytes of a peer as text: UTF-8, with what is none of it replaced, and unprintable characters as `\u001b`. */
export function escaped(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
