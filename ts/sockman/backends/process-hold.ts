// Keeps the process alive while a backend is started, with or without open sockets: someone may dial or listen later.

/** The longest a timer of the runtime can wait, in milliseconds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class ProcessHold {
  #timer: NodeJS.Timeout | undefined;

  take(): void {
    this.#timer ??= setInterval(() => {}, LONGEST_TIMER_MS);
  }

  /** Idempotent. */
  release(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
