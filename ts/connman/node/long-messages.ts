// Long messages of inbound peers in progress, and which of them have to wait.
//
// A message may have 4 MB, a stranger has a hundred connections, and half of a message gets no shorter by waiting. So above
// a total the long ones wait, which means that their sockets are not read: all but the one that began first, then the next.
// Short messages never wait, nor do peers that we dialed, or that have permission: blocks come from them.

import { FIRST_PART_BYTES } from '../../p2p/transport/transport.ts';

/** The long messages of one `Connman`'s inbound peers. */
export class LongMessages {
  readonly #maxBytes: number;
  /** Bytes of each, in the order in which they began. */
  readonly #underWay = new Map<object, number>();
  #bytes = 0;

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
    if (now > 0) this.#underWay.set(peer, now);
    else this.#underWay.delete(peer);
  }

  /** Whether a peer's message must wait for others. Ask again later, since others end. */
  mustWait(peer: object): boolean {
    if (this.#bytes <= this.#maxBytes || !this.#underWay.has(peer)) return false;
    return this.#underWay.keys().next().value !== peer;
  }
}
