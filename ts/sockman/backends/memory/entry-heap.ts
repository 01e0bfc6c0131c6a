// The queue of a `VirtualClock`: a binary heap, earliest entry first, in order of making among equals.

export interface Entry {
  readonly dueMs: number;
  /** Counts up with each entry: the order of entries due at the same time. */
  readonly order: number;
  readonly isWork: boolean;
  /** Undefined after it ran or was cancelled. */
  callback: (() => void) | undefined;
}

function runsBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

export class EntryHeap {
  readonly #heap: Entry[] = [];

  push(entry: Entry): void {
    const heap = this.#heap;
    let hole = heap.length;
    heap.push(entry);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!runsBefore(entry, heap[parent]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = entry;
  }

  /** The earliest entry that was not cancelled. Cancelled ones are dropped when they reach the front. */
  first(): Entry | undefined {
    let first = this.#heap[0];
    while (first !== undefined && first.callback === undefined) {
      this.removeFirst();
      first = this.#heap[0];
    }
    return first;
  }

  removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && runsBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!runsBefore(heap[child]!, last)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
  }
}
