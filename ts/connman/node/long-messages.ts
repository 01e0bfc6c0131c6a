// Long messages of inbound peers in progress, and which of them have to wait.
//
// A message may have 4 MB, a stranger has a hundred connections, and half of a message gets no shorter by waiting. So above
// a total the long ones wait, which means that their sockets are not read: all but the one that began first, then the next.
// The first may take a while, no more: a peer that stops in the middle would hold up all others for ever. Short messages never
// wait, nor do peers that we dialed, or that have permission: blocks come from them.

import { FIRST_PART_BYTES } from '../../p2p/transport/transport.ts';

/** How long the first of them may hold up others, in milliseconds: enough for 4 MB at 133 kB/s. */
export const MAX_HOLD_UP_MS = 30_000;

/** The long messages of one `Connman`'s inbound peers. */
export class LongMessages {
  readonly #maxBytes: number;
  /** Bytes of each, in the order in which they began. */
  readonly #underWay = new Map<object, number>();
  #bytes = 0;
  /** The one that holds up others, as of the last `overdue`, and since when. */
  #holder: object | undefined;
  #heldUpSinceMs = 0;

  /** @param maxBytes - Total above which they wait for each other. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Their total, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Sets the bytes of a peer's message; 0 when it is complete, or the peer gone. */
  book(peer: object, bytes: number): void {
    const before = this.#underWay.get(peer) ?? 0;
    const now = bytes > FIRST_PART_BYTES ? bytes : 0;
    if (now === before) return;
    this.#bytes += now - before;
    if (now > 0) return void this.#underWay.set(peer, now);
    this.#underWay.delete(peer);
    // Its next message is another, also where nobody was first in between when `overdue` looked.
    if (this.#holder === peer) this.#holder = undefined;
  }

  /** Whether a peer's message must wait for others. Ask again later, since others end. */
  mustWait(peer: object): boolean {
    if (this.#bytes <= this.#maxBytes || !this.#underWay.has(peer)) return false;
    return this.#first() !== peer;
  }

  /**
   * The peer whose message has held up others for too long, which is to be disconnected; undefined if there is none. To be
   * called regularly: time counts from call to call.
   *
   * @param nowMs - Monotonic.
   */
  overdue(nowMs: number): object | undefined {
    const holdsUp = this.#bytes > this.#maxBytes && this.#underWay.size > 1;
    const holder = holdsUp ? this.#first() : undefined;
    if (holder !== this.#holder) this.#heldUpSinceMs = nowMs;
    this.#holder = holder;
    return nowMs - this.#heldUpSinceMs > MAX_HOLD_UP_MS ? holder : undefined;
  }

  #first(): object | undefined {
    return this.#underWay.keys().next().value;
  }
}
