// Replies of Tor's control port, from bytes (Tor control-spec, section 2.3).
//
//   250-first line          `-`: more lines follow
//   250+key=                `+`: a data block follows, up to a line of one dot; its lines have a further dot before a dot
//   any text
//   .
//   250 last line           ` `: the reply is complete
//
// Lines end in CR LF, or in LF. Bytes are read as Latin-1: the relevant parts are ASCII, and other bytes are preserved.

import { LineBuffer } from '../util/bytes/line-buffer.ts';
import type { TorFailure } from './failure.ts';

/** Longest line in bytes, its CR included. (Bitcoin Core src/torcontrol.cpp, MAX_LINE_LENGTH) */
export const TOR_MAX_LINE_BYTES = 100_000;

/** Most lines of a reply. (src/torcontrol.cpp, MAX_LINE_COUNT) */
export const TOR_MAX_REPLY_LINES = 1_000;

/** Most bytes of a reply, all its lines together. Tor's longest, of all its options, has some tens of thousands. */
export const TOR_MAX_REPLY_BYTES = 1_000_000;

/** Three digits and a separator: a shorter line is malformed. */
const LINE_HEAD_CHARS = 4;

const LF = 0x0a;

/** A reply to a command, or an asynchronous event. */
export interface TorReply {
  /** That of the last line: 250 for success, from 600 on an event; 0 if it was no number. */
  readonly code: number;
  /** The lines without code and separator. Those of a data block stand behind the line that announced it. */
  readonly lines: readonly string[];
}

/** Makes replies of chunks. */
export class TorReplyReader {
  readonly #unfinished = new LineBuffer();
  #lines: string[] = [];
  /** Bytes of the lines of the reply so far. */
  #replyBytes = 0;
  #isInDataBlock = false;

  /**
   * Takes a chunk, however it was cut.
   *
   * @param onReply - Called with each reply as soon as its last line is complete. @returns Why nothing more can be read;
   * undefined if reading can go on.
   */
  push(chunk: Uint8Array, onReply: (reply: TorReply) => void): TorFailure | undefined {
    for (let start = 0; start < chunk.length;) {
      const lineEnd = chunk.indexOf(LF, start);
      const end = lineEnd === -1 ? chunk.length : lineEnd;
      if (this.#unfinished.length + end - start > TOR_MAX_LINE_BYTES) return 'line-too-long';
      // Its end included: empty lines count as well.
      this.#replyBytes += end - start + 1;
      if (this.#replyBytes > TOR_MAX_REPLY_BYTES) return 'reply-too-long';
      this.#unfinished.append(chunk.subarray(start, end));
      if (lineEnd === -1) return undefined;
      start = lineEnd + 1;
      this.#take(this.#unfinished.take(), onReply);
      if (this.#lines.length > TOR_MAX_REPLY_LINES) return 'reply-too-long';
    }
    return undefined;
  }

  #take(line: string, onReply: (reply: TorReply) => void): void {
    if (this.#isInDataBlock) {
      if (line === '.') this.#isInDataBlock = false;
      else this.#lines.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    if (line.length < LINE_HEAD_CHARS) return;
    this.#lines.push(line.slice(LINE_HEAD_CHARS));
    this.#isInDataBlock = line[3] === '+';
    if (line[3] !== ' ' || this.#lines.length > TOR_MAX_REPLY_LINES) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#replyBytes = 0;
    onReply({ code: /^\d{3}/.test(line) ? Number(line.slice(0, 3)) : 0, lines });
  }
}
