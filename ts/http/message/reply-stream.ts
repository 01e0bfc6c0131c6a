// A reply in pieces, with back-pressure.

import { isBytes } from '../../util/bytes/is-bytes.ts';
import { invalidArg } from '../../util/errors/errors.ts';

/** How a stream behaves. */
export interface StreamOptions {
  /** Bytes that may be unsent; a write that passes this while earlier bytes still wait closes the connection. Default 1 MiB. */
  maxUnsentBytes?: number;
  /**
   * Input after the request is discarded, the client's half-close ends the stream, and the connection closes after it: for
   * streams without end, such as Server-Sent Events. Default false.
   */
  ignoresInput?: boolean;
  /**
   * Length of the whole body in bytes, 0 to 2^53 - 1. It is sent as `Content-Length`, and the body without chunks, so that the
   * connection of a 1.0 client can stay open. Default unknown.
   */
  contentLength?: number;
}

/** What a stream writes to. */
export interface StreamSink {
  /** @returns Whether the kernel took everything. */
  writeChunk(data: Uint8Array): boolean;
  endStream(): void;
  abortStream(): void;
  /** Whether the body has a length that it has to reach. */
  readonly hasLength: boolean;
  /** A hook of the owner threw. */
  hookFailed(name: string, error: unknown): void;
  readonly unsentBytes: number;
}

const encoder = new TextEncoder();

/**
 * An answer that is written piece by piece. Without a `contentLength` it is chunked in HTTP/1.1, and goes up to the end of the
 * connection in HTTP/1.0.
 */
export class ReplyStream {
  /** Called once, when the stream is over: ended and sent, or the connection is gone. What it throws is logged. */
  onClose: (() => void) | undefined = undefined;
  /**
   * Called once, when the server begins to stop: the moment for a last piece. The server ends the stream when it returns or
   * throws; one with a `contentLength` goes on to its end.
   */
  onStop: (() => void) | undefined = undefined;
  #sink: StreamSink | undefined;
  #isEnded = false;
  #waiting: (() => void)[] = [];

  /**
   * @param sink - Undefined for a stream whose client is gone: it takes everything and does nothing.
   * @internal
   */
  constructor(sink: StreamSink | undefined) {
    this.#sink = sink;
  }

  /** Whether nothing more can be written: ended, or the client is gone. */
  get isClosed(): boolean {
    return this.#isEnded || this.#sink === undefined;
  }

  /** Bytes written that the kernel has not taken. */
  get unsentBytes(): number {
    return this.#sink?.unsentBytes ?? 0;
  }

  /**
   * Sends a piece, at once where nothing waits. Does nothing on a closed stream.
   *
   * @param data - Text, sent as UTF-8, or bytes, which are the stream's from then on.
   * @returns False when bytes wait for the client: wait until `drained` resolves.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither text nor bytes.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: more than the `contentLength` has left; then nothing was sent.
   */
  write(data: string | Uint8Array): boolean {
    if (this.#sink === undefined || this.#isEnded) return true;
    if (typeof data !== 'string' && !isBytes(data)) throw invalidArg('data', 'a string or bytes', data);
    const bytes = typeof data === 'string' ? encoder.encode(data) : data;
    return bytes.length === 0 || this.#sink.writeChunk(bytes);
  }

  /** Ends the body. Idempotent. Short of its `contentLength` the connection is broken off, and the log says so. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#sink?.endStream();
  }

  /** Closes the connection at once: the client sees that the body is incomplete. */
  abort(): void {
    this.#sink?.abortStream();
  }

  /** Resolves when no byte waits, or the client is gone. */
  drained(): Promise<void> {
    if (this.unsentBytes === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** For the server, when it begins to stop: calls `onStop`, and ends the stream unless its body would be cut. */
  tellStop(): void {
    this.#call('onStop', this.onStop, this.#sink);
    if (this.#sink?.hasLength !== true) this.end();
  }

  /** For the connection: everything is sent. */
  tellDrained(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** For the connection: the stream is over. */
  tellClosed(): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    this.#sink = undefined;
    this.tellDrained();
    this.#call('onClose', this.onClose, sink);
  }

  /** Calls a hook of the owner. What it throws is logged, since the caller must go on. */
  #call(name: string, hook: (() => void) | undefined, sink: StreamSink | undefined): void {
    try {
      hook?.();
    } catch (error) {
      sink?.hookFailed(name, error);
    }
  }
}
