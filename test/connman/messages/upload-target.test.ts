import { describe, expect, it } from 'vitest';
import { UPLOAD_CYCLE_SECONDS, UploadTarget, parseUploadTarget } from '../../../ts/connman/messages/upload-target.ts';
import { VirtualClock } from '../../../ts/testing.ts';

describe('the text of an upload target', () => {
  it.each([
    ['0M', 0],
    ['0', 0],
    ['1', 2 ** 20],
    ['500M', 500 * 2 ** 20],
    ['500m', 500e6],
    ['7k', 7_000],
    ['7K', 7_168],
    ['2g', 2e9],
    ['2G', 2 ** 31],
    ['3t', 3e12],
    ['3T', 3 * 2 ** 40],
    ['9007199254740k', 9_007_199_254_740_000],
  ])('%s is read', (text, bytes) => {
    expect(parseUploadTarget(text)).toBe(bytes);
  });

  it.each(['', 'M', '-1', '1.5G', '1 M', '1MB', '0x10', '1e3', '9007199254741k', '99999999999999999999t', '１'])(
    '%s is refused',
    (text) => {
      expect(() => parseUploadTarget(text)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    },
  );
});

describe('an upload target', () => {
  const HELD_BACK_BYTES = 576_000_000;

  function target(limitBytes: number): { clock: VirtualClock; target: UploadTarget } {
    const clock = new VirtualClock();
    return { clock, target: new UploadTarget(limitBytes, clock) };
  }

  it('of nothing is never reached', () => {
    const { target: none } = target(0);
    none.count(1e12);
    expect([none.isReached(), none.isReached(true), none.bytesLeft, none.secondsLeft]).toEqual([false, false, 0, 0]);
  });

  it('is reached at its last byte', () => {
    const { target: small } = target(1_000);
    small.count(999);
    expect([small.isReached(), small.bytesLeft]).toEqual([false, 1]);
    small.count(1);
    expect([small.isReached(), small.bytesLeft]).toEqual([true, 0]);
    small.count(1);
    expect(small.bytesLeft).toBe(0);
  });

  it('begins its first day with the first byte, and the next one a second after that is over', () => {
    const { clock, target: small } = target(1_000);
    clock.advance(5_000_000);
    expect(small.secondsLeft).toBe(UPLOAD_CYCLE_SECONDS);
    small.count(1_000);
    clock.advance(60_000);
    expect(small.secondsLeft).toBe(UPLOAD_CYCLE_SECONDS - 60);
    clock.advance((UPLOAD_CYCLE_SECONDS - 60) * 1_000);
    small.count(1);
    expect([small.isReached(), small.secondsLeft]).toEqual([true, 0]);
    clock.advance(1_000);
    small.count(1);
    expect([small.isReached(), small.bytesLeft, small.secondsLeft]).toEqual([false, 999, UPLOAD_CYCLE_SECONDS]);
  });

  it('holds back a block for every ten minutes that are left', () => {
    const { clock, target: large } = target(HELD_BACK_BYTES + 1_000);
    large.count(1);
    expect(large.isReached(true)).toBe(false);
    large.count(998);
    expect(large.isReached(true)).toBe(false);
    large.count(1);
    expect(large.isReached(true)).toBe(true);
    expect(large.isReached()).toBe(false);
    clock.advance(1_000);
    expect(large.isReached(true)).toBe(false);
  });

  it.each([2 ** 20, HELD_BACK_BYTES])('of %i bytes never serves what can wait, at the start of a day', (limitBytes) => {
    expect(target(limitBytes).target.isReached(true)).toBe(true);
    expect(target(limitBytes).target.isReached()).toBe(false);
  });
});
