// Answers that are sent one byte a second, as by a tarpit.

import type { SockMan } from '../../sockman/sock-man.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';

/** Interval between bytes, in milliseconds. */
const DRIP_MS = 1_000;

/** The slow answers of a village. */
export class Drips {
  readonly #sockets: Pick<SockMan, 'queueBytes'>;
  readonly #clock: Clock;
  readonly #left = new Map<number, Uint8Array>();
  #timer: Timer | undefined;

  constructor(sockets: Pick<SockMan, 'queueBytes'>, clock: Clock) {
    this.#sockets = sockets;
    this.#clock = clock;
  }

  /** Begins to send bytes to a node. */
  add(nodeId: number, bytes: Uint8Array): void {
    this.#left.set(nodeId, bytes);
    this.#timer ??= this.#clock.after(DRIP_MS, this.#onDrip);
  }

  forget(nodeId: number): void {
    this.#left.delete(nodeId);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  readonly #onDrip = (): void => {
    this.#timer = undefined;
    for (const [nodeId, bytes] of this.#left) {
      this.#sockets.queueBytes(nodeId, bytes.slice(0, 1));
      if (bytes.length > 1) this.#left.set(nodeId, bytes.subarray(1));
      else this.#left.delete(nodeId);
    }
    if (this.#left.size > 0) this.#timer = this.#clock.after(DRIP_MS, this.#onDrip);
  };
}
