// The seam between `SockMan` and the operating system.
//
// A backend owns sockets, and knows neither protocols nor policy: the order of callbacks, predicates, node ids, ticks and
// wake-ups are above it, in `../turn/turn-loop.ts`. Three backends implement this interface (`native.ts`, `node-net.ts`,
// `memory.ts`) and one conformance suite covers all of them.
//
// One turn. The backend gathers what is ready, writes one record for each socket into `records` and their bytes into `slab`,
// and calls `BatchSink.turn(count, isNewPass)`. Anything else that is ready on a socket waits for the next turn. The sink
// may call any method of the backend before it returns, `close` on any socket included. Both arrays are reused as soon as it
// returned true. `turn` never throws, and the backend never calls it from inside another call of the backend: always from
// its own event.
//
// Passes. The sockets are not alone on the host's event loop. A backend may make several turns in one pass of it, until the
// sink says that the pass is over: by returning false, in the middle of a turn or at its end. Then records and slab stay as
// they are, and in the next pass, after timers and other descriptors had their turn, `turn` is called again with the same
// records and continues where it stopped. Until then no slot is reused and no record changes, whatever is called.
//
// Deadlines. A timer of the host can fire before the host has asked its sockets, so a loop that was busy for longer than a
// time-out sees the timer first and the answer after it. Code that judges lateness looks at the sockets first: it waits for
// one more pass, and until `isBehind` is false. `Deadline` (deadline.ts) does that.
//
// Handles. A socket is named by a 32-bit handle: the slot number in the low `SLOT_BITS` bits, a generation above. A slot
// freed inside a turn is not given out again before the next one, so a record always refers to the socket that had the slot
// when the turn began; after `close` its remaining records are stale and the sink drops them.
// -1 is never a handle. Calls with the handle of a closed socket do nothing: `send` gives 0, `receive` and `shutdownSend`
// -EBADF.
//
// Receiving. Bytes that were not received are reported again. There is at most one receive of at most `receiveChunkBytes`
// per socket and turn. A socket receives unless `setReceiving(handle, false)`; after EOF or a read error the backend never
// reports another receive event for it.
//
// Sending. `send` hands bytes to the kernel at once and never buffers (a backend that cannot know what the kernel took
// documents how it emulates this). A short or refused `send` arms write readiness; exactly one `WRITABLE` follows when there
// is room again, and nothing more until the next short `send`.
//
// Shortage. If the system has no memory for a send or a receive (ENOBUFS, ENOMEM), the socket rests: the send counts as
// refused, and for a while nothing is reported. The native backend does this; in the others, libuv handles it.
//
// Errors of the system are returned as negative errno, never thrown.

import type { Service } from '../../netaddr/service.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Slab } from './slab.ts';

/** Low bits of a handle that are the slot: up to 4,194,303 sockets at a time, above any descriptor limit in use. */
export const SLOT_BITS = 22;
/** The bits of a handle that are the slot. */
export const SLOT_MASK = (1 << SLOT_BITS) - 1;

/** Words (32 bits each) of one record: handle, flags, a, b. */
export const RECORD_WORDS = 4;

/** Most records of one turn. Further ready sockets wait for the next turn. */
export const MAX_RECORDS = 512;

/** Contents of a record. `WRITABLE` may be set together with `READABLE`; the others stand alone. */
export const RecordFlag = {
  /** There is room in the send buffer again after a short send. */
  WRITABLE: 1,
  /** `b` bytes were received; they lie at offset `a` of `slab`. `b` ≥ 1. */
  DATA: 2,
  /**
   * Something can be received, and nothing was yet: the sink decides and calls `receive(handle)`. Reported in place of
   * `DATA`, `EOF` and `READ_ERROR` when the record also says `WRITABLE`: a connection with room to send may want to send
   * first.
   */
  READABLE: 4,
  /** The peer closed its writing side. Everything it sent earlier was reported. */
  EOF: 8,
  /** Receiving failed for good with errno `a`. */
  READ_ERROR: 16,
  /**
   * A `connect` ended: `a` is 0 for success (the socket now receives), or the errno of the failure (the socket is closed).
   */
  CONNECTED: 32,
  /** A new socket: the handle is its own, `a` the handle of the listener it came from. It receives already. */
  ACCEPTED: 64,
  /**
   * The listener `handle` could not accept for lack of descriptors or memory (errno `a`), and is paused. Reported every
   * time that happens; the sink calls `setAccepting(handle, true)` to try again.
   */
  ACCEPT_EXHAUSTED: 128,
} as const;

/** The receiver of the batches. */
export interface BatchSink {
  /**
   * One turn, or the rest of it: the first `recordCount` records (1..`MAX_RECORDS`) of `backend.records` are valid until it
   * returns true.
   *
   * @param isNewPass - True for the first turn in a pass of the host's event loop: the sink's budget of time and bytes begins
   *   anew.
   * @returns False ends the pass, and `turn` is called again for the same records in the next.
   */
  turn(recordCount: number, isNewPass: boolean): boolean;
  /** The system cannot tell what is ready, for the reason of this errno (positive); the backend asks again after a rest. */
  failed(errno: number): void;
}

/** Readiness calls of the native backend; each platform has some of them. */
export type PollerName = 'epoll' | 'kqueue' | 'poll';

/** Settings that apply to every socket of a backend. */
export interface BackendOptions {
  /** Most bytes of one receive. */
  receiveChunkBytes: number;
  /** Most sockets accepted from one listener in one turn. */
  acceptBatch: number;
  noDelay: boolean;
  /** Keep-alive: idle seconds before the first probe, or 0 for off. */
  keepAliveSeconds: number;
  /** SO_RCVBUF and SO_SNDBUF in bytes, or 0 for the system's own choice. */
  receiveBufferBytes: number;
  sendBufferBytes: number;
}

