// One connection: reads requests one at a time, sends their answers, and decides when it ends.
//
// While a request is in flight, or bytes of its answer wait for the kernel, nothing behind it is parsed; with anything kept
// already it is not even received (`context.paused`), and TCP holds the client back.
//
// A connection moves through four phases, never back: `close` takes it from any of them to the last.
//
//   Open       requests are read and answered
//   Ending     the answer in flight is the last one; nothing further is parsed
//   Lingering  that answer is sent and our side is closed; input is discarded until the client closes its side
//   Gone       closed, or another owner took the socket

import type { Service } from '../../netaddr/service.ts';
import type { HttpCounters } from '../http-stats.ts';
import { LINGER_MS, MAX_LINGER_BYTES, STREAM_STALL_MS, SWEEP_MS } from '../limits.ts';
import type { HttpRequest } from '../message/http-request.ts';
import type { ReplyHeads, ReplyHeadSource } from '../message/reply-head.ts';
import { ReplyStream } from '../message/reply-stream.ts';
import type { StreamOptions } from '../message/reply-stream.ts';
import type { Refusal } from '../parser/framing.ts';
import type { HeldMemory, ServerMemory } from './held-memory.ts';
import { OpenStream, STREAM_LENGTH } from './open-stream.ts';
import type { StreamTarget } from './open-stream.ts';
import { Outbox } from './outbox.ts';
import type { OutboxContext } from './outbox.ts';
import { RequestReader } from './request-reader.ts';
import type { ReaderContext, RequestOwner } from './request-reader.ts';

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

/** The phases of a connection; see above. */
const Phase = { Open: 0, Ending: 1, Lingering: 2, Gone: 3 } as const;

/** The head of an answer to what is not a request. */
const REFUSAL: ReplyHeadSource = {
  minorVersion: 1,
  replyLines: 'Cache-Control: no-store\r\n',
  hasContentType: false,
  saysKeepAlive: false,
  saysClose: true,
};

/** What all connections of a server share. */
export interface ConnectionContext extends ReaderContext, OutboxContext {
  readonly heads: ReplyHeads;
  readonly counters: HttpCounters;
  /** Node ids of connections that are not to be read. */
  readonly paused: Set<number>;
  readonly memory: ServerMemory;
  /** The connection is gone. */
  forget(connection: HttpConnection): void;
}

export class HttpConnection implements RequestOwner, StreamTarget {
  readonly nodeId: number;
  readonly peer: Service;
  readonly #context: ConnectionContext;
  readonly #reader: RequestReader;
  readonly #outbox: Outbox;
  /** In flight: handed to the dispatcher, not answered to the end. */
  #request: HttpRequest | undefined = undefined;
  /** Set once the connection holds memory. */
  #memory: HeldMemory | undefined = undefined;
  #waitsForMemory = false;
  #stream: OpenStream | undefined = undefined;
  #phase: (typeof Phase)[keyof typeof Phase] = Phase.Open;
  /** The client closed its side. */
  #hasEOF = false;
  /** Bytes discarded while lingering. */
  #discardedBytes = 0;
  /** Sweeps since bytes came or went. */
  #idleSweeps = 0;

  constructor(context: ConnectionContext, nodeId: number, peer: Service) {
    this.#context = context;
    this.nodeId = nodeId;
    this.peer = peer;
    this.#reader = new RequestReader(context, this);
    this.#outbox = new Outbox(context, nodeId);
  }

  /** Whether a request is in flight, or bytes of an answer are unsent. */
  get isBusy(): boolean {
    return this.#request !== undefined || this.#outbox.unsentBytes > 0;
  }

  get unsentBytes(): number {
    return this.#outbox.unsentBytes;
  }

