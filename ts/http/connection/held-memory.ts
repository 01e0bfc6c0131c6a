// The memory that all connections of a server hold together, and which of them have to wait.
//
// A body is bounded by itself, at 32 MiB by default, and a stranger sends a hundred at a time. So what is held draws on one
// `MemoryBudget`: who holds more than its share is not read until there is room, the largest first. Half a body gets no
// shorter by waiting, though, and all of them could wait for each other: so the one that began first is read whatever it
// holds, then the next. Together they exceed the budget by one body. Who waits longer than the idle timeout is closed.

import type { MemoryAccount, MemoryBudget } from '../../util/memory/memory-budget.ts';

/** The memory of one server's connections. */
export class ServerMemory {
  readonly #budget: MemoryBudget;
  /** Connections in the middle of a body, in the order in which the bodies began. */
  readonly #collecting = new Set<HeldMemory>();

  constructor(budget: MemoryBudget) {
    this.#budget = budget;
  }

  /**
   * The memory of one connection.
   * @param onTurn - Called when this connection becomes the one that is always read on.
   */
  open(onTurn: () => void): HeldMemory {
    return new HeldMemory(this.#budget.open(), this.#collecting, onTurn);
  }
}

/** The memory of one connection. */
export class HeldMemory {
  readonly #account: MemoryAccount;
  readonly #collecting: Set<HeldMemory>;
  readonly #onTurn: () => void;

  /** See `ServerMemory.open`. */
  constructor(account: MemoryAccount, collecting: Set<HeldMemory>, onTurn: () => void) {
    this.#account = account;
    this.#collecting = collecting;
    this.#onTurn = onTurn;
  }

  /**
   * Books all that the connection holds, in place of what was booked before.
   *
   * @param bytes - Requests and answers, with the part of a body that has come.
   * @param isCollecting - Whether there is such a part.
   * @returns Whether the connection has to wait: its socket is not to be read. Ask again later, since others give memory
   * back.
   */
  book(bytes: number, isCollecting: boolean): boolean {
    const change = bytes - this.#account.waitingBytes;
    if (change > 0) this.#account.add(change);
    else this.#account.remove(-change);
    if (isCollecting) this.#collecting.add(this);
    else this.#leave();
    return this.#account.isPaused && this.#first !== this;
  }

  /** The connection is gone. */
  close(): void {
    this.#account.close();
    this.#leave();
  }

  get #first(): HeldMemory | undefined {
    return this.#collecting.values().next().value;
  }

  #leave(): void {
    const wasFirst = this.#first === this;
    this.#collecting.delete(this);
    const next = this.#first;
    if (wasFirst && next !== undefined) next.#onTurn();
  }
}
