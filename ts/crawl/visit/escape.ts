// Makes text from a peer safe for a file or a screen: characters that would move the cursor, change the direction of writing or
// end a line are written as escapes. Markup is kept; a page escapes it itself.

/** Control characters of both sets, line and paragraph separators, direction marks, and the escape character itself. */
// eslint-disable-next-line no-control-regex -- The expression looks for control characters.
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\\]/g;

/** Bytes of a peer as text: UTF-8 with invalid sequences replaced, and unprintable characters written as `\u001b`. */
export function escaped(bytes: Uint8Array): string {
  return escapedText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
}

/** Text of a peer with unprintable characters written as `\u001b`. */
export function escapedText(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
