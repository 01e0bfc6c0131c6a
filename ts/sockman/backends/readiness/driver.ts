// The layer below a `ReadinessBackend`: non-blocking sockets with POSIX semantics that notify their owner when they become
// ready. `node-net` makes such sockets from streams, `memory` simulates them.
//
// A notification may be spurious or repeated, and may come at any time, even inside a call on another socket. It means
// "look"; `isReadable`, `isWritable` and `hasPending` tell the state. After `close` or `reset` the owner gets no more
// notifications.

import type { Service } from '../../../netaddr/service.ts';
import type { Clock } from '../../../util/time/clock.ts';
import type { SocketConnectOptions, SocketListenOptions, SystemFailure, TcpInfo } from '../backend.ts';

/** The owner of a connected or connecting socket. */
export interface StreamOwner {
  /**
   * The connect ended: 0, or the errno of a failure, after which the socket is gone. Called once, and only for a socket made
   * by `connect`.
   */
  connected(errno: number): void;
  /** There may be bytes, an end or an error to receive. */
  readable(): void;
  /** There may be room after a short `send`, or an error because of which there never will be. */
  writable(): void;
}

/** The owner of a listener. */
export interface ListenerOwner {
  /** There may be a connection to accept. */
  acceptable(): void;
}

/** One end of a connection. Results are those of the system calls: bytes, 0, or a negative errno. */
export interface StreamSocket {
  readonly local: Service | undefined;
  readonly remote: Service | undefined;
  /** Takes the owner's notifications from now on; called once. */
  attach(owner: StreamOwner): void;

  /** `receive` would give something other than `-EAGAIN`. */
  readonly isReadable: boolean;
  /** @returns Bytes written to `into` at `offset`; 0 for the end; negative errno. Further calls repeat the end and errors. */
  receive(into: Uint8Array, offset: number, maxBytes: number): number;

  /** `send` would take something, or fail for good. */
  readonly isWritable: boolean;
  /** Copies the bytes it takes. @returns Bytes taken, 0 without room; negative errno. `writable` follows a short send. */
  send(data: Uint8Array): number;
  /** Sends FIN after the bytes taken. @returns 0 or a negative errno. */
  shutdownSend(): number;

  /** Ends it; the bytes taken are still delivered. Idempotent. */
  close(): void;
  /** Ends it with RST. Idempotent. */
  reset(): void;
  /** Undefined if nothing is known. */
  tcpInfo(): TcpInfo | undefined;
}

/** A listener and its queue. */
export interface ListenerSocket {
  /** Takes the owner's notifications from now on; called once. */
  attach(owner: ListenerOwner): void;
  readonly hasPending: boolean;
  /** @returns A connection, or a negative errno: `-EAGAIN` for none. */
  accept(): StreamSocket | number;
  /** As `Backend.drain`. */
  drain(): void;
  /** Ends it, and the connections that were not accepted. Idempotent. */
  close(): void;
}

/** A listener and the address it is bound to, or the refused system call. */
export type DriverListenResult = { ok: true; socket: ListenerSocket; bound: Service } | SystemFailure;
/** A socket that is connecting, or the system call that was refused at once. */
export type DriverConnectResult = { ok: true; socket: StreamSocket } | SystemFailure;

/** The source of a `ReadinessBackend`'s sockets. */
export interface SocketDriver {
  readonly name: string;
  readonly clock: Clock;
  /**
   * True if nothing comes from outside the process, as in a simulated network. The backend of any other driver keeps the
   * process alive while it is started. Default false.
   */
  readonly isInProcess?: boolean;
  /** Opens a listener; its queue fills from now on. */
  listen(at: Service, options: SocketListenOptions): DriverListenResult;
  /** Starts to connect; the owner is notified of the outcome, never inside this call. */
  connect(to: Service, options: SocketConnectOptions): DriverConnectResult;
}
