// From a record to the callbacks of one connection: its predicates, its readiness, its bytes and its end.
//
// A received chunk takes three steps: `record` finds out what happened, `#offerData` asks whether it is wanted, `#lend`
// calls `eventGotData`.

import { EAGAIN } from '../../util/errors/errno.ts';
import { RecordFlag } from '../backends/backend.ts';
import type { Backend } from '../backends/backend.ts';
import type { HeldBack } from '../connections/backpressure.ts';
import type { OwnerDelivery } from '../connections/claimed-sockets.ts';
import { ConnectionFlag } from '../connections/connection.ts';
import type { Connection, SocketOwner } from '../connections/connection.ts';
import type { SockManCallbacks } from '../callbacks/callbacks.ts';
import type { GuardedCallbacks } from '../callbacks/guarded-callbacks.ts';
import type { Sending } from './sending.ts';
import type { LoopCounters } from '../stats.ts';
import type { TurnState } from './turn-state.ts';
import type { WakeQueue } from './wake-queue.ts';

const { WRITABLE, DATA, READABLE, EOF, READ_ERROR } = RecordFlag;
const { SEND_BLOCKED, SEND_PAUSED, RECEIVE_PAUSED, READY_DUE, NEW, HAS_SENT, SEND_QUEUED } = ConnectionFlag;

/** Content of received bytes after the call, with `poisonReceivedBytes`. */
const POISON_BYTE = 0xdd;

/** The optional callbacks that the subclass overrides; the others are never called. */
export interface Overrides {
  asksToSend: boolean;
  asksToRecv: boolean;
  hooksNode: boolean;
  hooksTurn: boolean;
  tellsClosed: boolean;
}

/** The parts that delivery works with. */
export interface DeliveryParts {
  readonly state: TurnState;
  readonly backend: Backend;
  readonly callbacks: GuardedCallbacks;
  readonly counters: LoopCounters;
  readonly heldBack: HeldBack;
  readonly owners: OwnerDelivery;
  readonly sending: Sending;
  readonly wakes: WakeQueue;
  readonly overrides: Overrides;
}

export class Delivery {
  readonly #state: TurnState;
  readonly #backend: Backend;
  readonly #callbacks: GuardedCallbacks;
  readonly #host: SockManCallbacks;
  readonly #counters: LoopCounters;
  readonly #heldBack: HeldBack;
  readonly #owners: OwnerDelivery;
  readonly #sending: Sending;
  readonly #wakes: WakeQueue;
  readonly #overrides: Overrides;
  readonly #poisons: boolean;

  /** @param poisonsReceivedBytes - Whether lent bytes are overwritten after each call. */
  constructor(parts: DeliveryParts, poisonsReceivedBytes: boolean) {
    this.#state = parts.state;
    this.#backend = parts.backend;
    this.#callbacks = parts.callbacks;
    this.#host = parts.callbacks.host;
    this.#counters = parts.counters;
    this.#heldBack = parts.heldBack;
    this.#owners = parts.owners;
    this.#sending = parts.sending;
    this.#wakes = parts.wakes;
    this.#overrides = parts.overrides;
    this.#poisons = poisonsReceivedBytes;
  }

  /** One record; `RecordFlag` explains its words. */
  record(connection: Connection, flags: number, a: number, b: number): void {
    if ((flags & WRITABLE) !== 0) {
      this.#counters.sendEvents++;
      connection.flags &= ~SEND_BLOCKED;
      if ((connection.flags & SEND_QUEUED) !== 0 && !this.#sending.flush(connection)) flags &= ~WRITABLE;
    }
    if ((flags & (DATA | READABLE | EOF)) !== 0) this.#counters.receiveEvents++;
    else if ((flags & READ_ERROR) !== 0) this.#counters.errorEvents++;
    if (connection.owner !== undefined) {
      this.#deliverToOwner(connection, connection.owner, flags, a, b);
      return;
    }
    const cancelReceive = (flags & WRITABLE) !== 0 && this.#offerSend(connection);
    if ((flags & DATA) !== 0) this.#offerData(connection, a, b);
    else if ((flags & READABLE) !== 0) {
      if (!cancelReceive) this.#receive(connection);
    } else if ((flags & EOF) !== 0) this.#offerEnd(connection, 0);
    else if ((flags & READ_ERROR) !== 0) this.#offerEnd(connection, a);

    if (this.#overrides.hooksNode) this.callNodeHook(connection);
    this.#wakes.askAgain(connection);
  }

  /**
   * Whether callbacks for a connection may be made now: an earlier callback may have closed it, handed it over, or stopped
   * the loop.
   */
  #isLive(connection: Connection): boolean {
    return !connection.isClosed && connection.owner === undefined && !this.#state.isStopped;
  }

