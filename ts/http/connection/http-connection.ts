// One connection: bytes in, requests out to the dispatcher one at a time, answers back.
//
// Bytes are parsed where they lie as long as nothing waits; half a line, and what comes behind a request in flight, is kept.
// While a request is in flight, or bytes of its answer wait for the kernel, nothing behind it is parsed; with anything kept
// already it is not even received (`context.paused`), and TCP holds the client back.

import type { Service } from '../../netaddr/service.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import type { HeldMemory, ServerMemory } from './held-memory.ts';
import { HttpRequest } from '../message/http-request.ts';
import type { ReplySink } from '../message/http-request.ts';
import { LINGER_MS, MAX_LINGER_BYTES, STREAM_STALL_MS, SWEEP_MS } from '../limits.ts';
import type { ResolvedHttpOptions } from '../options.ts';
import { OutputQueue } from './output-queue.ts';
import { ParserState, RequestParser } from '../parser/request-parser.ts';
import type { ReplyHeads } from '../message/reply-head.ts';
import { ReplyStream } from '../message/reply-stream.ts';
import type { StreamOptions } from '../message/reply-stream.ts';
import type { HttpCounters } from '../http-stats.ts';
import { OpenStream, STREAM_LENGTH } from './open-stream.ts';
import type { StreamTarget } from './open-stream.ts';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

/** What all connections of a server share. */
export interface ConnectionContext {
  readonly sockMan: SockMan;
  readonly dispatcher: Dispatcher;
  readonly heads: ReplyHeads;
  readonly options: ResolvedHttpOptions;
  readonly counters: HttpCounters;
  /** Node ids of connections that are not to be read. */
  readonly paused: Set<number>;
  readonly answers: AnswerBuffer;
  readonly memory: ServerMemory;
  /** A parser that no connection uses: most requests come whole, and an idle connection has none. */
  spareParser: RequestParser | undefined;
  /** Told of each answer, once it is whole. */
  onAnswer: ((request: HttpRequest) => void) | undefined;
  /** The connection is gone. */
  forget(connection: HttpConnection): void;
}

export class HttpConnection implements ReplySink, StreamTarget {
  readonly nodeId: number;
  readonly peer: Service;
  readonly #context: ConnectionContext;
  #parser: RequestParser | undefined = undefined;
  /** Received and not parsed. */
  #pending: Uint8Array | undefined = undefined;
  /** In flight: handed to the dispatcher, not answered to the end. */
  #request: HttpRequest | undefined = undefined;
  /** Its head was looked at, and its body is being read. */
  #awaitsBody: HttpRequest | undefined = undefined;
  #output: OutputQueue | undefined = undefined;
  /** From the first time on that something is held. */
  #memory: HeldMemory | undefined = undefined;
  #waitsForMemory = false;
  #stream: OpenStream | undefined = undefined;
  #isConsuming = false;
  #hasCarried = false;
  #hasEOF = false;
  #closesWhenSent = false;
  #isLingering = false;
  #isGone = false;
  /** Bytes discarded while lingering. */
  #discardedBytes = 0;
  /** Sweeps since bytes came or went, and since the head of a request began. */
  #idleSweeps = 0;
  #headSweeps = 0;

  constructor(context: ConnectionContext, nodeId: number, peer: Service) {
    this.#context = context;
    this.nodeId = nodeId;
    this.peer = peer;
  }

  /** Whether a request is in flight, or bytes of an answer are unsent. */
  get isBusy(): boolean {
    return this.#request !== undefined || this.unsentBytes > 0;
  }

  get unsentBytes(): number {
    return this.#output?.bytes ?? 0;
  }

  /** The stream that is open. */
  get stream(): ReplyStream | undefined {
    return this.#stream?.reply;
  }

  // ---- What SockMan tells -------------------------------------------------------------------------------------------

