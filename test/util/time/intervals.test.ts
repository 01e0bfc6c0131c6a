import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../ts/sockman/backends/memory/virtual-clock.ts';
import { Intervals } from '../../../ts/util/time/intervals.ts';

describe('Intervals', () => {
  it('calls work at its own rhythm, first after one interval', () => {
    const clock = new VirtualClock();
    const intervals = new Intervals(clock);
    const calls: string[] = [];
    intervals.every(10, () => calls.push(`a ${clock.now()}`));
    intervals.every(25, () => calls.push(`b ${clock.now()}`));
    clock.advance(30);
    expect(calls).toEqual(['a 10', 'a 20', 'b 25', 'a 30']);
    intervals.stop();
  });

  it('ends all of it when stopped, also by the work itself, and begins nothing after that', () => {
    const clock = new VirtualClock();
    const intervals = new Intervals(clock);
    let callCount = 0;
    intervals.every(10, () => {
      callCount++;
      intervals.stop();
    });
    intervals.every(15, () => callCount++);
    clock.advance(100);
    intervals.every(10, () => callCount++);
    clock.advance(100);
    expect(callCount).toBe(1);
  });

  it('goes on after work that threw', () => {
    const clock = new VirtualClock();
    const intervals = new Intervals(clock);
    let callCount = 0;
    intervals.every(10, () => {
      if (callCount++ === 0) throw new Error('once');
    });
    expect(() => clock.advance(10)).toThrow('once');
    clock.advance(20);
    expect(callCount).toBe(3);
    intervals.stop();
  });
});
