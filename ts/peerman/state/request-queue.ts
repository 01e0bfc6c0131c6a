// What a peer asked for with `getdata` and has not got yet.

import type { InventoryItem } from '../../p2p/messages/inventory.ts';

/** First in, first out. */
export class RequestQueue {
  #items: readonly InventoryItem[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): InventoryItem | undefined {
    return this.#items[this.#head];
  }

  /** Only for an empty queue: nothing is processed while one waits. */
  fill(items: readonly InventoryItem[]): void {
    this.#items = items;
    this.#head = 0;
  }

  dropFirst(): void {
    this.#head++;
    if (this.#head === this.#items.length) this.fill([]);
  }
}
