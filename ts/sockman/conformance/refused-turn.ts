// The state of a turn that the sink postponed: when the turn comes again, nothing may have changed.

import * as assert from 'node:assert';

import { RECORD_WORDS, RecordFlag } from '../backends/backend.ts';
import type { Backend } from '../backends/backend.ts';

/** A copy of the records of a turn, and of their bytes. */
export class RefusedTurn {
  readonly #backend: Backend;
  readonly #records: Int32Array;
  readonly #bytes: Buffer[];

  constructor(backend: Backend, recordCount: number) {
    this.#backend = backend;
    this.#records = backend.records.slice(0, recordCount * RECORD_WORDS);
    this.#bytes = this.#copyBytes();
  }

  /** @throws {AssertionError} The next turn differs, or comes in the same pass. */
  assertComesAgain(recordCount: number, isNewPass: boolean): void {
    const again = this.#backend.records.slice(0, recordCount * RECORD_WORDS);
    assert.deepStrictEqual(again, this.#records, 'a turn that was put off comes again with the same records');
    assert.deepStrictEqual(this.#copyBytes(), this.#bytes, 'a turn that was put off comes again with the same bytes');
    assert.ok(isNewPass, 'a turn that was put off comes again in the next pass');
  }

  #copyBytes(): Buffer[] {
    const copies: Buffer[] = [];
    for (let word = 0; word < this.#records.length; word += RECORD_WORDS) {
      const [, flags, offset, length] = this.#records.subarray(word) as unknown as [number, number, number, number];
      if ((flags & RecordFlag.DATA) !== 0) copies.push(Buffer.from(this.#backend.slab.view(offset, length)));
    }
    return copies;
  }
}
