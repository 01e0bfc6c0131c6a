import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { FIELD_PRIME as P, Field, TABLE_ENTRY_COUNT } from '../../../ts/p2p/bip324/field.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

const field = new Field();
const [a, b, c] = field.allocate(3) as [number, number, number];

const put = (slot: number, value: bigint): void => field.fromBytes(slot, fromHex(value.toString(16).padStart(64, '0')));
const take = (slot: number): bigint => {
  const bytes = new Uint8Array(32);
  field.toBytes(slot, bytes);
  return BigInt(`0x${toHex(bytes)}`);
};
const mod = (value: bigint): bigint => ((value % P) + P) % P;
function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(base), e = exponent; e > 0n; e >>= 1n, square = (square * square) % P) {
    if ((e & 1n) === 1n) result = (result * square) % P;
  }
  return result;
}

/** All that fits 32 bytes, most often where carries and reductions happen. */
const numbers = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
  fc.integer({ min: -3, max: 3 }).map((offset) => P + BigInt(offset)),
  fc.integer({ min: 0, max: 3 }).map((offset) => 2n ** 256n - 1n - BigInt(offset)),
  fc.integer({ min: 0, max: 3 }).map(BigInt),
  fc
    .array(fc.boolean(), { minLength: 16, maxLength: 16 })
    .map((words) => words.reduce((value, isOnes) => (value << 16n) | (isOnes ? 0xffffn : 0n), 0n)),
);

describe('Field', () => {
  it('multiplies, squares, adds scaled and subtracts like BigInt, results of one feeding the next', () => {
    fc.assert(
      fc.property(
        numbers,
        numbers,
        fc.integer({ min: -255, max: 255 }),
        fc.integer({ min: 1, max: 4 }),
        (x, y, k, n) => {
          put(a, x);
          put(b, y);
          field.multiply(c, a, b);
          field.addScaled(c, c, b, k);
          field.square(c, c, n);
          field.subtract(c, c, a);
          field.multiply(c, c, c);
          field.add(c, c, b);
          const powered = power(x * y + BigInt(k) * y, 2n ** BigInt(n));
          expect(take(c)).toBe(mod((powered - x) ** 2n + y));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('allows every operand to be the result', () => {
    put(a, P - 5n);
    field.multiply(a, a, a);
    expect(take(a)).toBe(25n);
    field.subtract(a, a, a);
    expect(take(a)).toBe(0n);
  });

  it('inverts, and gives 0 for 0', () => {
    fc.assert(
      fc.property(numbers, (x) => {
        put(a, x);
        field.invert(b, a);
        expect(take(b)).toBe(power(x, P - 2n));
      }),
    );
  });

  it('finds the square root that is a square, for squares', () => {
    fc.assert(
      fc.property(numbers, (x) => {
        put(a, x);
        field.square(b, a);
        field.rootCandidate(c, b);
        expect(take(c)).toBe(power(x * x, (P + 1n) / 4n));
        field.square(c, c);
        expect(field.areEqual(b, c, a)).toBe(true);
      }),
    );
  });

  it('normalizes numbers from p up, and sees zero in each form it has', () => {
    for (const [value, reduced] of [
      [0n, 0n],
      [P - 1n, P - 1n],
      [P, 0n],
      [P + 1n, 1n],
      [2n ** 256n - 1n, 2n ** 256n - 1n - P],
    ] as const) {
      put(a, value);
      expect(field.isZero(a)).toBe(reduced === 0n);
      expect(take(a)).toBe(reduced);
    }
  });

  it('selects each entry of a table', () => {
    const table = field.allocateEntries(TABLE_ENTRY_COUNT);
    const [to] = field.allocateEntries(1) as [readonly [number, number, number]];
    table.forEach((entry, i) => entry.forEach((slot, part) => put(slot, BigInt(10 * i + part) * 2n ** 240n)));
    for (let i = 0; i < TABLE_ENTRY_COUNT; i++) {
      field.select(to, table, i);
      expect(to.map(take)).toEqual([0, 1, 2].map((part) => BigInt(10 * i + part) * 2n ** 240n));
    }
  });
});
