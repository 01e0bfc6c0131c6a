// The contract between `SockMan` and the conversations it holds with proxies before a connection gets its node id.
//
// A handshake is a state machine over bytes: it owns no socket, no timer and no clock. Its owner
// (a socket owner of `SockMan`, or a test with an array of bytes)
//   1. calls `start` once, when the socket is connected, and sends the bytes of the outcome;
//   2. hands every received chunk to `receive`, in order and in whatever pieces they come;
//   3. watches the clock: `step` names what is being awaited and how long that may take. The time restarts whenever
//      `step` becomes another object. Handing over the bytes to send has a limit of its own;
//   4. calls `interrupted` instead when the time is over or the socket ended, and gets the failure that this means.
// After `done` or `failed` the handshake is over, and none of its methods is called again.
//
// Left-over bytes. What arrives behind the last byte of a handshake belongs to what comes next: the peer's first data, or
// the next handshake on the same socket. It is kept and left unread. Bytes that come while a question to the proxy is still
// due cannot be an answer: the handshake fails. A handshake sends nothing of the application, and its runner hands the
// socket over only after `done`.

import { SockManError } from '../../util/errors/errors.ts';
import type { DialFailure } from './failure.ts';

/** A wait of a handshake, and its limits. Compared by identity. */
export interface HandshakeStep {
  /** What is awaited, for logs and for `sockman dial`: "SOCKS5 reply". */
  readonly name: string;
  /** Milliseconds until the kernel must have taken the bytes to send. */
  readonly sendTimeoutMs: number;
  /** Milliseconds from then until the step must be over; `Infinity` for no limit. */
  readonly replyTimeoutMs: number;
}

/** The outcome of the bytes handed in. */
export type HandshakeOutcome<Result> =
  /** The handshake goes on. `send` holds bytes to send now; the handshake does not change them afterwards. */
  | { readonly state: 'more'; readonly send: Uint8Array | undefined }
  /** It succeeded. `leftover` (often empty) is a view of the chunk handed in: copy what must outlive the call. */
  | { readonly state: 'done'; readonly result: Result; readonly leftover: Uint8Array }
  /** It failed: close the socket. */
  | { readonly state: 'failed'; readonly failure: DialFailure };

/** Why a handshake cannot go on, as seen from the socket. */
export type Interruption =
  /** The step took too long. */
  | 'timed-out'
  /** The other side closed its end. */
  | 'closed'
  /** Sending or receiving failed for good. */
  | 'broken';

/** One conversation with a proxy, which gives a `Result`. */
export interface Handshake<Result> {
  /** What is awaited now. */
  readonly step: HandshakeStep;
  /** The socket is connected. Called once. */
  start(): HandshakeOutcome<Result>;
  /** Bytes arrived (at least one); they are lent for the call. */
  receive(chunk: Uint8Array): HandshakeOutcome<Result>;
  /** The failure that an interruption means in the current step. `errno` (positive) comes with 'broken'. */
  interrupted(by: Interruption, errno?: number): DialFailure;
}

/** The outcome "nothing to send, wait for more": one object, because it is returned for most chunks. */
export const WAIT_FOR_MORE: HandshakeOutcome<never> = { state: 'more', send: undefined };

/** Nothing left over. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The error for a handshake that is used after its end, which is a bug of the runner. */
export function handshakeIsOver(): SockManError {
  return new SockManError('ERR_SOCKMAN_STATE', 'the handshake is over');
}
