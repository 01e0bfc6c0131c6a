// Reads one HTTP/1.x request after another out of bytes that arrive in any pieces. (RFC 9112; Bitcoin Core src/httpserver.cpp)
//
// The rules are Bitcoin Core's: a bare LF ends a line, names have no blank before the colon, lines are not folded, and the
// request line has exactly three words. The parser stores nothing but the body: bytes it does not take, such as half a line,
// stay with the caller, who offers them again together with what follows. It stops after the head of a request that has a
// body, and after each request.

import { latin1 } from './text-of-bytes.ts';
import { MAX_HEADER_BYTES, MAX_LINE_BYTES, MIN_REQUEST_LINE_BYTES } from '../limits.ts';
import { BodyBuffer } from './body-buffer.ts';
import {
  BAD_CHUNK,
  BAD_EXPECTATION,
  CONTINUE_EXPECTED,
  BAD_HEADERS,
  BAD_LENGTH,
  BAD_LINE,
  Framing,
  TOO_LARGE,
} from './framing.ts';
import type { Refusal } from './framing.ts';
import { HeaderList } from './header-list.ts';
import { HeaderMemory } from './header-memory.ts';

/** What the parser reads next. */
export const ParserState = {
  REQUEST_LINE: 0,
  HEADERS: 1,
  /** The head is read and announces a body; `readBody` goes on. */
  HEAD: 2,
  BODY: 3,
  CHUNK_SIZE: 4,
  CHUNK_DATA: 5,
  CHUNK_END: 6,
  TRAILER: 7,
  /** The request is read; `reset` goes on to the next. */
  COMPLETE: 8,
  /** The request is refused, see `refusal`. What follows has no meaning. */
  REFUSED: 9,
} as const;
export type ParserState = (typeof ParserState)[keyof typeof ParserState];

const { REQUEST_LINE, HEADERS, HEAD, BODY, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILER, COMPLETE, REFUSED } =
  ParserState;

const [TAB, LF, VT, FF, CR, BLANK, COLON, SEMICOLON] = [9, 10, 11, 12, 13, 32, 58, 59];
const [SLASH, DOT, ZERO, NINE, ONE] = [47, 46, 48, 57, 49];
const [G, E, T, P, O, S, H] = [71, 69, 84, 80, 79, 83, 72];

/** Length of `HTTP/1.1`. */
const VERSION_BYTES = 8;
/** Most hex digits of a number of 64 bits. */
const MAX_HEX_DIGITS = 16;

const NO_BODY = new Uint8Array(0);
const NO_HEADERS = new HeaderList('');

export class RequestParser {
  state: ParserState = REQUEST_LINE;
  method = '';
  target = '';
  /** The x of HTTP/1.x. */
  minorVersion = 1;
  /** All header lines as they came, each with its line end. */
  headerText = '';
  /** The same as a list, once the header is read. */
  headers = NO_HEADERS;
  readonly framing = new Framing();
  body: Uint8Array = NO_BODY;
  refusal: Refusal | undefined = undefined;
  readonly #maxBodyBytes: number;
  readonly #memory: HeaderMemory;
  readonly #buffer = new BodyBuffer();
  /** Bytes of header and trailer lines so far. */
  #headerBytes = 0;
  /** Bytes of the line offered last that are known to hold no LF. */
  #scanned = 0;
  /** Where in the line the first CR or NUL is; -1 without one. */
  #oddAt = -1;
  /** Bytes that the body, or the chunk, still lacks. */
  #missing = 0;
  /** Whether the connection has carried a request before. */
  #hasCarried = false;

