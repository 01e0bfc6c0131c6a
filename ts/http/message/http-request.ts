// One request as its handler sees it, and the methods that answer it.

import type { Service } from '../../netaddr/service.ts';
import { SockManError, invalidArg } from '../../util/errors/errors.ts';
import type { HeaderList } from '../parser/header-list.ts';
import { queryParameter } from './query.ts';
import { utf8 } from '../parser/text-of-bytes.ts';
import type { RequestParser } from '../parser/request-parser.ts';
import { checkStatus, headerLine } from './reply-head.ts';
import type { ReplyStream, StreamOptions } from './reply-stream.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';

const NO_BODY = new Uint8Array(0);

/**
 * Answers a request. By the time it returns, or its promise settles, it has answered or started a stream; otherwise, and
 * when it throws, the client gets status 500 and the log the reason.
 */
export type HttpHandler = (request: HttpRequest) => void | Promise<void>;

/** A handler and the requests it gets. */
export interface Route {
  /** Order of registration; the first that matches is used. */
  readonly order: number;
  readonly method: string;
  readonly path: string;
  readonly isPrefix: boolean;
  readonly isRaw: boolean;
  readonly isQueued: boolean;
  readonly handler: HttpHandler;
  readonly beforeBody: HttpHandler | undefined;
}

/** The side of a connection that takes answers. A request whose connection is gone has one that drops them. */
export interface ReplySink {
  /** Whether the request can still be answered: its connection lives. */
  carries(request: HttpRequest): boolean;
  /** Whether the client may be gone: the connection has ended, or the client has closed its side of it. */
  readonly mayBeGone: boolean;
  /** The head was checked, and the body may come. */
  acceptBody(request: HttpRequest): void;
  /** The answer cannot be finished: the connection ends. Without effect if it has ended. */
  abort(request: HttpRequest): void;
  sendReply(request: HttpRequest, status: number, body: string | Uint8Array): void;
  openStream(request: HttpRequest, status: number, options: StreamOptions): ReplyStream;
}

/**
 * A request and its one answer: a handler calls `writeReply` or `startStream` once, before it returns or its promise ends.
 * When the peer is gone both do nothing.
 */
export class HttpRequest {
  /** As it came: `GET`, `POST`, `HEAD`, `PUT`, or what a route asked for. */
  readonly method: string;
  /** As it came: nothing is decoded, removed or added. */
  readonly target: string;
  /** The x of HTTP/1.x. */
  readonly minorVersion: number;
  /** The peer. */
  readonly peer: Service;
  /** The connection, as `SockMan` numbers it. */
  readonly nodeId: number;
  /** The header fields. */
  readonly headers: HeaderList;
  /** The body; empty without one, and in `beforeBody`, before it has come. */
  body: Uint8Array;
  /** Whether the whole request was read, its body included. */
  isComplete: boolean;
  /** Whether the connection ends behind the answer. A handler may set it before it answers. */
  closesConnection: boolean;
  /** The user, once a guard has found out; undefined before, and without a guard. */
  user: string | undefined = undefined;
  /** Status of the answer; 0 before there is one. */
  status = 0;
  /** When the request was read, on the server's clock; 0 without a listener of answers. */
  startedMs = 0;
  /** For the server: the client waits for `100 Continue` before it sends the body. */
  awaitsContinue = false;
  /** For the server: `beforeBody` of the route was called. */
  isChecked = false;
  /** The route it goes to, once that is known. */
  route: Route | undefined = undefined;
  readonly #sink: ReplySink;
  readonly #asksToKeep: boolean;
  readonly #asksToClose: boolean;
  #lines = '';
  #hasContentType = false;
  /** From the first time on that somebody asks for the signal. */
  #leaving: AbortController | undefined = undefined;

  /**
   * For the server.
   * @internal
   */
  constructor(head: RequestParser, peer: Service, nodeId: number, sink: ReplySink) {
    const { framing } = head;
    this.method = head.method;
    this.target = head.target;
    this.minorVersion = head.minorVersion;
    this.peer = peer;
    this.nodeId = nodeId;
    this.body = NO_BODY;
    this.isComplete = false;
    // A proxy in front may have found another end of the body: by the length, or as one of HTTP/1.0, which has no chunks. (RFC 9112
    // section 6.1)
    const isAmbiguous = framing.isChunked && (framing.lengthText !== undefined || head.minorVersion === 0);
    this.closesConnection = framing.asksToClose || isAmbiguous || (head.minorVersion === 0 && !framing.asksToKeep);
    this.#asksToKeep = framing.asksToKeep;
    this.#asksToClose = framing.asksToClose;
    this.headers = head.headers;
    this.#sink = sink;
  }

  /** The value of a header field, its name in any case; undefined without one, the first of several. */
  header(name: string): string | undefined {
    return this.headers.get(name);
  }

  /** The target up to its `?`. */
  get path(): string {
    const end = this.target.indexOf('?');
    return end === -1 ? this.target : this.target.slice(0, end);
  }

