// Randomness as an argument: unpredictable to peers in production, reproducible in tests.

import { outOfRange } from './errors/errors.ts';
import { nodeCrypto } from './load-later.ts';

/** A source of independent, uniform integers from 0 to 2^32 - 1. */
export type RandomUint32 = () => number;

/** Words fetched from the system at a time: a call costs as much as some hundred draws from the pool. */
const POOL_WORDS = 1024;

/** Number of values of one draw. */
const DRAW_RANGE = 0x1_0000_0000;

/** Creates an unpredictable source from the system's generator. Sources never repeat each other's values. */
export function createSecureRandom(): RandomUint32 {
  const { randomFillSync } = nodeCrypto();
  const pool = new Uint32Array(POOL_WORDS);
  let next = POOL_WORDS;
  return () => {
    if (next === POOL_WORDS) {
      randomFillSync(pool);
      next = 0;
    }
    const word = pool[next]!;
    // A used draw is erased: a later leak of memory reveals nothing about past decisions.
    pool[next++] = 0;
    return word;
  };
}

/**
 * Draws a uniform integer from 0 to `bound` - 1.
 *
 * Draws beyond the last full multiple of `bound` are thrown away, so that no value is favoured as a plain modulo would.
 *
 * @param bound - Number of values, 1 to 2^32.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `bound` is not an integer in that range.
 */
export function uniformBelow(random: RandomUint32, bound: number): number {
  if (!(Number.isInteger(bound) && bound >= 1 && bound <= DRAW_RANGE)) {
    throw outOfRange('bound', 'an integer 1..2^32', bound);
  }
  for (;;) {
    const draw = random();
    // Nearly every draw is below a limit that is cheap to tell; the exact one takes a division of floating-point numbers.
    if (draw <= DRAW_RANGE - bound || draw < DRAW_RANGE - (DRAW_RANGE % bound)) return draw % bound;
  }
}

/** Draws a uniform 64-bit integer. */
export function random64(random: RandomUint32): bigint {
  return (BigInt(random()) << 32n) | BigInt(random());
}

/** Bits of a double's mantissa, split over two draws. */
const HIGH_BITS_RANGE = 0x20_0000;
const MANTISSA_RANGE = HIGH_BITS_RANGE * DRAW_RANGE;
const MICROSECONDS_PER_MS = 1_000;

/**
 * Draws how long to wait for something that happens at random with a mean interval, in milliseconds to the microsecond.
 *
 * Compare the result with a clock from time to time; a host's timer may not reach as far.
 *
 * @param meanMs - 0 or more.
 */
export function exponentialMs(random: RandomUint32, meanMs: number): number {
  const share = ((random() >>> 11) * DRAW_RANGE + random()) / MANTISSA_RANGE;
  return Math.round(-Math.log1p(-share) * meanMs * MICROSECONDS_PER_MS) / MICROSECONDS_PER_MS;
}

/** Puts a list into a uniformly random order, in place. (Fisher and Yates) */
export function shuffle<T>(random: RandomUint32, list: T[]): void {
  for (let last = list.length - 1; last > 0; last--) {
    const other = uniformBelow(random, last + 1);
    const element = list[last]!;
    list[last] = list[other]!;
    list[other] = element;
  }
}
