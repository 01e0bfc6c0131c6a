// Lines of the SAM protocol (I2P "SAM V3"): COMMAND SUBCOMMAND KEY=VALUE … LF.
//
// Bytes are read as Latin-1: the relevant parts are ASCII, and other bytes are preserved.

import { LineBuffer } from '../../util/bytes/line-buffer.ts';

/** Longest line, in bytes. A longer one fails. (Bitcoin Core src/i2p.h, MAX_MSG_SIZE.) */
export const SAM_MAX_LINE_BYTES = 65_536;

const LF = 0x0a;

/** A parsed line. */
export interface SamReply {
  /** The two leading words, such as `SESSION STATUS`. */
  readonly topic: string;
  /** Values by key. The first occurrence of a key counts; when that one has no value, the key is absent. */
  readonly values: ReadonlyMap<string, string>;
}

/** Collects one line from chunks. */
export class SamLineReader {
  readonly #unfinished = new LineBuffer();

  /** Bytes of the unfinished line. */
  get pendingBytes(): number {
    return this.#unfinished.length;
  }

  /**
   * Takes a chunk.
   * @returns undefined while the line is unfinished; `too-long` after `SAM_MAX_LINE_BYTES` bytes without a line end; else
   *   the line without its end (LF, CR LF) and the bytes behind it, a view on `chunk`.
   */
  push(chunk: Uint8Array): { line: string; leftover: Uint8Array } | 'too-long' | undefined {
    const end = chunk.indexOf(LF);
    const lineBytes = this.#unfinished.length + (end === -1 ? chunk.length : end);
    if (lineBytes >= SAM_MAX_LINE_BYTES) return 'too-long';
    this.#unfinished.append(end === -1 ? chunk : chunk.subarray(0, end));
    if (end === -1) return undefined;
    return { line: this.#unfinished.take(), leftover: chunk.subarray(end + 1) };
  }
}

/**
 * Parses a line.
 *
 * A value that begins with a double quote ends at the closing one; `\` escapes the next character. So text inside a quoted
 * MESSAGE cannot pass for a RESULT. A quote that is never closed takes the rest of the line.
 */
export function parseSamReply(line: string): SamReply {
  const values = new Map<string, string>();
  const topic = /^[^ ]*(?: [^ ]*)?/.exec(line)![0];
  let at = topic.length;
  while (at < line.length) {
    if (line[at] === ' ') {
      at += 1;
      continue;
    }
    const keyEnd = endOfWord(line, at, '= ');
    const key = line.slice(at, keyEnd);
    const { value, end } = valueAt(line, keyEnd);
    if (!values.has(key)) values.set(key, value);
    at = end;
  }
  for (const [key, value] of values) if (value === '') values.delete(key);
  return { topic, values };
}

/** The value behind a key that ends at `keyEnd`, empty if there is none, and its end. */
function valueAt(line: string, keyEnd: number): { value: string; end: number } {
  if (line[keyEnd] !== '=') return { value: '', end: keyEnd };
  if (line[keyEnd + 1] === '"') return quotedValue(line, keyEnd + 2);
  const end = endOfWord(line, keyEnd + 1, ' ');
  return { value: line.slice(keyEnd + 1, end), end };
}

function quotedValue(line: string, start: number): { value: string; end: number } {
  let value = '';
  for (let at = start; at < line.length; at += 1) {
    if (line[at] === '"') return { value, end: at + 1 };
    if (line[at] === '\\' && at + 1 < line.length) at += 1;
    value += line[at];
  }
  return { value, end: line.length };
}

function endOfWord(line: string, start: number, stops: string): number {
  let at = start;
  while (at < line.length && !stops.includes(line[at]!)) at += 1;
  return at;
}
