// What the head of a request says about where its body ends and what happens to the connection. (RFC 9112 sections 6 and 9.3)
//
// Header lines are compared as bytes as they pass; only the four that matter here become text.

import { latin1 } from './text-of-bytes.ts';

/** Why a request is refused: the status it gets, and the kind that is counted. */
export interface Refusal {
  readonly status: 400 | 413 | 417;
  readonly kind: 'line' | 'headers' | 'length' | 'chunk' | 'too_large' | 'expectation';
}

export const BAD_LINE: Refusal = { status: 400, kind: 'line' };
export const BAD_HEADERS: Refusal = { status: 400, kind: 'headers' };
export const BAD_LENGTH: Refusal = { status: 400, kind: 'length' };
export const BAD_CHUNK: Refusal = { status: 400, kind: 'chunk' };
export const TOO_LARGE: Refusal = { status: 413, kind: 'too_large' };
export const BAD_EXPECTATION: Refusal = { status: 417, kind: 'expectation' };

/** The only expectation that HTTP defines. */
export const CONTINUE_EXPECTED = '100-continue';

const MAX_UINT64 = 2n ** 64n - 1n;
const DECIMAL = /^[0-9]+$/;
/** What a header value is trimmed of: blank, tab, CR, LF, VT, FF. */
const TRIMMED = /^[ \t\r\n\v\f]+|[ \t\r\n\v\f]+$/g;

/** What the values of fields that frame a body are trimmed of. */
const BLANKS = /^[ \t]+|[ \t]+$/g;

const CONNECTION = nameBytes('connection');
const CONTENT_LENGTH = nameBytes('content-length');
const TRANSFER_ENCODING = nameBytes('transfer-encoding');
const EXPECT = nameBytes('expect');

/** A header's value without the blanks around it. */
export function trimmed(value: string): string {
  return value.replace(TRIMMED, '');
}

export class Framing {
  /** Text of `Content-Length`; undefined without one. */
  lengthText: string | undefined = undefined;
  isChunked = false;
  /** `Connection` names `close`, or `keep-alive`. */
  asksToClose = false;
  asksToKeep = false;
  /** Text of `Expect` in lower case; undefined without one. */
  expectation: string | undefined = undefined;
  refusal: Refusal | undefined = undefined;

  reset(): void {
    this.lengthText = undefined;
    this.isChunked = false;
    this.asksToClose = false;
    this.asksToKeep = false;
    this.expectation = undefined;
    this.refusal = undefined;
  }

  /** Copies all fields from another, valid framing. */
  copy(other: Framing): void {
    this.lengthText = other.lengthText;
    this.isChunked = other.isChunked;
    this.asksToClose = other.asksToClose;
    this.asksToKeep = other.asksToKeep;
    this.expectation = other.expectation;
    this.refusal = undefined;
  }

  /** Whether the client waits for `100 Continue` before it sends the body. */
  get asksToContinue(): boolean {
    return this.expectation === CONTINUE_EXPECTED;
  }

  /** Looks at one header line: the name is `bytes[start..colon)`, the value what follows up to `end`. */
  note(bytes: Uint8Array, start: number, colon: number, end: number): void {
    switch (colon - start) {
      case EXPECT.length:
        if (isName(bytes, start, EXPECT)) this.expectation ??= valueOf(bytes, colon, end).toLowerCase();
        return;
      case CONNECTION.length:
        if (isName(bytes, start, CONNECTION)) this.#noteConnection(valueOf(bytes, colon, end));
        return;
      case CONTENT_LENGTH.length:
        if (isName(bytes, start, CONTENT_LENGTH)) this.#noteLength(strictValueOf(bytes, colon, end));
        return;
      case TRANSFER_ENCODING.length:
        if (isName(bytes, start, TRANSFER_ENCODING)) this.#noteCoding(strictValueOf(bytes, colon, end));
    }
  }

  /**
   * Bytes of the body that `Content-Length` announces; 0 without one. Where the body is chunked nothing of it counts.
   * @returns Undefined for text that is not a length; Infinity for more than a number holds exactly.
   */
  announcedBytes(): number | undefined {
    const { lengthText } = this;
    if (lengthText === undefined) return 0;
    if (lengthText === '' || !DECIMAL.test(lengthText)) return undefined;
    const length = Number(lengthText);
    if (Number.isSafeInteger(length)) return length;
    return BigInt(lengthText) <= MAX_UINT64 ? Infinity : undefined;
  }

  #noteConnection(value: string): void {
    for (const token of value.toLowerCase().split(',')) {
      const option = trimmed(token);
      if (option === 'close') this.asksToClose = true;
      else if (option === 'keep-alive') this.asksToKeep = true;
    }
  }

  #noteLength(value: string): void {
    if (this.lengthText === undefined) this.lengthText = value;
    else if (this.lengthText !== value) this.refusal ??= BAD_LENGTH;
  }

  /** Every coding but one `chunked` is refused: a proxy in front that reads it differently must not hide a request in it. */
  #noteCoding(value: string): void {
    if (this.isChunked || value.toLowerCase() !== 'chunked') this.refusal ??= BAD_LENGTH;
    this.isChunked = true;
  }
}

function nameBytes(name: string): Uint8Array {
  return Uint8Array.from(name, (letter) => letter.charCodeAt(0));
}

/** Whether the bytes at `start` are a name of lower-case letters and hyphens, in any case. */
function isName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    const wanted = name[index]!;
    const byte = bytes[start + index]!;
    // Only a letter has another case: 0x20 also makes CR of a hyphen.
    if (byte !== wanted && (wanted < 0x61 || byte !== wanted - 0x20)) return false;
  }
  return true;
}

function valueOf(bytes: Uint8Array, colon: number, end: number): string {
  return trimmed(latin1(bytes, colon + 1, end));
}

/**
 * The value of a field that says where a body ends: without the blanks and tabs around it, but with a VT or FF, which makes it
 * no length and no coding. A proxy in front may not see through those, and the two would disagree about the body.
 */
function strictValueOf(bytes: Uint8Array, colon: number, end: number): string {
  return latin1(bytes, colon + 1, end).replace(BLANKS, '');
}