  /**
   * @param maxBodyBytes - Longest body, in bytes.
   * @param memory - Parsers of a server share it.
   */
  constructor(maxBodyBytes: number, memory: HeaderMemory = new HeaderMemory()) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#memory = memory;
  }

  /** Whether nothing of a request has been taken. */
  get isFresh(): boolean {
    return this.state === REQUEST_LINE && this.#scanned === 0;
  }

  /** Memory that the body of the request takes so far, in bytes. */
  get bodyCapacity(): number {
    return this.#buffer.capacity;
  }

  /**
   * Reads on.
   *
   * @param bytes - Received bytes, from `from` on; lent for the call. Bytes not taken last time come first.
   * @returns Index behind the last byte taken. The rest is to be offered again with more behind it, unless `state` says
   * that the parser waits for `readBody` or `reset`, or refuses.
   */
  feed(bytes: Uint8Array, from: number): number {
    const end = bytes.length;
    let at = from;
    for (;;) {
      switch (this.state) {
        case REQUEST_LINE:
        case CHUNK_SIZE:
        case CHUNK_END: {
          const lineEnd = this.#findLineEnd(bytes, at, end);
          if (lineEnd === -1) return at;
          const textEnd = this.#textEnd(bytes, at, lineEnd);
          if (this.state === REQUEST_LINE) this.#readRequestLine(bytes, at, textEnd);
          else if (this.state === CHUNK_SIZE) this.#readChunkSize(bytes, at, textEnd);
          else this.#readChunkEnd(at, textEnd);
          at = lineEnd + 1;
          break;
        }
        case HEADERS:
        case TRAILER:
          at = this.#readHeaderLines(bytes, at, end);
          if (this.state === HEADERS || this.state === TRAILER) return at;
          break;
        case BODY:
        case CHUNK_DATA: {
          if (at === end) return at;
          const to = Math.min(end, at + this.#missing);
          this.#takeBody(bytes, at, to);
          at = to;
          break;
        }
        default:
          return at;
      }
    }
  }

  /** Goes on to the body, from state `HEAD`. */
  readBody(): void {
    this.state = this.framing.isChunked ? CHUNK_SIZE : BODY;
  }

  /** Goes on to the next request of the connection. */
  reset(): void {
    this.state = REQUEST_LINE;
    this.headerText = '';
    this.headers = NO_HEADERS;
    this.framing.reset();
    this.body = NO_BODY;
    this.#headerBytes = 0;
    this.#hasCarried = true;
  }

  /** Forgets everything, for another connection. */
  reuse(hasCarried: boolean): void {
    this.reset();
    this.refusal = undefined;
    this.#buffer.take();
    this.#scanned = 0;
    this.#oddAt = -1;
    this.#hasCarried = hasCarried;
  }

  #refuse(refusal: Refusal): void {
    this.refusal = refusal;
    this.state = REFUSED;
    this.#buffer.take();
  }

  // ---- Lines --------------------------------------------------------------------------------------------------------

  /** Index of the LF that ends the line at `start`, or -1. A line that is too long without one is refused. */
  #findLineEnd(bytes: Uint8Array, start: number, end: number): number {
    let at = start + this.#scanned;
    for (; at < end; at++) {
      const byte = bytes[at]!;
      if (byte > CR) continue;
      if (byte === LF) break;
      if ((byte === CR || byte === 0) && this.#oddAt === -1) this.#oddAt = at - start;
    }
    if (at - start > MAX_LINE_BYTES) {
      this.#refuse(this.#lineRefusal());
      return -1;
    }
    if (at < end) {
      this.#scanned = 0;
      return at;
    }
    this.#scanned = at - start;
    return -1;
  }

  #lineRefusal(): Refusal {
    if (this.state === REQUEST_LINE) return BAD_LINE;
    return this.state === CHUNK_SIZE || this.state === CHUNK_END ? BAD_CHUNK : BAD_HEADERS;
  }

  /** Where the text of a line ends: before its one CR. -1 when it has another CR, or a NUL. */
  #textEnd(bytes: Uint8Array, start: number, lineEnd: number): number {
    const oddAt = this.#oddAt;
    if (oddAt === -1) return lineEnd;
    this.#oddAt = -1;
    return start + oddAt === lineEnd - 1 && bytes[lineEnd - 1] === CR ? lineEnd - 1 : -1;
  }

  #readRequestLine(bytes: Uint8Array, start: number, end: number): void {
    // (RFC 9112 section 2.2: some clients send an extra line end after a body.)
    if (end === start && this.#hasCarried) {
      this.#hasCarried = false;
      return;
    }
    if (end - start < MIN_REQUEST_LINE_BYTES) return this.#refuse(BAD_LINE);
    let first = start;
    while (first < end && bytes[first] !== BLANK) first++;
    const second = end - VERSION_BYTES - 1;
    if (second <= first || bytes[second] !== BLANK) return this.#refuse(BAD_LINE);
    for (let at = first + 1; at < second; at++) if (bytes[at] === BLANK) return this.#refuse(BAD_LINE);
    const minorVersion = readVersion(bytes, second + 1);
    if (minorVersion === -1) return this.#refuse(BAD_LINE);
    this.method = readMethod(bytes, start, first);
    this.target = latin1(bytes, first + 1, second);
    this.minorVersion = minorVersion;
    this.state = HEADERS;
  }

  /** Reads header lines, or trailer lines, as far as they go. @returns Index behind the last one. */
  #readHeaderLines(bytes: Uint8Array, from: number, end: number): number {
    const isWhole = this.#headerBytes === 0 && this.state === HEADERS;
    if (isWhole && this.#memory.isAt(bytes, from)) return from + this.#recallHeader();
    let start = from;
    for (;;) {
      const lineEnd = this.#findLineEnd(bytes, start, end);
      const seen = (lineEnd === -1 ? end : lineEnd + 1) - start;
      if (this.state !== REFUSED && this.#headerBytes + seen > MAX_HEADER_BYTES) this.#refuse(BAD_HEADERS);
      if (this.state === REFUSED) return end;
      if (lineEnd === -1) break;
      const textEnd = this.#textEnd(bytes, start, lineEnd);
      this.#headerBytes += seen;
      if (textEnd === start) {
        this.#keepHeaderText(bytes, from, start);
        if (this.state === TRAILER) this.#complete();
        else this.#endHeader(bytes, isWhole ? from : -1, lineEnd + 1);
        return lineEnd + 1;
      }
      this.#readHeaderLine(bytes, start, textEnd);
      if ((this.state as ParserState) === REFUSED) return end;
      start = lineEnd + 1;
    }
    this.#keepHeaderText(bytes, from, start);
    return start;
  }

  #keepHeaderText(bytes: Uint8Array, from: number, to: number): void {
    if (to > from && this.state === HEADERS) this.headerText += latin1(bytes, from, to);
  }

  #readHeaderLine(bytes: Uint8Array, start: number, end: number): void {
    let colon = start;
    for (; colon < end; colon++) {
      const byte = bytes[colon]!;
      if (byte === COLON) break;
      if (byte === BLANK || byte === TAB || byte === VT || byte === FF) return this.#refuse(BAD_HEADERS);
    }
    // Also where `end` is -1, for a CR or NUL inside.
    if (colon === start || colon >= end) return this.#refuse(BAD_HEADERS);
    if (this.state === HEADERS) this.framing.note(bytes, start, colon, end);
  }

  /** Takes over the header of the request before, which is the same as this one's. @returns Its length, in bytes. */
  #recallHeader(): number {
    const memory = this.#memory;
    this.#headerBytes = memory.length;
    this.headerText = memory.text;
    this.headers = memory.list;
    this.framing.copy(memory.framing);
    this.#scanned = 0;
    this.#oddAt = -1;
    this.#beginBody(memory.announcedBytes);
    return memory.length;
  }

  /** The header is read. @param from - Where it begins in these bytes; -1 for one that came in pieces. */
  #endHeader(bytes: Uint8Array, from: number, to: number): void {
    const { framing } = this;
    this.headers = new HeaderList(this.headerText);
    const announced = framing.isChunked ? 0 : framing.announcedBytes();
    if (from !== -1 && framing.refusal === undefined && announced !== undefined) {
      this.#memory.keep(bytes, from, to, this.headers, framing, announced);
    }
    this.#beginBody(announced);
  }

  /** Decides on the body, by the framing. @param announced - As `Framing.announcedBytes`. */
  #beginBody(announced: number | undefined): void {
    const { framing } = this;
    const { expectation } = framing;
    // An expectation of a 1.0 client is ignored. (RFC 9110 section 10.1.1)
    if (expectation !== undefined && expectation !== CONTINUE_EXPECTED && this.minorVersion >= 1) {
      return this.#refuse(BAD_EXPECTATION);
    }
    if (framing.isChunked && framing.refusal === undefined) {
      this.state = HEAD;
      return;
    }
    const refusal = framing.refusal ?? (announced === undefined ? BAD_LENGTH : undefined);
    if (refusal !== undefined) return this.#refuse(refusal);
    if (announced! > this.#maxBodyBytes) return this.#refuse(TOO_LARGE);
    this.#missing = announced!;
    if (announced === 0) this.#complete();
    else this.state = HEAD;
  }

  // ---- Body ---------------------------------------------------------------------------------------------------------

  #takeBody(bytes: Uint8Array, from: number, to: number): void {
    const most = this.state === BODY ? this.#buffer.length + this.#missing : this.#maxBodyBytes;
    this.#buffer.append(bytes, from, to, most);
    this.#missing -= to - from;
    if (this.#missing > 0) return;
    if (this.state === BODY) this.#complete();
    else this.state = CHUNK_END;
  }

  #readChunkSize(bytes: Uint8Array, start: number, end: number): void {
    const size = end === -1 ? -1 : readHex(bytes, start, end);
    if (size === -1) return this.#refuse(BAD_CHUNK);
    if (size === 0) {
      this.state = TRAILER;
      return;
    }
    if (this.#buffer.length + size > this.#maxBodyBytes) return this.#refuse(TOO_LARGE);
    this.#missing = size;
    this.state = CHUNK_DATA;
  }

  #readChunkEnd(start: number, end: number): void {
    if (end !== start) return this.#refuse(BAD_CHUNK);
    this.state = CHUNK_SIZE;
  }

  #complete(): void {
    this.body = this.#buffer.length === 0 ? NO_BODY : this.#buffer.take();
    this.state = COMPLETE;
  }
}

