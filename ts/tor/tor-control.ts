// A connection to Tor's control port: sends commands, receives replies in the same order, and events in between.
//
// The socket is one of a `SockMan`'s like any other. Deadlines run by the clock that is handed in.

import type { Duplex } from 'node:stream';

import type { ConnectTarget } from '../sockman/dial/connect-options.ts';
import type { SockMan } from '../sockman/sock-man.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock, Timer } from '../util/time/clock.ts';
import { errnoOf, errnoText } from '../util/errors/errno.ts';
import { invalidArg } from '../util/errors/errors.ts';
import { throwLater } from '../util/errors/throw-later.ts';
import { TorControlError } from './failure.ts';
import type { TorFailure, TorFailureDetails } from './failure.ts';
import { TorReplyReader } from './reply-reader.ts';
import type { TorReply } from './reply-reader.ts';

/** Time until the kernel must have taken a command, in milliseconds. (Bitcoin Core src/torcontrol.cpp, TOR_SEND_TIMEOUT) */
export const TOR_SEND_TIMEOUT_MS = 10_000;

/** Time for a reply from then on, in milliseconds: Tor answers ours from memory. Core waits for ever. */
export const TOR_REPLY_TIMEOUT_MS = 60_000;

/** From here on codes are of events. (Tor control-spec, section 4) */
const FIRST_EVENT_CODE = 600;

/** The network that connects: a started `SockMan`, or a node's network for this. */
export type TorControlNetwork = Pick<SockMan, 'connectAndMakeNodeId' | 'addressesOf'> & {
  /** Hands a connection over as a stream. */
  duplex(nodeId: number): Duplex;
  /** Whether it dials names as well. A `SockMan` does not: it looks up no names. */
  readonly looksUpNames?: boolean;
};

/** Options of a connection. */
export interface TorControlOptions {
  clock?: Clock;
  /**
   * Receives asynchronous events, which Tor sends after `SETEVENTS`. What it throws becomes an uncaught exception. Without
   * it an event is an unexpected reply, and ends the connection.
   */
  onEvent?: (event: TorReply) => void;
  /** Ends the attempt to connect. */
  signal?: AbortSignal;
}

/** A command that Tor has not answered. */
interface Pending {
  readonly resolve: (reply: TorReply) => void;
  readonly reject: (error: TorControlError) => void;
  deadline: Timer;
}

/**
 * A control connection, authenticated or not: see `authenticate`. An onion service made through it lives as long as it is
 * open.
 *
 * @example
 * const control = await TorControl.connect(sockMan, '127.0.0.1:9051');
 * await authenticate(control);
 * const { lines } = await control.command('GETINFO version');
 * control.close();
 */
export class TorControl {
  /** Resolves with the reason when the connection is over, `close` included. Never rejects. */
  readonly ended: Promise<TorControlError>;
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #onEvent: ((event: TorReply) => void) | undefined;
  readonly #reader = new TorReplyReader();
  readonly #pending: Pending[] = [];
  #resolveEnded!: (error: TorControlError) => void;
  #error: TorControlError | undefined;

  /** @param stream - A connection to the control port; owned from now on. `TorControl.connect` makes one. */
  constructor(stream: Duplex, { clock = systemClock, onEvent }: TorControlOptions = {}) {
    this.#stream = stream;
    this.#clock = clock;
    this.#onEvent = onEvent;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
    stream.on('data', (chunk: Uint8Array) => this.#received(chunk));
    stream.on('end', () => this.#end('closed'));
    stream.on('close', () => this.#end('closed'));
    stream.on('error', (error) => this.#end('broken', { detail: errnoText(errnoOf(error, 0)) }));
  }

  /**
   * Connects to a control port.
   *
   * @param to - Its address, usually 127.0.0.1:9051; a name only for a network that looks names up.
   * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`, failure `unreachable`, `interrupted` or `closed`.
   */
  static async connect(
    network: TorControlNetwork,
    to: ConnectTarget,
    options: TorControlOptions = {},
  ): Promise<TorControl> {
    const { signal } = options;
    const dialed = await network.connectAndMakeNodeId(to, { isImportant: true, ...(signal && { signal }) });
    if (dialed.nodeId === undefined) {
      const isOver = dialed.code === 'interrupted' || dialed.code === 'aborted';
      throw new TorControlError(isOver ? 'interrupted' : 'unreachable', { detail: dialed.errmsg });
    }
    // Closed between the dial and here, most likely by `closeSockets`.
    if (network.addressesOf(dialed.nodeId) === undefined) throw new TorControlError('closed');
    return new TorControl(network.duplex(dialed.nodeId), options);
  }

  /**
   * Sends a command. Several may be under way; Tor answers in order.
   *
   * @param text - One line, without its end.
   * @returns The reply, whatever its code.
   * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`: the connection ended before the reply.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no text, or more than a line. It is not shown, for it may hold secrets.
   */
  command(text: string): Promise<TorReply> {
    if (typeof text !== 'string') throw invalidArg('text', 'a string', typeof text);
    if (/[\r\n\0]/.test(text)) throw invalidArg('text', 'one line', 'more');
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      const pending: Pending = { resolve, reject, deadline: this.#deadline(TOR_SEND_TIMEOUT_MS, 'send-timed-out') };
      this.#pending.push(pending);
      this.#stream.write(Buffer.from(`${text}\r\n`), () => {
        if (!this.#pending.includes(pending)) return;
        pending.deadline.cancel();
        pending.deadline = this.#deadline(TOR_REPLY_TIMEOUT_MS, 'reply-timed-out');
      });
    });
  }

  /** Closes the connection; commands under way end as `closed`. Idempotent. */
  close(): void {
    this.#end('closed');
  }

  /** Checks a pass of the loop later: after a pause of the process, the reply may be in the kernel. */
  #deadline(ms: number, failure: TorFailure): Timer {
    let timer = this.#clock.after(ms, () => {
      timer = this.#clock.soon(() => this.#end(failure));
    });
    return { cancel: () => timer.cancel() };
  }

  #received(chunk: Uint8Array): void {
    if (this.#error !== undefined) return;
    const failure = this.#reader.push(chunk, (reply) => this.#take(reply));
    if (failure !== undefined) this.#end(failure);
  }

  #take(reply: TorReply): void {
    if (this.#error !== undefined) return;
    const isEvent = reply.code >= FIRST_EVENT_CODE;
    if (isEvent && this.#onEvent !== undefined) return this.#tell(reply);
    const pending = isEvent ? undefined : this.#pending.shift();
    if (pending === undefined) return this.#end('unasked-reply', { detail: `code ${reply.code}` });
    pending.deadline.cancel();
    pending.resolve(reply);
  }

  /** Whatever a listener does, the replies after the event must not be lost. */
  #tell(event: TorReply): void {
    try {
      this.#onEvent?.(event);
    } catch (error) {
      throwLater(error);
    }
  }

  #end(failure: TorFailure, details: TorFailureDetails = {}): void {
    if (this.#error !== undefined) return;
    const error = (this.#error = new TorControlError(failure, details));
    this.#stream.destroy();
    for (const { deadline, reject } of this.#pending.splice(0)) {
      deadline.cancel();
      reject(error);
    }
    this.#resolveEnded(error);
  }
}
