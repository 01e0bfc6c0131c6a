// One open socket of the turn loop.

import type { Service } from '../../netaddr/service.ts';

/** Bits of `Connection.flags`. */
export const ConnectionFlag = {
  /** The last send was short: the kernel reports when there is room. */
  SEND_BLOCKED: 1,
  /** `shouldTryToSend` said no when there was room. */
  SEND_PAUSED: 2,
  /** `shouldTryToRecv` said no: receiving is switched off. */
  RECEIVE_PAUSED: 4,
  /** In the list of connections to serve again. */
  QUEUED: 8,
  /** When served again, `eventReadyToSend` is due even if nothing was paused. */
  READY_DUE: 16,
  /** Dialed, and the caller may not know the node id yet: nothing is delivered. */
  NEW: 32,
  /** Bytes were sent since the last call of `eventReadyToSend`. */
  HAS_SENT: 64,
  /** Bytes of `queueBytes` wait for room; see turn/sending.ts. */
  SEND_QUEUED: 128,
  /** Accepted by `eventNewConnectionAccepted`, or dialed: its end is reported. */
  ADMITTED: 256,
  /** Ended with `endConnection`: its id is over, its socket is still open. */
  ENDING: 512,
} as const;

/** `Connection.handle` of a closed connection. No backend ever uses this handle. */
export const CLOSED_HANDLE = -1;

/** `Connection.nodeId` before there is one. */
export const NO_NODE_ID = -1;

/** `Connection.endErrno` before the end. */
export const NOT_ENDED = -1;

/**
 * Handles a socket's events in place of the `SockMan` callbacks: a dial before it has a node id, a SAM control socket, a
 * `Duplex`. Calls follow the rules of `SockManCallbacks`.
 */
export interface SocketOwner {
  /** A connect ended; `errno` is 0 for success. After a failure the socket is closed. */
  socketConnected(errno: number): void;
  /** Bytes arrived, lent for the call. */
  socketGotData(data: Uint8Array): void;
  socketGotEOF(): void;
  socketGotReadError(errno: number): void;
  /** There is room again after a short send. */
  socketReadyToSend(): void;
  /** The socket was closed by other code: `closeConnection`, `closeSockets`. Not called for the owner's own close. */
  socketClosed(): void;
}

/** Ends of a connection through a proxy that the kernel does not know. */
export interface ProxiedEnds {
  readonly me: Service;
  /** Undefined for a peer dialed by name: only the proxy knows its address. */
  readonly them: Service | undefined;
  /** Called once the connection is closed, to end what exists for it alone. */
  readonly whenClosed: (() => void) | undefined;
}

/** A socket in use. Kept small: there are tens of thousands of them. */
export class Connection {
  handle: number;
  nodeId = NO_NODE_ID;
  flags = 0;
  /**
   * The end that was reported last, 0 for EOF: code that takes the connection over can no longer learn it from the backend.
   */
  endErrno = NOT_ENDED;
  owner: SocketOwner | undefined;

  constructor(handle: number, owner: SocketOwner | undefined) {
    this.handle = handle;
    this.owner = owner;
  }

  get isClosed(): boolean {
    return this.handle === CLOSED_HANDLE;
  }
}
