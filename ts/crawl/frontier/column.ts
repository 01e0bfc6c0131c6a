// Columns: the numbers of a growing table, without an object for each row. They grow by half, one after the other, so that at
// most one of them exists twice at a time.

/** First size, in rows. */
const FIRST_ROWS = 1_024;

/** The next size of a column that needs room for `rows`. */
export function grownTo(rows: number, now: number): number {
  return Math.max(FIRST_ROWS, rows, Math.ceil(now * 1.5));
}

/** A column of bytes with room for `rows`, which begins with the content of `old`. */
export function grownBytes(old: Uint8Array, rows: number): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(rows);
  grown.set(old);
  return grown;
}

/** As `grownBytes`, for numbers of 32 bits. */
export function grownUint32(old: Uint32Array, rows: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(rows);
  grown.set(old);
  return grown;
}

/** A queue of pairs of a row and a time, in the order of the times. */
export class TimedQueue {
  #rows = new Uint32Array(FIRST_ROWS);
  #times = new Float64Array(FIRST_ROWS);
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Time of the first pair; Infinity when the queue is empty. */
  get firstTime(): number {
    return this.#length === 0 ? Infinity : this.#times[this.#first]!;
  }

  /** @param time - Not before that of the last pair. */
  push(row: number, time: number): void {
    if (this.#length === this.#rows.length) this.#grow();
    const at = (this.#first + this.#length++) % this.#rows.length;
    this.#rows[at] = row;
    this.#times[at] = time;
  }

  /** Removes the first pair, which must exist. @returns Its row. */
  shift(): number {
    const row = this.#rows[this.#first]!;
    this.#first = (this.#first + 1) % this.#rows.length;
    this.#length--;
    return row;
  }

  #grow(): void {
    const rows = new Uint32Array(this.#rows.length * 2);
    const times = new Float64Array(rows.length);
    for (let index = 0; index < this.#length; index++) {
      const at = (this.#first + index) % this.#rows.length;
      rows[index] = this.#rows[at]!;
      times[index] = this.#times[at]!;
    }
    this.#rows = rows;
    this.#times = times;
    this.#first = 0;
  }
}
