// An assertion that `node:assert` has only since Node 22.

import * as assert from 'node:assert';

/** Asserts that an object has these properties with these values. */
export function assertHas(actual: object | undefined, expected: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(expected)) {
    assert.deepStrictEqual(
      (actual as Record<string, unknown> | undefined)?.[name],
      value,
      `${name} of ${JSON.stringify(actual)}`,
    );
  }
}
