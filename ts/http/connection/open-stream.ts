// A stream that is open on a connection: frames its pieces as chunks, or counts them, and keeps the connection's side of it.

import { integer } from '../../sockman/options.ts';
import { outOfRange } from '../../util/errors/errors.ts';
import type { HttpRequest } from '../message/http-request.ts';
import { DEFAULT_MAX_UNSENT_BYTES } from '../limits.ts';
import { ReplyStream } from '../message/reply-stream.ts';
import type { StreamOptions, StreamSink } from '../message/reply-stream.ts';

/** Stands for a length that is not known, in the head of a reply. */
export const STREAM_LENGTH = -1;

/** Longest piece that is copied into one buffer with its framing; a longer one is sent as it is, after its size line. */
const MAX_COPIED_BYTES = 16_384;

const CRLF = Buffer.from('\r\n', 'latin1');

/** The side of a connection that takes pieces. */
export interface StreamTarget {
  readonly unsentBytes: number;
  /** @returns Whether the kernel took all of them. */
  sendPieces(pieces: readonly Uint8Array[], maxUnsentBytes: number): boolean;
  endStream(request: HttpRequest): void;
  hookFailed(request: HttpRequest, name: string, error: unknown): void;
  close(): void;
}

export class OpenStream implements StreamSink {
  readonly reply: ReplyStream;
  readonly ignoresInput: boolean;
  readonly #target: StreamTarget;
  readonly #request: HttpRequest;
  readonly #maxUnsentBytes: number;
  readonly #hasBody: boolean;
  readonly #isChunked: boolean;
  /** Bytes that the body still lacks; undefined where its length is unknown. */
  #missing: number | undefined;
  /** The line end of a long piece is still to be sent; it goes with the next write, which saves a call. */
  #owesLineEnd = false;
  #willSendLineEnd = false;
  /** The size line sent last: pieces in a row often have the same length. */
  #sizeLine: Uint8Array = CRLF;
  #sizeText = '';

  constructor(target: StreamTarget, request: HttpRequest, options: StreamOptions, hasBody: boolean) {
    const { maxUnsentBytes, contentLength, ignoresInput = false } = options;
    this.#missing =
      contentLength === undefined ? undefined : integer('contentLength', contentLength, 0, 0, Number.MAX_SAFE_INTEGER);
    this.#maxUnsentBytes = integer('maxUnsentBytes', maxUnsentBytes, DEFAULT_MAX_UNSENT_BYTES, 0, 2 ** 30);
    this.ignoresInput = ignoresInput;
    this.#target = target;
    this.#request = request;
    this.#hasBody = hasBody;
    this.#isChunked = contentLength === undefined && request.minorVersion >= 1;
    this.reply = new ReplyStream(this);
  }

  get unsentBytes(): number {
    return this.#target.unsentBytes;
  }

  get hasLength(): boolean {
    return this.#missing !== undefined;
  }

  writeChunk(data: Uint8Array): boolean {
    if (!this.#hasBody) return true;
    if (this.#missing !== undefined) this.#count(data.length);
    return this.#target.sendPieces(this.#isChunked ? this.#chunkOf(data) : [data], this.#maxUnsentBytes);
  }

  endStream(): void {
    if (this.#hasBody && this.#missing !== undefined && this.#missing > 0) return this.#breakOff(this.#missing);
    if (this.#hasBody && this.#isChunked)
      this.#target.sendPieces([Buffer.from(this.#owed('0\r\n'), 'latin1')], Infinity);
    this.#target.endStream(this.#request);
  }

  abortStream(): void {
    this.#target.close();
  }

  hookFailed(name: string, error: unknown): void {
    this.#target.hookFailed(this.#request, name, error);
  }

  #count(byteCount: number): void {
    if (byteCount > this.#missing!)
      throw outOfRange('data', `at most ${this.#missing} bytes, which contentLength has left`, byteCount);
    this.#missing! -= byteCount;
  }

  /** The client waits for bytes that nobody will send: it sees by the end of the connection that the body is not whole. */
  #breakOff(missing: number): void {
    this.hookFailed('the end', `${missing} bytes of its contentLength were not written`);
    this.abortStream();
  }

  #chunkOf(data: Uint8Array): Uint8Array[] {
    const head = this.#sizeLineOf(data.length);
    if (data.length <= MAX_COPIED_BYTES) return [Buffer.concat([head, data, CRLF])];
    this.#owesLineEnd = true;
    this.#sendLineEndSoon();
    return [head, data];
  }

  /** The line before a chunk, after the line end that is owed. */
  #sizeLineOf(byteCount: number): Uint8Array {
    const text = this.#owed(byteCount.toString(16));
    if (text !== this.#sizeText) {
      this.#sizeText = text;
      this.#sizeLine = Buffer.from(text, 'latin1');
    }
    return this.#sizeLine;
  }

  /** A line, after the line end that is owed. */
  #owed(line: string): string {
    const text = `${this.#owesLineEnd ? '\r\n' : ''}${line}\r\n`;
    this.#owesLineEnd = false;
    return text;
  }

  /** Sends the line end after everything that the handler writes in the same turn. */
  #sendLineEndSoon(): void {
    if (this.#willSendLineEnd) return;
    this.#willSendLineEnd = true;
    queueMicrotask(() => {
      this.#willSendLineEnd = false;
      if (!this.#owesLineEnd) return;
      this.#owesLineEnd = false;
      this.#target.sendPieces([CRLF], Infinity);
    });
  }
}
