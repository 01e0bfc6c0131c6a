// A socket on its way to becoming a connection: connects, and runs handshakes on it one after another.
//
// It belongs to the dial until `release` gives it to the turn loop; until then no `SockMan` callback is made for it. Every
// wait has a deadline (`deadline.ts`), and every end, wherever it comes from (the proxy, the deadline, the caller,
// `closeSockets`), closes the socket and reaches the caller exactly once. Between two handshakes the socket does not
// receive, so bytes that arrive early wait in the kernel, and the next handshake sees an EOF behind them.

import type { Service } from '../../netaddr/service.ts';
import type { Timer } from '../../util/time/clock.ts';
import { EAGAIN } from '../../util/errors/errno.ts';
import { SockManError } from '../../util/errors/errors.ts';
import type { Connection, SocketOwner } from '../connections/connection.ts';
import { Deadline } from '../turn/deadline.ts';
import type { TurnLoop } from '../turn/turn-loop.ts';
import { NO_BYTES } from './dial.ts';
import type { Handshake, HandshakeOutcome, HandshakeStep, Interruption } from './dial.ts';
import { connectedToItself, dialFailure, unreachable } from './failure.ts';
import type { DialFailure, Destination } from './failure.ts';

/** The outcome of an attempt: a value, or the failure. */
export type Attempt<Value> = { readonly ok: true; readonly value: Value } | FailedAttempt;
export interface FailedAttempt {
  readonly ok: false;
  readonly failure: DialFailure;
}

/** Called with the name of each step of a dial as it begins; may end the dial. */
export type StepListener = (step: string) => void;

/** How a socket is to be opened. */
export interface SocketRequest {
  to: Service;
  /** Kind of the endpoint at `to`: decides who is at fault when it does not answer. */
  destination: Destination;
  localAddress?: Service | undefined;
  timeoutMs: number;
}

/**
 * Time between two tries to connect to a Unix-domain socket whose queue is full, in milliseconds: Linux refuses such a
 * connect with EAGAIN instead of keeping it pending. (connect(2))
 */
const UNIX_RETRY_MS = 10;

export class DialSocket implements SocketOwner {
  /** Called with each step; undefined if nobody listens. */
  onStep: StepListener | undefined;
  readonly #loop: TurnLoop;
  #socket: Connection | undefined;
  #local: Service | undefined;
  /** The deadline of the current step. One deadline serves all steps. */
  readonly #deadline: Deadline;
  #retry: Timer | undefined;
  /** Called when the current step ends; undefined between two handshakes. */
  #onEnd: ((attempt: Attempt<unknown>) => void) | undefined;
  #opening: SocketRequest | undefined;
  #handshake: Handshake<unknown> | undefined;
  #step: HandshakeStep | undefined;
  /** Bytes that the kernel has not taken yet. */
  #unsent = NO_BYTES;
  /** Bytes that came behind the last handshake. */
  #leftover = NO_BYTES;
  #isReceiving = true;
  /** Why the socket is closed. */
  #failure: DialFailure | undefined;

  constructor(loop: TurnLoop, onStep?: StepListener) {
    this.#loop = loop;
    this.onStep = onStep;
    this.#deadline = new Deadline(loop, () => this.#timedOut());
  }

  /** Our end of the socket as the kernel names it; undefined for a Unix-domain socket. */
  get localAddress(): Service | undefined {
    return this.#local;
  }

