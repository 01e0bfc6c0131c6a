// Bytes that look random and can be made again: what streams in tests carry, so that a lost or moved byte shows.

/** Multiplier and increment of a linear congruential generator modulo 2^32. (Numerical Recipes, section 7.1) */
const MULTIPLIER = 1_664_525;
const INCREMENT = 1_013_904_223;

/** The first `byteCount` bytes of the noise with this seed. */
export function noise(seed: number, byteCount: number): Buffer {
  const bytes = Buffer.allocUnsafe(byteCount);
  let state = (seed * 2 + 1) >>> 0;
  for (let at = 0; at < byteCount; at++) {
    state = (Math.imul(state, MULTIPLIER) + INCREMENT) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}
