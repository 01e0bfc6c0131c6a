// A stream that is open on a connection: frames its pieces as chunks, and keeps the connection's side of it.

import { integer } from '../../sockman/options.ts';
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
  /** The line end of a long piece is still to be sent; it goes with the next write, which saves a call. */
  #owesLineEnd = false;
  #willSendLineEnd = false;

  constructor(target: StreamTarget, request: HttpRequest, options: StreamOptions, hasBody: boolean) {
    const { maxUnsentBytes, ignoresInput = false } = options;
    this.#maxUnsentBytes = integer('maxUnsentBytes', maxUnsentBytes, DEFAULT_MAX_UNSENT_BYTES, 0, 2 ** 30);
    this.ignoresInput = ignoresInput;
    this.#target = target;
    this.#request = request;
    this.#hasBody = hasBody;
    this.#isChunked = request.minorVersion >= 1;
    this.reply = new ReplyStream(this);
  }

  get unsentBytes(): number {
    return this.#target.unsentBytes;
  }

  writeChunk(data: Uint8Array): boolean {
    if (!this.#hasBody) return true;
    return this.#target.sendPieces(this.#isChunked ? this.#chunkOf(data) : [data], this.#maxUnsentBytes);
  }

  endStream(): void {
    if (this.#hasBody && this.#isChunked) this.#target.sendPieces([this.#line('0\r\n')], Infinity);
    this.#target.endStream(this.#request);
  }

  abortStream(): void {
    this.#target.close();
  }

  hookFailed(name: string, error: unknown): void {
    this.#target.hookFailed(this.#request, name, error);
  }

  #chunkOf(data: Uint8Array): Uint8Array[] {
    const head = this.#line(data.length.toString(16));
    if (data.length <= MAX_COPIED_BYTES) return [Buffer.concat([head, data, CRLF])];
    this.#owesLineEnd = true;
    this.#sendLineEndSoon();
    return [head, data];
  }

  /** A line, after the line end that is owed. */
  #line(text: string): Uint8Array {
    const line = Buffer.from(`${this.#owesLineEnd ? '\r\n' : ''}${text}\r\n`, 'latin1');
    this.#owesLineEnd = false;
    return line;
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
