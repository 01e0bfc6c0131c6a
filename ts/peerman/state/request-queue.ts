// A peer's `getdata` requests that are not answered yet.

import type { InventoryEntries, InventoryItem } from '../../p2p/messages/inventory.ts';

/** First in, first out. The entries stay in their message. */
export class RequestQueue {
  /** Whether the embedder may have received a part of the message in an earlier visit. */
  isShown = true;
  #entries: InventoryEntries | undefined;
  #head = 0;

  get length(): number {
    return this.#entries === undefined ? 0 : this.#entries.count - this.#head;
  }

  /** Only for an empty queue: no message is processed while entries wait. */
  fill(entries: InventoryEntries): void {
    this.#entries = entries;
    this.#head = 0;
  }

  /** The type of the first entry. Call this, and the methods below, only if there is one. */
  get firstType(): number {
    return this.#entries!.typeAt(this.#head);
  }

  /** The first entry, its hash a view. */
  get first(): InventoryItem {
    return this.#entries!.itemAt(this.#head);
  }

  /** The first entry as it came, a view. */
  get firstBytes(): Uint8Array {
    return this.#entries!.slice(this.#head, this.#head + 1);
  }

  dropFirst(): void {
    this.#head++;
  }

  /** Drops the message once all entries were taken. @returns Its payload, once; undefined while entries are left. */
  takeEmptied(): Uint8Array | undefined {
    if (this.#entries === undefined || this.length > 0) return undefined;
    const { payload } = this.#entries;
    this.#entries = undefined;
    return payload;
  }
}
