// The memory that all connections of a server hold together, and which of them have to wait.

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