  /** Asks `shouldTryToSend`, then calls `eventReadyToSend`. @returns True to skip this turn's receive. */
  #offerSend(connection: Connection): boolean {
    if (!this.#maySend(connection)) return false;
    connection.flags &= ~HAS_SENT;
    const cancelReceive = this.#callbacks.readyToSend(connection.nodeId);
    if (this.#overrides.asksToSend) this.#offerMore(connection);
    return cancelReceive;
  }

  /**
   * Asks again after `eventReadyToSend`. A yes repeats the call in the next turn, but only if it sent: otherwise it would
   * repeat for ever.
   */
  #offerMore(connection: Connection): void {
    if ((connection.flags & SEND_BLOCKED) !== 0 || !this.#maySend(connection)) return;
    if ((connection.flags & HAS_SENT) !== 0) this.#wakes.add(connection, true);
  }

  /** Whether the connection is live and `shouldTryToSend` says yes. After a no it is asked at each tick. */
  #maySend(connection: Connection): boolean {
    if (!this.#isLive(connection)) return false;
    if (this.#overrides.asksToSend && !this.#callbacks.shouldTryToSend(connection.nodeId)) {
      if (this.#isLive(connection)) this.#heldBack.pauseSending(connection);
      return false;
    }
    connection.flags &= ~SEND_PAUSED;
    return this.#isLive(connection);
  }

  /**
   * Whether the connection is live and `shouldTryToRecv` says yes. A no pauses it, so that the kernel holds further bytes.
   */
  #mayReceive(connection: Connection): boolean {
    if (!this.#isLive(connection)) return false;
    if (!this.#overrides.asksToRecv || this.#callbacks.shouldTryToRecv(connection.nodeId)) {
      return this.#isLive(connection);
    }
    if (this.#isLive(connection)) this.#heldBack.pauseReceiving(connection);
    return false;
  }

  /** Delivers bytes of the slab; if the predicate changed its mind since it was last asked, they are held instead. */
  #offerData(connection: Connection, offset: number, length: number): void {
    const mayReceive = this.#mayReceive(connection);
    const { owner } = connection;
    // The predicate handed the connection over: the bytes, or the end below, go to the new owner.
    if (owner !== undefined) return this.#deliverToOwner(connection, owner, DATA, offset, length);
    this.#counters.receivedBytes += length;
    if (mayReceive) this.#lend(connection, this.#backend.slab.view(offset, length));
    else if (this.#isLive(connection)) {
      const bytes = this.#backend.slab.view(offset, length).slice();
      this.#heldBack.hold(connection, { bytes, endErrno: undefined });
    }
  }

  /** Lends bytes to `eventGotData`. @returns Whether more may be received: a predicate that says no pauses receiving. */
  #lend(connection: Connection, data: Uint8Array): boolean {
    try {
      this.#host.eventGotData(connection.nodeId, data);
    } catch (error) {
      this.#callbacks.report(error, 'eventGotData', connection.nodeId);
    }
    if (this.#poisons) data.fill(POISON_BYTE);
    return this.#mayReceive(connection);
  }

  /** Delivers EOF (errno 0) or a read error, or holds it. */
  #offerEnd(connection: Connection, errno: number): void {
    const mayReceive = this.#mayReceive(connection);
    const { owner } = connection;
    if (owner !== undefined) this.#deliverToOwner(connection, owner, errno === 0 ? EOF : READ_ERROR, errno, 0);
    else if (mayReceive) this.#deliverEnd(connection, errno);
    else if (this.#isLive(connection)) this.#heldBack.hold(connection, { bytes: undefined, endErrno: errno });
  }

  #deliverEnd(connection: Connection, errno: number): void {
    connection.endErrno = errno;
    if (errno === 0) this.#callbacks.gotEOF(connection.nodeId);
    else this.#callbacks.gotPermanentReadError(connection.nodeId, errno);
  }

  /** Receives the bytes that the backend left in the kernel. */
  #receive(connection: Connection): void {
    if (!this.#mayReceive(connection)) return;
    const received = this.#backend.receive(connection.handle);
    if (received > 0) {
      this.#counters.receivedBytes += received;
      this.#lend(connection, this.#backend.slab.view(this.#backend.deferredOffset, received));
    } else if (received !== -EAGAIN) this.#deliverEnd(connection, -received);
  }

  /** Serves a connection that was woken, is new, or whose predicates may have changed. */
  serve(connection: Connection): void {
    const isReadyDue = (connection.flags & (READY_DUE | SEND_PAUSED)) !== 0;
    connection.flags &= ~READY_DUE;
    if ((connection.flags & NEW) !== 0) return;
    if (!this.#isLive(connection)) return;
    if ((connection.flags & SEND_BLOCKED) === 0) {
      if (isReadyDue) this.#offerSend(connection);
      else if (this.#overrides.asksToSend) this.#maySend(connection);
    }
    if ((connection.flags & RECEIVE_PAUSED) !== 0) this.#offerResume(connection);
    this.#heldBack.settle(connection);
  }

  /** Delivers what was held, then resumes receiving, as far as `shouldTryToRecv` says yes. */
  #offerResume(connection: Connection): void {
    if (!this.#mayReceive(connection)) return;
    const held = this.#heldBack.heldOf(connection);
    if (held?.bytes !== undefined) {
      const { bytes } = held;
      held.bytes = undefined;
      if (!this.#lend(connection, bytes)) return;
    }
    this.#heldBack.dropHeld(connection);
    connection.flags &= ~RECEIVE_PAUSED;
    if (held?.endErrno !== undefined) this.#deliverEnd(connection, held.endErrno);
    else this.#backend.setReceiving(connection.handle, true);
  }

  /** The turn is over for a connection. */
  callNodeHook(connection: Connection): void {
    if (this.#isLive(connection)) this.#callbacks.loopCompletedForNode(connection.nodeId);
  }

  #deliverToOwner(connection: Connection, owner: SocketOwner, flags: number, a: number, b: number): void {
    try {
      this.#owners.deliver(connection, owner, flags, a, b);
    } catch (error) {
      this.#callbacks.report(error, 'socket owner', connection.nodeId);
    }
  }
}
