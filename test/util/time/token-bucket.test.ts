import { expect, test } from 'vitest';
import { TokenBucket } from '../../../ts/util/time/token-bucket.ts';

test('starts full, or with as many tokens as told', () => {
  expect(new TokenBucket({ capacity: 5, tokensPerSecond: 1, nowMs: 0 }).tokens).toBe(5);
  expect(new TokenBucket({ capacity: 5, tokensPerSecond: 1, tokens: 1, nowMs: 0 }).tokens).toBe(1);
});

test('spends what it has and not one more', () => {
  const bucket = new TokenBucket({ capacity: 3, tokensPerSecond: 1, nowMs: 0 });
  expect([bucket.tryTake(), bucket.tryTake(2), bucket.tryTake()]).toEqual([true, true, false]);
  expect(bucket.tokens).toBe(0);
});

test('does not spend a fraction as a whole token', () => {
  const bucket = new TokenBucket({ capacity: 10, tokensPerSecond: 0.5, tokens: 0, nowMs: 1000 });
  bucket.refill(2998);
  expect([bucket.tokens, bucket.tryTake()]).toEqual([0.999, false]);
  bucket.refill(3002);
  expect(bucket.tryTake()).toBe(true);
});

test('fills at its rate up to the capacity', () => {
  const bucket = new TokenBucket({ capacity: 1000, tokensPerSecond: 0.1, tokens: 1, nowMs: 0 });
  bucket.refill(60_000);
  expect(bucket.tokens).toBeCloseTo(7);
  bucket.refill(100 * 3_600_000);
  expect(bucket.tokens).toBe(1000);
});

test('keeps tokens that were added above the capacity, without filling', () => {
  const bucket = new TokenBucket({ capacity: 1000, tokensPerSecond: 0.1, tokens: 999, nowMs: 0 });
  bucket.add(1000);
  bucket.refill(1_000_000);
  expect(bucket.tokens).toBe(1999);
  expect(bucket.tryTake(1000)).toBe(true);
  bucket.refill(1_010_000);
  expect(bucket.tokens).toBe(1000);
});

test('gains nothing from a clock that goes back and forth again', () => {
  const bucket = new TokenBucket({ capacity: 100, tokensPerSecond: 1, tokens: 0, nowMs: 10_000 });
  bucket.refill(4_000);
  expect(bucket.tokens).toBe(0);
  bucket.refill(5_000);
  expect(bucket.tokens).toBe(1);
});
