// Work in the background: dials and waits, each a promise. The end waits for all of it.

/** The running tasks of one `Connman`. */
export class Tasks {
  readonly #running = new Set<Promise<void>>();
  readonly #onError: (error: unknown, name: string) => void;

  /** @param onError - Receives what a task threw: a bug, which ends only that task. */
  constructor(onError: (error: unknown, name: string) => void) {
    this.#onError = onError;
  }

  /** Starts a task. It ends by itself, soon after everything it waits for was interrupted. */
  run(name: string, task: () => Promise<void>): void {
    const running = task()
      .catch((error: unknown) => this.#onError(error, name))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Resolves when no task runs. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
