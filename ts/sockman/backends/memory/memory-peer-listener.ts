// A listener that a test plays by hand.

import type { Service } from '../../../netaddr/service.ts';
import type { ListenerSocket } from '../readiness/driver.ts';
import { MemoryPeer } from './memory-peer.ts';

/** Accepts all connections, as `MemoryPeer`s. Made by `MemoryNetwork.listen`. */
export class MemoryPeerListener {
  /** Where it listens. */
  readonly bound: Service;
  /** The connections so far, in order of arrival, closed ones included. */
  readonly peers: MemoryPeer[] = [];
  readonly #socket: ListenerSocket;
  readonly #scratch: Uint8Array;
  #waiting: (() => void)[] = [];

  /**
   * For `MemoryNetwork`; `scratch` as for `MemoryPeer`.
   * @internal
   */
  constructor(socket: ListenerSocket, bound: Service, scratch: Uint8Array) {
    this.#socket = socket;
    this.#scratch = scratch;
    this.bound = bound;
    socket.attach({ acceptable: () => this.#acceptAll() });
  }

  /** Waits until there are `count` connections. For networks with `autoRun`. @returns The last one of them. */
  async peerNumber(count: number): Promise<MemoryPeer> {
    while (this.peers.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.peers[count - 1]!;
  }

  /** Stops listening. The connections stay. */
  close(): void {
    this.#socket.close();
  }

  #acceptAll(): void {
    for (;;) {
      const socket = this.#socket.accept();
      if (typeof socket === 'number') break;
      this.peers.push(new MemoryPeer(socket, true, this.#scratch));
    }
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
