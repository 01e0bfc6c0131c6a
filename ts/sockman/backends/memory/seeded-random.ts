// Random numbers that can be repeated.

/** Numbers in [0, 1) that are a function of the seed: xorshift32 (Marsaglia 2003). Not for secrets. */
export function seededRandom(seed: number): () => number {
  // The generator would stay at zero, and similar seeds start with similar numbers: mix first.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  state ^= state >>> 15;
  if (state === 0) state = 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
