// Keeps the process alive while a backend is started, with or without open sockets: a dial or a listener may follow later.

/** The longest a timer of the runtime can wait, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class ProcessHold {
  #timer: NodeJS.Timeout | undefined;
  #isWanted = true;
  #isTaken = false;

  take(): void {
    this.#isTaken = true;
    this.#update();
  }

  /** Idempotent. */
  release(): void {
    this.#isTaken = false;
    this.#update();
  }

  /** Whether the process is kept alive while the hold is taken; true by default. */
  setWanted(isWanted: boolean): void {
    this.#isWanted = isWanted;
    this.#update();
  }

  #update(): void {
    if (this.#isTaken && this.#isWanted) this.#timer ??= setInterval(() => {}, LONGEST_TIMER_MS);
    else {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
  }
}