  receive(data: Uint8Array): void {
    if (this.#isLingering) return this.#discard(data.length);
    this.#idleSweeps = 0;
    if (this.#stream?.ignoresInput === true) return;
    if (this.#pending === undefined && !this.isBusy) {
      const used = this.#consume(data);
      if (used < data.length) this.#keep(data.slice(used));
    } else {
      this.#keep(joined(this.#pending, data));
      this.#advance();
    }
    this.#settle();
  }

  readyToSend(): void {
    this.#flush();
    this.#advance();
    this.#settle();
  }

  gotEOF(): void {
    this.#hasEOF = true;
    if (!this.isBusy || this.#isLingering || this.#stream?.ignoresInput === true) this.close();
  }

  /** Called every `SWEEP_MS`. */
  sweep(): void {
    const { idleTimeoutMs, requestDeadlineMs } = this.#context.options;
    // Others may have given back what this one waits for.
    if (this.#waitsForMemory) this.#settle();
    // The first sweep comes at any time after the event, the others after a full interval each.
    const idleMs = this.#idleSweeps++ * SWEEP_MS;
    if (this.#isLingering) {
      if (idleMs >= LINGER_MS) this.close();
      return;
    }
    if (this.#request !== undefined) {
      if (this.unsentBytes > 0 && idleMs >= STREAM_STALL_MS) this.#timeOut();
      return;
    }
    if (idleTimeoutMs > 0 && idleMs >= idleTimeoutMs) return this.#timeOut();
    if (requestDeadlineMs === 0 || this.#parser === undefined || this.#awaitsBody !== undefined) return;
    if (this.#headSweeps++ * SWEEP_MS >= requestDeadlineMs) this.#timeOut();
  }

  /** The server stops: closes where nothing is to do, else when it is done. */
  stop(): void {
    this.#stream?.reply.tellStop();
    if (!this.isBusy) this.close();
    else this.#closesWhenSent = true;
  }

  close(): void {
    if (this.#isGone) return;
    this.detach();
    this.#context.sockMan.closeConnection(this.nodeId);
  }

  /** The connection is gone, or somebody else's. */
  detach(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#request = undefined;
    this.#awaitsBody = undefined;
    this.#pending = undefined;
    this.#output = undefined;
    this.#parser = undefined;
    this.#memory?.close();
    this.#context.paused.delete(this.nodeId);
    this.#context.forget(this);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.reply.tellClosed();
  }

  // ---- Requests -----------------------------------------------------------------------------------------------------

  #timeOut(): void {
    this.#context.counters.timeouts++;
    this.close();
  }

  /** Whether what is kept, or comes, may be parsed now. */
  get #mayParse(): boolean {
    return !this.isBusy && !this.#closesWhenSent && !this.#isLingering && !this.#isGone;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#isGone || this.#isLingering || this.#stream?.ignoresInput === true) return;
    this.#pending = bytes;
  }

  /** Parses what was kept. */
  #advance(): void {
    const pending = this.#pending;
    if (pending !== undefined && this.#mayParse) {
      this.#pending = undefined;
      const used = this.#consume(pending);
      if (used < pending.length) this.#keep(rest(pending, used));
    }
    if (this.#hasEOF && !this.isBusy) this.close();
  }

  /** Parses and serves. @returns How much of the bytes is done with. */
  #consume(bytes: Uint8Array): number {
    const parser = this.#takeParser();
    this.#isConsuming = true;
    let at = 0;
    while (this.#mayParse) {
      at = parser.feed(bytes, at);
      const { state } = parser;
      if (state === ParserState.COMPLETE) this.#serve(parser);
      else if (state === ParserState.HEAD) this.#lookAtHead(parser, at === bytes.length);
      else {
        if (state === ParserState.REFUSED) this.#refuse(parser);
        break;
      }
    }
    this.#isConsuming = false;
    this.#returnParser(parser);
    return at;
  }

  #takeParser(): RequestParser {
    if (this.#parser !== undefined) return this.#parser;
    const { options, spareParser } = this.#context;
    const parser = spareParser ?? new RequestParser(options.maxBodyBytes);
    this.#context.spareParser = undefined;
    parser.reuse(this.#hasCarried);
    this.#parser = parser;
    this.#headSweeps = 0;
    return parser;
  }

  #returnParser(parser: RequestParser): void {
    if (!parser.isFresh && this.#mayNeedParser) return;
    this.#parser = undefined;
    this.#context.spareParser = parser;
  }

  get #mayNeedParser(): boolean {
    return !this.#isGone && !this.#isLingering && !this.#closesWhenSent;
  }

  /** A head is read, and a body follows. */
  #lookAtHead(parser: RequestParser, isNothingBehind: boolean): void {
    const { dispatcher } = this.#context;
    const request = this.#makeRequest(parser);
    request.awaitsContinue = isNothingBehind && parser.framing.asksToContinue && parser.minorVersion >= 1;
    this.#request = request;
    const route = dispatcher.find(request);
    if (route?.beforeBody !== undefined) dispatcher.serve(request);
    else if (route !== undefined || !request.awaitsContinue) this.acceptBody(request);
    // A client that waits for our word need not send what nobody takes. Others have sent it: it is read, and they may go on.
    else dispatcher.refuse(request);
  }

  acceptBody(request: HttpRequest): void {
    if (request !== this.#request) return;
    this.#request = undefined;
    this.#awaitsBody = request;
    this.#parser!.readBody();
    if (request.awaitsContinue) this.#sendSmall(CONTINUE);
    this.#goOn();
  }

  #serve(parser: RequestParser): void {
    const { dispatcher } = this.#context;
    const request = this.#awaitsBody ?? this.#makeRequest(parser);
    request.complete(parser.body);
    this.#awaitsBody = undefined;
    this.#hasCarried = true;
    this.#headSweeps = 0;
    parser.reset();
    this.#request = request;
    if (request.route === undefined && dispatcher.find(request) === undefined) dispatcher.refuse(request);
    else dispatcher.serve(request);
  }

  #makeRequest(parser: RequestParser): HttpRequest {
    const request = new HttpRequest(parser, this.peer, this.nodeId, this);
    if (this.#context.onAnswer !== undefined) request.startedMs = this.#context.options.clock.now();
    return request;
  }

  /** Answers what is no request, or too large, and closes. */
  #refuse({ refusal }: RequestParser): void {
    const { status, kind } = refusal!;
    this.#context.counters.badRequests[kind]++;
    const lines = 'Cache-Control: no-store\r\n';
    const head = { status, minorVersion: 1, lines, hasContentType: false, contentLength: 0, keepsAlive: false };
    this.#awaitsBody = undefined;
    this.#sendText(this.#context.heads.write({ ...head, closes: true }), '');
    this.#answered(true);
  }

  // ---- Answers ------------------------------------------------------------------------------------------------------

  carries(request: HttpRequest): boolean {
    return request === this.#request;
  }

  abort(request: HttpRequest): void {
    if (request === this.#request) this.close();
  }

  sendReply(request: HttpRequest, status: number, body: string | Uint8Array): void {
    if (request !== this.#request) return;
    const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    const contentLength = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const head = this.#headOf(request, status, contentLength);
    this.#request = undefined;
    if (hasBody && contentLength > 0) this.#sendText(head, body);
    else this.#sendText(head, '');
    this.#answered(request.closesConnection);
    this.#tell(request);
  }

  openStream(request: HttpRequest, status: number, options: StreamOptions): ReplyStream {
    if (request !== this.#request) return new ReplyStream(undefined);
    if (options.ignoresInput === true || request.minorVersion === 0) request.closesConnection = true;
    const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    const stream = new OpenStream(this, request, options, hasBody);
    this.#stream = stream;
    if (stream.ignoresInput) this.#pending = undefined;
    this.#sendText(this.#headOf(request, status, STREAM_LENGTH), '');
    if (!this.#isGone) return stream.reply;
    stream.reply.tellClosed();
    return stream.reply;
  }

  #headOf(request: HttpRequest, status: number, contentLength: number): string {
    // What is left of its body would be read as the next request.
    const mustClose = !request.isComplete || this.#context.dispatcher.isStopping;
    if (mustClose) request.closesConnection = true;
    const { minorVersion, replyLines: lines, hasContentType, saysKeepAlive: keepsAlive } = request;
    const closes = request.saysClose;
    return this.#context.heads.write({
      status,
      minorVersion,
      lines,
      hasContentType,
      contentLength,
      keepsAlive,
      closes,
    });
  }

  /** Sends pieces of the open stream. @returns Whether the kernel took all. */
  sendPieces(pieces: readonly Uint8Array[], maxUnsentBytes: number): boolean {
    if (this.#isGone) return true;
    const had = this.unsentBytes;
    this.#output ??= new OutputQueue();
    for (const piece of pieces) this.#output.push(piece);
    if (had === 0) this.#flush();
    else if (this.unsentBytes > maxUnsentBytes) this.close();
    this.#settle();
    return this.unsentBytes === 0;
  }

  /** The open stream is at its end. */
  endStream(request: HttpRequest): void {
    if (request !== this.#request) return;
    const stream = this.#stream!;
    this.#stream = undefined;
    this.#request = undefined;
    this.#answered(request.closesConnection);
    stream.reply.tellClosed();
    this.#tell(request);
  }

  #tell(request: HttpRequest): void {
    this.#context.counters.answered++;
    this.#context.onAnswer?.(request);
  }

  /** Sends head and body: with one call, and from memory that is used again, where they are small. */
  #sendText(head: string, body: string | Uint8Array): void {
    const bytes = this.unsentBytes > 0 ? undefined : this.#context.answers.compose(head, body);
    if (bytes === undefined) this.#sendLarge(head, body);
    else this.#sendSmall(bytes);
  }

  #sendLarge(head: string, body: string | Uint8Array): void {
    this.#output ??= new OutputQueue();
    this.#output.push(Buffer.from(head, 'latin1'));
    this.#output.push(typeof body === 'string' ? Buffer.from(body) : body);
    this.#flush();
  }

  /** Sends bytes that are not ours to keep. */
  #sendSmall(bytes: Uint8Array): void {
    const had = this.unsentBytes;
    const sent = had > 0 ? 0 : this.#context.sockMan.sendBytes(this.nodeId, bytes);
    if (sent < 0) return this.close();
    this.#idleSweeps = 0;
    if (sent === bytes.length) return;
    this.#output ??= new OutputQueue();
    this.#output.push(bytes.slice(sent));
  }

  #flush(): void {
    const output = this.#output;
    if (output === undefined || output.bytes === 0) return;
    const sent = output.send((data, willSendMore) => this.#context.sockMan.sendBytes(this.nodeId, data, willSendMore));
    if (sent < 0) return this.close();
    if (sent > 0) this.#idleSweeps = 0;
    if (output.bytes > 0) return;
    this.#output = undefined;
    if (this.#stream !== undefined) this.#stream.reply.tellDrained();
    else if (this.#closesWhenSent && this.#request === undefined) this.#finish();
  }

  /** The answer is on its way. */
  #answered(closes: boolean): void {
    if (this.#isGone) return;
    if (closes) {
      this.#closesWhenSent = true;
      if (this.unsentBytes === 0) return this.#finish();
    }
    this.#goOn();
  }

  /**
   * The last answer is sent. A client that sends more would get RST for what is never read, and that can destroy the answer
   * before it looks: so only our side is closed, and its input read on for a while and thrown away, until it closes its own.
   * `endConnection` does the same, but here the connection still counts among `maxConnections`, `stop` awaits it, and the
   * bytes are counted. (RFC 9112 section 9.6)
   */
  #finish(): void {
    if (this.#hasEOF) return this.close();
    this.#isLingering = true;
    this.#idleSweeps = 0;
    this.#pending = undefined;
    this.#context.sockMan.shutdownSend(this.nodeId);
    this.#settle();
  }

  #discard(byteCount: number): void {
    this.#discardedBytes += byteCount;
    if (this.#discardedBytes > MAX_LINGER_BYTES) this.close();
  }

  /** Comes back for what is kept, outside the handler that runs: the next one sees all that this one does. */
  #goOn(): void {
    if (this.#isConsuming || this.#isGone) return;
    if (this.#pending !== undefined || this.#hasEOF) this.#context.sockMan.wake(this.nodeId);
    this.#settle();
  }

  /** @returns Whether the connection has to wait until others have given memory back. */
  #bookMemory(): boolean {
    const bodyBytes = this.#parser?.bodyCapacity ?? 0;
    const requestBytes = bodyBytes + (this.#pending?.length ?? 0) + (this.#request?.body.length ?? 0);
    const heldBytes = requestBytes + this.unsentBytes;
    if (heldBytes === 0 && this.#memory === undefined) return false;
    this.#memory ??= this.#context.memory.open(() => this.#settle());
    return this.#memory.book(heldBytes, bodyBytes > 0);
  }

  /** Says whether the connection is to be read. */
  #settle(): void {
    if (this.#isGone) return;
    const { paused, sockMan } = this.#context;
    this.#waitsForMemory = this.#bookMemory();
    const isBehind = this.unsentBytes > 0 || (this.#pending !== undefined && this.#request !== undefined);
    const isPaused = isBehind || this.#waitsForMemory;
    if (isPaused) paused.add(this.nodeId);
    else if (paused.delete(this.nodeId)) sockMan.wake(this.nodeId);
  }
}

/** What is left of bytes kept. Copied only when less is left than was used, so that a thousand small steps cost no more than one. */
function rest(bytes: Uint8Array, used: number): Uint8Array {
  return 2 * used < bytes.length ? bytes.subarray(used) : bytes.slice(used);
}

/** Bytes kept, and those behind them. */
function joined(kept: Uint8Array | undefined, data: Uint8Array): Uint8Array {
  if (kept === undefined) return data.slice();
  const bytes = new Uint8Array(kept.length + data.length);
  bytes.set(kept);
  bytes.set(data, kept.length);
  return bytes;
}
