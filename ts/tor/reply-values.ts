// Values in a line of a reply: `KEY=value KEY="quoted \\"value\\""` (Tor control-spec, section 2.1.1, QuotedString).

/** What `\` and a letter stand for; any other character stands for itself, and digits are octal. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

/** Up to three octal digits, of which the value fits a byte: a first digit from 4 on takes only one more. */
const OCTAL = /[0-3][0-7]{0,2}|[4-7][0-7]?/y;

/** The first word of a line, and what is behind it: `AUTH METHODS=NULL` is of type `AUTH`. */
export function splitReplyLine(line: string): { type: string; rest: string } {
  const end = line.indexOf(' ');
  return end === -1 ? { type: line, rest: '' } : { type: line.slice(0, end), rest: line.slice(end + 1) };
}

/**
 * Reads values by key; the first occurrence of a key counts.
 *
 * Unquoted values reach to the next space and may contain `=`. A word without `=` ends the reading, since what follows is
 * undefined. If a quote is never closed, the result is empty.
 *
 * @returns Values as Latin-1: of a path, each character is a byte.
 */
export function parseReplyValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  let space = -1;
  let hasSpace = true;
  for (let at = 0; at < text.length;) {
    const equals = text.indexOf('=', at);
    // Looked for once for each that there is: a line of quoted values may have none.
    if (hasSpace && space < at) space = text.indexOf(' ', at);
    hasSpace &&= space !== -1;
    if (equals === -1 || (hasSpace && space < equals)) break;
    const read = text[equals + 1] === '"' ? quotedAt(text, equals + 2) : plainAt(text, equals + 1);
    if (read === undefined) return new Map();
    const key = text.slice(at, equals);
    if (!values.has(key)) values.set(key, read.value);
    at = text[read.end] === ' ' ? read.end + 1 : read.end;
  }
  return values;
}

interface Read {
  readonly value: string;
  /** The index after it. */
  readonly end: number;
}

function plainAt(text: string, start: number): Read {
  const space = text.indexOf(' ', start);
  const end = space === -1 ? text.length : space;
  return { value: text.slice(start, end), end };
}

function quotedAt(text: string, start: number): Read | undefined {
  let value = '';
  for (let at = start; at < text.length;) {
    if (text[at] === '"') return { value, end: at + 1 };
    if (text[at] !== '\\') {
      value += text[at];
      at += 1;
      continue;
    }
    OCTAL.lastIndex = at + 1;
    const digits = OCTAL.exec(text)?.[0];
    const letter = text[at + 1] ?? '';
    value += digits === undefined ? (ESCAPES[letter] ?? letter) : String.fromCharCode(parseInt(digits, 8));
    at += 1 + (digits?.length ?? 1);
  }
  return undefined;
}

/** A text as QuotedString. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
