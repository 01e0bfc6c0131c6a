// Waiting that an abort ends: for a time, and for somebody else's promise.

import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../ts/sockman/backends/memory/virtual-clock.ts';
import { beforeAbort } from '../../../ts/util/time/before-abort.ts';
import { sleep } from '../../../ts/util/time/sleep.ts';

/** Whether a promise has settled once all that is due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('sleep', () => {
  it('ends when its time has come, and not before', async () => {
    const clock = new VirtualClock();
    const slept = sleep(clock, 1_000, new AbortController().signal);
    clock.advance(999);
    expect(await isSettled(slept)).toBe(false);
    clock.advance(1);
    expect(await isSettled(slept)).toBe(true);
  });

  it('ends at once by an abort, before it or during it, and leaves no timer', async () => {
    let pending = 0;
    const after = (): { cancel: () => void } => {
      pending++;
      return { cancel: () => void pending-- };
    };
    const controller = new AbortController();
    const slept = sleep({ after }, 1_000, controller.signal);
    expect(pending).toBe(1);
    controller.abort();
    expect(await isSettled(slept)).toBe(true);
    expect(pending).toBe(0);
    expect(await isSettled(sleep({ after }, 1_000, controller.signal))).toBe(true);
    expect(pending).toBe(0);
  });
});

describe('beforeAbort', () => {
  it('gives what the promise gives, or throws what it throws', async () => {
    const { signal } = new AbortController();
    await expect(beforeAbort(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(beforeAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
  });

  it('gives nothing as soon as the signal is aborted', async () => {
    const controller = new AbortController();
    const never = new Promise<number>(() => {});
    const waiting = beforeAbort(never, controller.signal);
    expect(await isSettled(waiting)).toBe(false);
    controller.abort();
    await expect(waiting).resolves.toBeUndefined();
    await expect(beforeAbort(never, controller.signal)).resolves.toBeUndefined();
  });
});
