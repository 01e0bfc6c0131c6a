import { describe, expect, it } from 'vitest';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../../../ts/sockman/backends/memory/virtual-clock.ts';
import { seededRandom } from '../../../../ts/sockman/backends/memory/seeded-random.ts';

describe('VirtualClock', () => {
  it('stands still until it is moved', () => {
    const clock = new VirtualClock();
    let calls = 0;
    clock.soon(() => calls++);
    clock.after(0, () => calls++);
    expect(clock.now()).toBe(0);
    expect(calls).toBe(0);
    clock.advance(0);
    expect(calls).toBe(2);
    expect(clock.now()).toBe(0);
  });

  it('runs entries at their own time, in order of making where that is the same', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    const note = (name: string) => (): void => void log.push(`${name}@${clock.now()}`);
    clock.after(30, note('c'));
    clock.after(10, note('a'));
    clock.after(30, note('d'));
    clock.after(20, () => {
      note('b')();
      clock.after(10, note('e'));
      clock.soon(note('b2'));
    });
    clock.advance(29.5);
    expect(log).toEqual(['a@10', 'b@20', 'b2@20']);
    expect(clock.now()).toBe(29.5);
    clock.advance(0.5);
    expect(log.slice(3)).toEqual(['c@30', 'd@30', 'e@30']);
  });

  it('keeps thousands of entries in order', () => {
    const clock = new VirtualClock();
    const random = seededRandom(5);
    const due: number[] = [];
    const cancelled: number[] = [];
    for (let count = 0; count < 5000; count++) {
      const delayMs = Math.floor(random() * 1000);
      const timer = clock.after(delayMs, () => due.push(delayMs));
      if (count % 3 === 0) {
        timer.cancel();
        cancelled.push(delayMs);
      }
    }
    clock.advance(1000);
    expect(due).toHaveLength(5000 - cancelled.length);
    expect(due).toEqual(due.toSorted((a, b) => a - b));
  });

  it('never calls a cancelled entry, nor minds a late cancel', () => {
    const clock = new VirtualClock();
    let calls = 0;
    const other = clock.after(5, () => calls++);
    const first = clock.after(5, () => {
      calls++;
      first.cancel();
      second.cancel();
    });
    const second = clock.after(5, () => (calls += 100));
    other.cancel();
    clock.advance(10);
    first.cancel();
    expect(calls).toBe(1);
    expect(clock.isIdle).toBe(true);
  });

  it('goes as far as work needs when it runs until idle, and leaves timers beyond it', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.workAt(100, () => log.push('work'));
    clock.after(40, () => log.push('timer on the way'));
    clock.after(101, () => log.push('timer beyond'));
    clock.runUntilIdle();
    expect(log).toEqual(['timer on the way', 'work']);
    expect(clock.now()).toBe(100);
    expect(clock.isIdle).toBe(true);
  });

  it('counts wall-clock time from its epoch', () => {
    const clock = new VirtualClock();
    clock.advance(1234.5);
    expect(clock.wallTimeMs()).toBe(VIRTUAL_EPOCH_MS + 1234);
    expect(new VirtualClock({ wallTimeMs: 7 }).wallTimeMs()).toBe(7);
  });

  it('throws the errors of callbacks at its caller, and goes on afterwards', () => {
    const clock = new VirtualClock();
    let calls = 0;
    clock.soon(() => {
      throw new Error('from the callback');
    });
    clock.soon(() => calls++);
    expect(() => clock.runUntilIdle()).toThrow('from the callback');
    clock.runUntilIdle();
    expect(calls).toBe(1);
  });

  it('refuses to be run from inside a callback', () => {
    const clock = new VirtualClock();
    const codes: unknown[] = [];
    clock.soon(() => {
      for (const run of [() => clock.advance(1), () => clock.runUntilIdle()]) {
        try {
          run();
        } catch (error) {
          codes.push((error as { code: unknown }).code);
        }
      }
    });
    clock.runUntilIdle();
    expect(codes).toEqual(['ERR_SOCKMAN_STATE', 'ERR_SOCKMAN_STATE']);
  });

  it('refuses times that are negative or not finite', () => {
    const clock = new VirtualClock();
    for (const ms of [-1, NaN, Infinity]) {
      expect(() => clock.advance(ms)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
    }
    expect(() => clock.advance('1' as unknown as number)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
    for (const ms of [NaN, Infinity]) {
      expect(() => clock.after(ms, () => {})).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
    }
  });

  it('settles only when the promises it set off have nothing more to do', async () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    async function talk(): Promise<void> {
      for (let round = 0; round < 5; round++) {
        await new Promise<void>((resolve) => clock.soon(resolve));
        log.push(`round ${round}`);
      }
    }
    const done = talk();
    await clock.settle();
    expect(log).toHaveLength(5);
    await done;
  });

  it('runs by itself, and with the host’s time, when asked to', async () => {
    const clock = new VirtualClock({ autoRun: true });
    const startMs = clock.now();
    const log: string[] = [];
    clock.after(20, () => log.push('timer'));
    clock.after(10, () => log.push('cancelled')).cancel();
    await new Promise<void>((resolve) => clock.soon(resolve));
    log.push('soon');
    await new Promise<void>((resolve) => clock.after(25, resolve));
    expect(log.toSorted()).toEqual(['soon', 'timer']);
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(25);
  });

  it('can be pushed ahead of the host’s time', async () => {
    const clock = new VirtualClock({ autoRun: true });
    const fired = new Promise<void>((resolve) => clock.after(3_600_000, resolve));
    clock.advance(3_600_000);
    await fired;
    expect(clock.now()).toBeGreaterThanOrEqual(3_600_000);
  });
});