  /** Connects. Called first, and once. */
  open(request: SocketRequest, onEnd: (attempt: Attempt<void>) => void): void {
    if (!this.#begin(onEnd)) return;
    this.#opening = request;
    this.#deadline.set(request.timeoutMs);
    this.onStep?.(`connecting to ${request.to}`);
    // The listener may have ended it.
    if (this.#failure === undefined) this.#connect(request);
  }

  /** Runs a handshake on the open socket. Left-over bytes go to the next one, or to the connection. */
  run<Result>(handshake: Handshake<Result>, onEnd: (attempt: Attempt<Result>) => void): void {
    if (!this.#begin(onEnd)) return;
    this.#handshake = handshake;
    this.#take(handshake.start());
    const early = this.#leftover;
    if (this.#handshake !== handshake || this.#socket === undefined) return;
    this.#leftover = NO_BYTES;
    if (early.length > 0) this.#take(handshake.receive(early));
    this.#setReceiving(this.#handshake !== undefined);
  }

  /** `open` as a promise, for chains that need no particular turn. */
  opened(request: SocketRequest): Promise<Attempt<void>> {
    return new Promise((resolve) => this.open(request, resolve));
  }

  /** `run` as a promise. */
  answered<Result>(handshake: Handshake<Result>): Promise<Attempt<Result>> {
    return new Promise((resolve) => this.run(handshake, resolve));
  }

  /** Closes the socket; the dial that awaits it gets `failure`. Idempotent, and without effect after `release`. */
  abort(failure: DialFailure): void {
    this.#abort(failure, false);
  }

  #abort(failure: DialFailure, withReset: boolean): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#deadline.cancel();
    this.#retry?.cancel();
    this.#handshake = undefined;
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.owner = undefined;
      this.#loop.sockets.close(socket, withReset);
    }
    this.#end({ ok: false, failure });
  }

  /** Gives the socket away, with the bytes that belong to its new owner. Only between handshakes, on an open socket. */
  release(): { socket: Connection; leftover: Uint8Array } {
    const socket = this.#socket;
    if (socket === undefined || this.#onEnd !== undefined)
      throw new SockManError('ERR_SOCKMAN_STATE', 'nothing to release');
    this.#setReceiving(true);
    this.#socket = undefined;
    // Later calls find nothing to close.
    this.#failure = dialFailure('aborted');
    return { socket, leftover: this.#leftover };
  }

  // ---- SocketOwner --------------------------------------------------------------------------------------------------

  socketConnected(errno: number): void {
    if (errno !== 0) {
      this.#socket = undefined;
      return this.#connectFailed(this.#opening!, errno);
    }
    const { to, destination } = this.#opening!;
    this.#opening = undefined;
    if (to.unixPath === undefined) this.#local = this.#loop.backend.addressOf(this.#socket!.handle, 'local');
    if (this.#isItsOwnPeer(to)) this.#abort(connectedToItself(destination), true);
    else this.#end({ ok: true, value: undefined });
  }

  socketGotData(data: Uint8Array): void {
    const handshake = this.#handshake;
    if (handshake === undefined) this.#leftover = Buffer.concat([this.#leftover, data]);
    else this.#take(handshake.receive(data));
  }

  socketGotEOF(): void {
    this.#interrupt('closed');
  }

  socketGotReadError(errno: number): void {
    this.#interrupt('broken', errno);
  }

  socketReadyToSend(): void {
    if (this.#unsent.length > 0) this.#sendRest();
  }

  socketClosed(): void {
    this.#socket = undefined;
    this.abort(dialFailure('interrupted'));
  }

  // ---- Connecting ---------------------------------------------------------------------------------------------------

  #connect(request: SocketRequest): void {
    const { to, localAddress } = request;
    const result = this.#loop.sockets.connect(to, localAddress === undefined ? {} : { localAddress }, this);
    if (result.ok) this.#socket = result.socket;
    else this.#connectFailed(request, result.errno);
  }

  /** The system refused: at once or, with some backends, later. */
  #connectFailed(request: SocketRequest, errno: number): void {
    if (errno === EAGAIN && request.to.unixPath !== undefined) {
      this.#retry = this.#loop.clock.after(UNIX_RETRY_MS, () => this.#connect(request));
    } else this.abort(unreachable(request.destination, errno));
  }

  /**
   * TCP lets a socket connect to itself, if nobody listens and the port that the system chose for our end is the dialed one.
   * It would echo what we send, and block the port for the program that should listen there. RST leaves nothing behind. (RFC
   * 9293 section 3.5, "simultaneous open")
   */
  #isItsOwnPeer(to: Service): boolean {
    const local = this.#local;
    if (local === undefined || local.port !== to.port) return false;
    const remote = this.#loop.backend.addressOf(this.#socket!.handle, 'remote');
    return remote !== undefined && local.equals(remote);
  }

  // ---- Handshakes ---------------------------------------------------------------------------------------------------

  #take(outcome: HandshakeOutcome<unknown>): void {
    if (outcome.state === 'failed') return this.abort(outcome.failure);
    if (outcome.state === 'done') {
      if (outcome.leftover.length > 0) this.#leftover = outcome.leftover.slice();
      return this.#end({ ok: true, value: outcome.result });
    }
    const step = this.#handshake!.step;
    const isNewStep = step !== this.#step;
    this.#step = step;
    if (isNewStep) this.onStep?.(step.name);
    // The listener may have ended it.
    if (this.#failure !== undefined) return;
    if (outcome.send !== undefined) {
      this.#unsent = this.#unsent.length === 0 ? outcome.send : Buffer.concat([this.#unsent, outcome.send]);
      this.#sendRest();
      if (this.#unsent.length > 0 && this.#socket !== undefined) this.#deadline.set(step.sendTimeoutMs);
    } else if (isNewStep) this.#deadline.set(step.replyTimeoutMs);
  }

  #sendRest(): void {
    if (this.#socket === undefined) return;
    const sent = this.#loop.sending.send(this.#socket, this.#unsent, false);
    if (sent < 0) return this.#interrupt('broken', -sent);
    this.#unsent = sent === this.#unsent.length ? NO_BYTES : this.#unsent.subarray(sent);
    // The time for the answer starts when the question is sent.
    if (this.#unsent.length === 0 && this.#step !== undefined) this.#deadline.set(this.#step.replyTimeoutMs);
  }

  #interrupt(by: Interruption, errno?: number): void {
    this.abort(this.#handshake?.interrupted(by, errno) ?? dialFailure('interrupted', { errno }));
  }

  #timedOut(): void {
    if (this.#opening === undefined) this.#interrupt('timed-out');
    else this.abort(unreachable(this.#opening.destination, 'timed-out'));
  }

  /** Stores the callback. False: the socket is closed already, and the callback was made. */
  #begin<Result>(onEnd: (attempt: Attempt<Result>) => void): boolean {
    if (this.#onEnd !== undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'a handshake is running already');
    if (this.#failure !== undefined) {
      onEnd({ ok: false, failure: this.#failure });
      return false;
    }
    // The attempt is the result of this very handshake, which the type of the field cannot express.
    this.#onEnd = onEnd as (attempt: Attempt<unknown>) => void;
    return true;
  }

  #end(attempt: Attempt<unknown>): void {
    this.#handshake = undefined;
    this.#step = undefined;
    const onEnd = this.#onEnd;
    this.#onEnd = undefined;
    onEnd?.(attempt);
    if (this.#onEnd !== undefined) return;
    // No next step has begun: no deadline runs, and further bytes wait in the kernel.
    this.#deadline.cancel();
    this.#setReceiving(false);
  }

  #setReceiving(on: boolean): void {
    if (this.#socket === undefined || on === this.#isReceiving) return;
    this.#isReceiving = on;
    this.#loop.backend.setReceiving(this.#socket.handle, on);
  }
}