/** How a backend listens, with every default filled in. */
export interface SocketListenOptions {
  /** Length of the queue of established connections that wait to be accepted. */
  backlog: number;
  reusePort: boolean;
  /** Accept IPv4 as well on an IPv6 address. */
  dualStack: boolean;
}

/** A refused system call: which one, and the positive errno. */
export interface SystemFailure {
  ok: false;
  syscall: string;
  errno: number;
}
/** A listener and the address it is bound to, or the refused system call. */
export type ListenResult = { ok: true; handle: number; bound: Service } | SystemFailure;
/** A socket that is connecting, or the system call that was refused at once. */
export type ConnectResult = { ok: true; handle: number } | SystemFailure;

/** How a backend connects, with every default filled in. */
export interface SocketConnectOptions {
  /** Address to bind the local end to; its port may be 0. */
  localAddress?: Service;
}

/** Bytes and times of one socket. Times are `Clock.now()` milliseconds; 0 means never. */
export interface SocketCounters {
  receivedBytes: number;
  sentBytes: number;
  createdAtMs: number;
  lastSendAtMs: number;
  lastReceiveAtMs: number;
}

/** What the kernel knows of one TCP connection. */
export interface TcpInfo {
  roundTripMs: number;
  roundTripVarianceMs: number;
  retransmittedSegments: number;
  /** Bytes that the kernel took from us and the peer has not acknowledged. */
  unsentBytes: number;
  sendCongestionWindowSegments: number;
}

/** The owner of the sockets below a `SockMan`. The module comment of `backend.ts` is the contract. */
export interface Backend {
  /** For example `native/epoll`, `node-net`, `memory`. */
  readonly name: string;
  readonly clock: Clock;
  /** The records of the turn, `RECORD_WORDS` words each. */
  readonly records: Int32Array;
  /** The bytes of the turn, and of the last `receive`. */
  readonly slab: Slab;
  /** Offset in `slab` of the bytes of `receive(handle)`; never inside the bytes of a record of the turn. */
  readonly deferredOffset: number;
  /** Whether it knows of ready sockets that no turn has reported yet. */
  readonly isBehind: boolean;

  /** Begins to call `sink`. Sockets may be made earlier; their events are reported from now on. */
  start(sink: BatchSink): void;
  /** Ends the calls of `sink`; safe inside one. Sockets stay open. Cannot be started again. */
  stop(): void;
  /**
   * Calls `destroy` when `owner` is garbage-collected without having done so: for backends whose sockets the system would
   * keep open.
   */
  closeWhenCollected?(owner: object): void;
  /**
   * Whether the backend keeps the process alive while it is started, with a timer or handle of its own; its sockets never do.
   * True until this is called.
   */
  setHolding(on: boolean): void;
  /** Returns freed memory to the system, where the C library would keep it. Takes milliseconds. */
  trimMemory?(): void;
  /** Closes every socket, listeners included, and frees what the backend holds. Idempotent. */
  destroy(): void;

  /** Opens a listener; it reports connections once the backend is started. */
  listen(at: Service, options: SocketListenOptions): ListenResult;
  /** Pauses or resumes a listener. */
  setAccepting(listener: number, on: boolean): void;
  /**
   * Keeps new connections from a listener, as far as the platform can without closing it; those in its queue are still
   * accepted. A Unix-domain path is removed. Cannot be undone.
   */
  drain(listener: number): void;

  /** Starts to connect; the outcome arrives as a `CONNECTED` record, never inside this call. */
  connect(to: Service, options: SocketConnectOptions): ConnectResult;

  /**
   * Hands bytes to the kernel.
   * @returns Bytes taken (0..data.length), or a negative errno when the socket cannot send any more.
   */
  send(handle: number, data: Uint8Array, willSendMore: boolean): number;
  /** Sends the same bytes to the first `count` of `handles`, as `send` does; the results go to `results`. */
  sendMany(handles: Int32Array, count: number, data: Uint8Array, willSendMore: boolean, results: Int32Array): void;

  /** Switches receive events of a socket on or off. Off costs nothing, even when the peer hangs up. */
  setReceiving(handle: number, on: boolean): void;
  /**
   * Receives once, up to `receiveChunkBytes`, to `slab` at `deferredOffset`.
   * @returns Bytes received; 0 for EOF; negative errno, of which `-EAGAIN` (`os.constants.errno`) means "nothing now".
   */
  receive(handle: number): number;

  /** Sends FIN after what the kernel took. @returns 0 or a negative errno. */
  shutdownSend(handle: number): number;
  /**
   * Closes a socket or listener. Bytes the kernel took are still delivered, unless bytes of the peer are unread or arrive
   * later: TCP answers those with RST, and the peer discards what it has not read. Half-closing first and receiving until
   * EOF avoids that.
   */
  close(handle: number): void;
  /** Closes a socket with RST. */
  reset(handle: number): void;

  /** The local or remote address of a socket; undefined for an unknown handle or an unnamed end. */
  addressOf(handle: number, end: 'local' | 'remote'): Service | undefined;
  /** Bytes and times of a socket; undefined once it is closed. */
  countersOf(handle: number): SocketCounters | undefined;
  /** The kernel's figures of a TCP connection; undefined if it has none. */
  tcpInfoOf(handle: number): TcpInfo | undefined;
}
