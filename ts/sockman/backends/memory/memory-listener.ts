// A listening socket of a `MemoryNetwork` and its queue of established connections.

import type { Service } from '../../../netaddr/service.ts';
import { EAGAIN, EMFILE, errnoNumber } from '../../../util/errors/errno.ts';
import type { SocketListenOptions } from '../backend.ts';
import type { ListenerOwner, ListenerSocket } from '../readiness/driver.ts';
import type { SocketSetup } from './conditions.ts';
import type { MemorySocket } from './memory-socket.ts';

export class MemoryListener implements ListenerSocket {
  readonly bound: Service;
  readonly options: SocketListenOptions;
  /** Parts that accepted sockets are made with. */
  readonly setup: SocketSetup;
  readonly #whenClosed: () => void;
  readonly #queue: MemorySocket[] = [];
  /** Places in the queue that are reserved for handshakes in progress. */
  #claimedCount = 0;
  #owner: ListenerOwner | undefined;
  #acceptCount = 0;
  isClosed = false;

  constructor(setup: SocketSetup, bound: Service, options: SocketListenOptions, whenClosed: () => void) {
    this.setup = setup;
    this.bound = bound;
    this.options = options;
    this.#whenClosed = whenClosed;
    setup.descriptors.opened();
  }

  attach(owner: ListenerOwner): void {
    this.#owner = owner;
  }

  // ---- For the network ----------------------------------------------------------------------------------------------

  /** Reserves a place in the queue for a handshake that begins. @returns False if it is full. */
  claim(): boolean {
    if (this.#queue.length + this.#claimedCount >= Math.max(1, this.options.backlog)) return false;
    this.#claimedCount++;
    return true;
  }

  /** Frees the reserved place of a handshake that failed. */
  giveUp(): void {
    this.#claimedCount--;
  }

  /** Puts an established connection into its reserved place. */
  push(socket: MemorySocket): void {
    this.#claimedCount--;
    this.#queue.push(socket);
    this.#owner?.acceptable();
  }

  // ---- For the owner ------------------------------------------------------------------------------------------------

  get hasPending(): boolean {
    return this.#queue.length > 0;
  }

  accept(): MemorySocket | number {
    const next = this.#queue[0];
    if (next === undefined) return -EAGAIN;
    const { clock, random, faults } = this.setup.conditions;
    const { local, remote } = next;
    const fault = faults.accept?.({ local, remote, count: this.#acceptCount++, nowMs: clock.now(), random });
    if (fault !== undefined) return -errnoNumber(fault);
    if (this.setup.descriptors.isExhausted) return -EMFILE;
    this.#queue.shift();
    next.takeDescriptor();
    return next;
  }

  /** New dials no longer find it; handshakes in progress go on. */
  drain(): void {
    if (!this.isClosed) this.#whenClosed();
  }

  /** Closes the listener, and resets the connections that were never accepted. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#owner = undefined;
    this.setup.descriptors.closed();
    this.#whenClosed();
    for (const socket of this.#queue) socket.reset();
    this.#queue.length = 0;
  }
}
