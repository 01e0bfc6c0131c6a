import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareBytes, equalBytes } from '../../../ts/util/bytes/compare-bytes.ts';

test('the order is that of Buffer.compare, and equality is its zero', () => {
  // Few different bytes, so that equal arrays and prefixes come up.
  const bytes = fc.array(fc.constantFrom(0, 1, 127, 128, 255), { maxLength: 4 }).map((array) => Uint8Array.from(array));
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
      expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
    }),
    { numRuns: 1000 },
  );
});