  /** A parameter of the query, see `queryParameter`. */
  query(name: string): string | undefined {
    return queryParameter(this.target, name);
  }

  /** The body as UTF-8. */
  text(): string {
    return utf8(this.body);
  }

  /**
   * An object that stands for the connection, the same for all its requests: a key for a `WeakMap` of what is known about
   * it.
   */
  get connection(): object {
    return this.#sink;
  }

  /** Whether the peer is gone, so that no answer can reach it. */
  get isGone(): boolean {
    return !this.#sink.carries(this);
  }

  /**
   * Aborted when the client leaves before the answer is whole, for a handler that waits for long: nobody may wait for it any more. A
   * client that only closes its own side of the connection looks the same; an answer still reaches that one. It is not noticed
   * while the next request of the client waits too.
   */
  get signal(): AbortSignal {
    this.#leaving ??= new AbortController();
    if (this.#sink.mayBeGone) this.#leaving.abort();
    return this.#leaving.signal;
  }

  /** Whether there is an answer, or the beginning of one. */
  get isAnswered(): boolean {
    return this.status !== 0;
  }

  /** Header lines set so far. */
  get replyLines(): string {
    return this.#lines;
  }

  /** Whether a content type was set. */
  get hasContentType(): boolean {
    return this.#hasContentType;
  }

  /** Whether the answer tells a 1.0 client that the connection stays open. */
  get saysKeepAlive(): boolean {
    return this.minorVersion === 0 && this.#asksToKeep && !this.closesConnection;
  }

  /**
   * Whether the answer announces the end of the connection; a 1.0 client that did not ask to keep it expects the end anyway.
   */
  get saysClose(): boolean {
    if (!this.closesConnection) return false;
    return this.minorVersion >= 1 || this.#asksToClose || this.#asksToKeep || !this.isComplete;
  }

  /**
   * Sets a header of the answer; before `writeReply` or `startStream`. Sent in the order of the calls, duplicates too.
   *
   * `Date`, `Content-Length`, `Transfer-Encoding` and `Connection` are the server's: see `contentLength` of `startStream`, and
   * `closesConnection`.
   *
   * @returns The request, for the next call.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the name is not a token, or one of the server's; or the value has CR, LF, NUL
   * or a character above 255.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: answered already.
   */
  writeHeader(name: string, value: string): this {
    this.#mustBeOpen('writeHeader');
    this.#lines += headerLine(name, value);
    if (name.length === 12 && name.toLowerCase() === 'content-type') this.#hasContentType = true;
    return this;
  }

  /**
   * Answers.
   *
   * @param status - 200..599. With 204 and 304 no body is sent, nor its length.
   * @param body - Text, sent as UTF-8, or bytes, which are the server's from then on. For `HEAD` only the length counts.
   * @throws {TypeError} | {RangeError} of the wrong type or out of range; then nothing was sent.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: answered already.
   */
  writeReply(status: number, body: string | Uint8Array = ''): void {
    this.#mustBeOpen('writeReply');
    checkStatus(status);
    if (typeof body !== 'string' && !isBytes(body)) throw invalidArg('body', 'a string or bytes', body);
    this.status = status;
    this.#sink.sendReply(this, status, body);
  }

  /**
   * Answers with a body that comes in pieces: with its `contentLength` where that is known, otherwise chunked, or up to the end of
   * the connection for a 1.0 client.
   *
   * @throws As `writeReply`.
   * @example
   * const stream = request.startStream(200);
   * for await (const piece of pieces) if (!stream.write(piece)) await stream.drained();
   * stream.end();
   */
  startStream(status: number, options: StreamOptions = {}): ReplyStream {
    this.#mustBeOpen('startStream');
    checkStatus(status);
    const stream = this.#sink.openStream(this, status, options);
    this.status = status;
    return stream;
  }

  /** For the server: `beforeBody` did not answer, so the body may come. */
  acceptBody(): void {
    this.#sink.acceptBody(this);
  }

  /** For the connection: the client left, or may have. */
  tellLeft(): void {
    this.#leaving?.abort();
  }

  /** For the server: the request is read to its end. */
  complete(body: Uint8Array): void {
    this.body = body;
    this.isComplete = true;
  }

  /**
   * For the server: the handler failed. If there is no answer yet, sends one; aborts a stream, so that the client notices.
   */
  fail(text: string): void {
    if (this.isAnswered) return this.#sink.abort(this);
    this.#lines = '';
    this.#hasContentType = false;
    this.closesConnection = true;
    this.writeHeader('Cache-Control', 'no-store').writeHeader('Content-Type', 'text/plain').writeReply(500, text);
  }

  #mustBeOpen(call: string): void {
    if (this.status === 0) return;
    throw new SockManError('ERR_SOCKMAN_STATE', `${call}: the request is answered already`, {
      connectionId: this.nodeId,
    });
  }
}
