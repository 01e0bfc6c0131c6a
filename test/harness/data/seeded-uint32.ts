// Reproducible randomness for parts that draw 32-bit words.

import type { RandomUint32 } from '../../../ts/util/random.ts';

/** Uniform words that are a function of the seed: sfc32 (Doty-Humphrey, PractRand). */
export function seededUint32(seed: number): RandomUint32 {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];
  const next = (): number => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    c |= 0;
    return result >>> 0;
  };
  for (let round = 0; round < 12; round++) next();
  return next;
}