  get #isGone(): boolean {
    return this.#phase === Phase.Gone;
  }

  // ---- What SockMan tells -------------------------------------------------------------------------------------------

  receive(data: Uint8Array): void {
    if (this.#phase === Phase.Lingering) return this.#discard(data.length);
    this.#idleSweeps = 0;
    if (this.#stream?.ignoresInput === true) return;
    this.#reader.receive(data);
    this.#closeAtEOF();
    this.#settle();
  }

  readyToSend(): void {
    this.#flush();
    this.#reader.advance();
    this.#closeAtEOF();
    this.#settle();
  }

  gotEOF(): void {
    this.#hasEOF = true;
    this.#request?.tellLeft();
    if (!this.isBusy || this.#stream?.ignoresInput === true) this.close();
  }

  /** Called every `SWEEP_MS`. */
  sweep(): void {
    const { idleTimeoutMs, requestDeadlineMs } = this.#context.options;
    // Other connections may have given back the memory that this one waits for.
    if (this.#waitsForMemory) this.#settle();
    // The first sweep comes at any time after the event, the others after a full interval each.
    const idleMs = this.#idleSweeps++ * SWEEP_MS;
    if (this.#phase === Phase.Lingering) {
      if (idleMs >= LINGER_MS) this.close();
      return;
    }
    if (this.#request !== undefined) {
      if (this.unsentBytes > 0 && idleMs >= STREAM_STALL_MS) this.#timeOut();
      return;
    }
    if (idleTimeoutMs > 0 && idleMs >= idleTimeoutMs) return this.#timeOut();
    if (requestDeadlineMs > 0 && this.#reader.isHeadLate(requestDeadlineMs)) this.#timeOut();
  }

  /** The server stops: closes now if idle, otherwise when it is done. */
  stop(): void {
    this.#stream?.reply.tellStop();
    if (this.#isGone) return;
    if (this.isBusy) this.#phase = Phase.Ending;
    else if (this.#phase === Phase.Lingering) this.close();
    // A request may be on its way.
    else this.#finish();
  }

  close(): void {
    if (this.#isGone) return;
    this.detach();
    this.#context.sockMan.closeConnection(this.nodeId);
  }

  /** The connection is gone, or another owner took it. */
  detach(): void {
    if (this.#isGone) return;
    this.#phase = Phase.Gone;
    const request = this.#request;
    this.#request = undefined;
    this.#reader.drop();
    this.#outbox.drop();
    this.#memory?.close();
    this.#context.paused.delete(this.nodeId);
    this.#context.forget(this);
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.reply.tellClosed();
    request?.tellLeft();
  }

  #timeOut(): void {
    this.#context.counters.timeouts++;
    this.close();
  }

  // ---- Requests -----------------------------------------------------------------------------------------------------

  mayParse(): boolean {
    return this.#request === undefined && this.#outbox.unsentBytes === 0 && this.#mayReadOn();
  }

  takesRequests(): boolean {
    return this.#mayReadOn() && this.#stream?.ignoresInput !== true;
  }

  #mayReadOn(): boolean {
    return this.#phase === Phase.Open;
  }

  take(request: HttpRequest): void {
    this.#request = request;
  }

  acceptBody(request: HttpRequest): void {
    if (request !== this.#request) return;
    // The server stopped while the head was looked at: the body would not be read any more.
    if (this.#phase === Phase.Ending) return this.#context.dispatcher.refuse(request);
    this.#request = undefined;
    this.#reader.readBody(request);
    if (request.awaitsContinue) this.#note(this.#outbox.sendLent(CONTINUE));
    this.#goOn();
  }

  /** Answers a malformed or oversized request, and closes. */
  refuse({ status, kind }: Refusal): void {
    this.#context.counters.badRequests[kind]++;
    this.#note(this.#outbox.sendAnswer(this.#context.heads.write(REFUSAL, status, 0)));
    this.#answered(true);
  }

  // ---- Answers ------------------------------------------------------------------------------------------------------

  carries(request: HttpRequest): boolean {
    return request === this.#request;
  }

  get mayBeGone(): boolean {
    return this.#hasEOF || this.#isGone;
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
    this.#note(hasBody ? this.#outbox.sendAnswer(head, body, contentLength) : this.#outbox.sendAnswer(head));
    this.#answered(request.closesConnection);
    this.#tell(request);
  }

  openStream(request: HttpRequest, status: number, options: StreamOptions): ReplyStream {
    if (request !== this.#request) return new ReplyStream(undefined);
    const { ignoresInput, contentLength = STREAM_LENGTH } = options;
    const endsWithConnection = contentLength === STREAM_LENGTH && request.minorVersion === 0;
    if (ignoresInput === true || endsWithConnection) request.closesConnection = true;
    const hasBody = request.method !== 'HEAD' && status !== 204 && status !== 304;
    const stream = new OpenStream(this, request, options, hasBody);
    this.#stream = stream;
    if (stream.ignoresInput) this.#reader.dropPending();
    this.#note(this.#outbox.sendAnswer(this.#headOf(request, status, contentLength)));
    return stream.reply;
  }

  #headOf(request: HttpRequest, status: number, contentLength: number): string {
    // The rest of its body would be read as the next request.
    const mustClose = !request.isComplete || this.#context.dispatcher.isStopping;
    if (mustClose) request.closesConnection = true;
    return this.#context.heads.write(request, status, contentLength);
  }

  /** Sends pieces of the open stream. @returns Whether the kernel took all. */
  sendPieces(pieces: readonly Uint8Array[], maxUnsentBytes: number): boolean {
    const hadUnsent = this.unsentBytes > 0;
    for (let index = 0; index < pieces.length; index++) {
      if (this.#isGone) return true;
      this.#note(this.#outbox.sendOwn(pieces[index]!, index + 1 < pieces.length));
    }
    if (hadUnsent && this.unsentBytes > maxUnsentBytes) this.close();
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

  hookFailed(request: HttpRequest, name: string, error: unknown): void {
    this.#context.dispatcher.logFailure(`${name} of a stream at ${request.route?.path}`, error);
  }

  #tell(request: HttpRequest): void {
    this.#context.counters.answered++;
    this.#context.onAnswer?.(request);
  }

  /** Goes on after a send: resets the idle time, or closes the connection. */
  #note(sent: number): void {
    if (sent < 0) this.close();
    else if (sent > 0) this.#idleSweeps = 0;
  }

  #flush(): void {
    if (this.unsentBytes === 0) return;
    this.#note(this.#outbox.flush());
    if (this.#isGone || this.unsentBytes > 0) return;
    if (this.#stream !== undefined) this.#stream.reply.tellDrained();
    else if (this.#phase === Phase.Ending && this.#request === undefined) this.#finish();
  }

  /** The answer is on its way. */
  #answered(closes: boolean): void {
    if (this.#isGone) return;
    if (closes) this.#phase = Phase.Ending;
    if (this.#phase === Phase.Ending && this.unsentBytes === 0) return this.#finish();
    this.#goOn();
  }

  /**
   * The last answer is sent. If a client sent more and it were never read, the client would get RST, which can destroy the
   * answer before it is read. So only our side is closed, and input is read and discarded for a while, until the client
   * closes its side. `endConnection` does the same, but here the connection still counts among `maxConnections`, `stop`
   * awaits it, and the bytes are counted. (RFC 9112 section 9.6)
   */
  #finish(): void {
    if (this.#hasEOF) return this.close();
    this.#phase = Phase.Lingering;
    this.#idleSweeps = 0;
    this.#reader.dropPending();
    this.#context.sockMan.shutdownSend(this.nodeId);
    this.#settle();
  }

  /** The client sends no more: closes if nothing is left to do. */
  #closeAtEOF(): void {
    if (this.#hasEOF && !this.isBusy) this.close();
  }

  #discard(byteCount: number): void {
    this.#discardedBytes += byteCount;
    if (this.#discardedBytes > MAX_LINGER_BYTES) this.close();
  }

  /** Parses kept bytes later, outside the running handler, so that the next handler finds the same conditions. */
  #goOn(): void {
    if (this.#reader.isParsing || this.#isGone) return;
    if (this.#reader.hasPending || this.#hasEOF) this.#context.sockMan.wake(this.nodeId);
    this.#settle();
  }

  /** @returns Whether the connection has to wait until others have given memory back. */
  #bookMemory(): boolean {
    const { bodyCapacity, pendingBytes } = this.#reader;
    const heldBytes = bodyCapacity + pendingBytes + (this.#request?.body.length ?? 0) + this.unsentBytes;
    if (heldBytes === 0 && this.#memory === undefined) return false;
    this.#memory ??= this.#context.memory.open(() => this.#settle());
    return this.#memory.book(heldBytes, bodyCapacity > 0);
  }

  /** Says whether the connection is to be read. */
  #settle(): void {
    if (this.#isGone) return;
    const { paused, sockMan } = this.#context;
    this.#waitsForMemory = this.#bookMemory();
    const isBehind = this.unsentBytes > 0 || (this.#reader.hasPending && this.#request !== undefined);
    const isPaused = isBehind || this.#waitsForMemory;
    if (isPaused) paused.add(this.nodeId);
    else if (paused.delete(this.nodeId)) sockMan.wake(this.nodeId);
  }
}
