// What stands below a `ReadinessBackend`: non-blocking sockets with the meaning that POSIX gives them, and a word when
// they become ready. `node-net` makes such sockets out of streams, `memory` out of nothing.
//
// Owners are told, never asked: a notification may be spurious, may be repeated, and may come at any time, from inside a
// call on another socket too. It says "look"; `isReadable`, `isWritable`, `hasPending` say what there is. After `close`
// or `reset` the owner is told nothing more.

import type { Service } from '../../../netaddr/service.ts';
import type { Clock } from '../../../util/time/clock.ts';
import type { SocketConnectOptions, SocketListenOptions, SystemFailure, TcpInfo } from '../backend.ts';

/** Who looks after a connected or connecting socket. */
export interface StreamOwner {
  /** The connect ended: 0, or the errno, and then the socket is gone. Told once, and only for a socket made by `connect`. */
  connected(errno: number): void;
  /** There may be bytes, an end or an error to receive. */
  readable(): void;
  /** There may be room after a short `send`, or a reason why there never will be. */
  writable(): void;
}

/** Who looks after a listener. */
export interface ListenerOwner {
  /** There may be something to accept. */
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
  /** @returns Bytes written to `into` at `offset`; 0 for the end; negative errno. The end and errors are given again. */
  receive(into: Uint8Array, offset: number, maxBytes: number): number;

  /** `send` would take something, or fail for good. */
  readonly isWritable: boolean;
  /** Copies what it takes. @returns Bytes taken, 0 when there is no room; negative errno. `writable` follows a short one. */
  send(data: Uint8Array): number;
  /** Sends FIN after what was taken. @returns 0 or a negative errno. */
  shutdownSend(): number;

  /** Ends it; what was taken is still delivered. Idempotent. */
  close(): void;
  /** Ends it with RST. Idempotent. */
  reset(): void;
  /** Undefined where nothing is known. */
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
  /** Ends it, and the connections that nobody accepted. Idempotent. */
  close(): void;
}

/** A listener and the address it is bound to, or what the system said. */
export type DriverListenResult = { ok: true; socket: ListenerSocket; bound: Service } | SystemFailure;
/** A socket that is connecting, or what the system said at once. */
export type DriverConnectResult = { ok: true; socket: StreamSocket } | SystemFailure;

/** Where the sockets of a `ReadinessBackend` come from. */
export interface SocketDriver {
  readonly name: string;
  readonly clock: Clock;
  /**
   * True where nothing comes from outside the process, as in a simulated network. Any other driver's backend keeps the process
   * alive while it is started. Default false.
   */
  readonly isInProcess?: boolean;
  /** Opens a listener; its queue fills from now on. */
  listen(at: Service, options: SocketListenOptions): DriverListenResult;
  /** Starts to connect; the owner is told of the outcome, never from inside this call. */
  connect(to: Service, options: SocketConnectOptions): DriverConnectResult;
}