/** The x of `HTTP/1.x`, or -1 for anything else. */
function readVersion(bytes: Uint8Array, at: number): number {
  const minor = bytes[at + 7]!;
  const isVersion =
    bytes[at] === H &&
    bytes[at + 1] === T &&
    bytes[at + 2] === T &&
    bytes[at + 3] === P &&
    bytes[at + 4] === SLASH &&
    bytes[at + 5] === ONE &&
    bytes[at + 6] === DOT &&
    minor >= ZERO &&
    minor <= NINE;
  return isVersion ? minor - ZERO : -1;
}

function readMethod(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length === 3 && bytes[start] === G && bytes[start + 1] === E && bytes[start + 2] === T) return 'GET';
  if (
    length === 4 &&
    bytes[start] === P &&
    bytes[start + 1] === O &&
    bytes[start + 2] === S &&
    bytes[start + 3] === T
  ) {
    return 'POST';
  }
  return latin1(bytes, start, end);
}

/** A hexadecimal number of at most 64 bits with blanks around it, up to a `;`; -1 for anything else. */
function readHex(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at]!)) at++;
  let value = 0;
  let digits = 0;
  const first = at;
  for (; at < end; at++) {
    const digit = hexDigit(bytes[at]!);
    if (digit === -1) break;
    if (value > 0 || digit > 0) digits++;
    if (digits > MAX_HEX_DIGITS) return -1;
    value = value * 16 + digit;
  }
  if (at === first) return -1;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at === end || bytes[at] === SEMICOLON ? value : -1;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || (byte >= TAB && byte <= CR);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
