// Handlers that run, and requests that wait for one to end. (Bitcoin Core src/httpserver.cpp, its thread pool)
//
// There are no threads: a handler that returns nothing is done at once; one that returns a promise holds its slot until the
// promise settles.

export class WorkQueue<Item> {
  readonly #slots: number;
  readonly #depth: number;
  readonly #run: (item: Item) => void | Promise<void>;
  readonly #waiting: Item[] = [];
  #running = 0;

  /**
   * @param slots - Items that run at a time, from 1.
   * @param depth - Items that may wait, from 1.
   * @param run - Starts one; gives its promise where it is not done yet. Neither throws nor rejects.
   */
  constructor(slots: number, depth: number, run: (item: Item) => void | Promise<void>) {
    this.#slots = slots;
    this.#depth = depth;
    this.#run = run;
  }

  /** Items that have started and not ended. */
  get running(): number {
    return this.#running;
  }

  /** Items that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs an item now, or when those before it are done. @returns False if too many wait. */
  submit(item: Item): boolean {
    if (this.#running < this.#slots) {
      this.#start(item);
      return true;
    }
    if (this.#waiting.length >= this.#depth) return false;
    this.#waiting.push(item);
    return true;
  }

  #start(item: Item): void {
    this.#running++;
    const ending = this.#run(item);
    if (ending === undefined) this.#running--;
    else void ending.then(() => this.#ended());
  }

  #ended(): void {
    this.#running--;
    while (this.#running < this.#slots && this.#waiting.length > 0) this.#start(this.#waiting.shift()!);
  }
}
