import { describe, expect, it } from 'vitest';

import { Deadline, Deadlines } from '../../ts/sockman/turn/deadline.ts';
import { VirtualClock } from '../../ts/testing.ts';

/** A loop's pace whose clock counts the timers that are asked for. */
class Stage {
  readonly clock = new VirtualClock();
  readonly isBehind = false;
  readonly deadlines = new Deadlines();
  timers = 0;
  readonly calls: string[] = [];

  constructor() {
    const after = this.clock.after.bind(this.clock);
    this.clock.after = (ms, callback) => {
      this.timers++;
      return after(ms, callback);
    };
  }

  deadline(name: string, ms: number, onOver?: () => void): Deadline {
    const deadline = new Deadline(this, onOver ?? (() => this.calls.push(`${name} ${this.clock.now()}`)));
    deadline.set(ms);
    return deadline;
  }
}

describe('deadlines of one millisecond', () => {
  it('share a timer, and are over in the order they were set', () => {
    const stage = new Stage();
    for (const name of ['a', 'b', 'c']) stage.deadline(name, 10);
    stage.deadline('d', 11);
    expect(stage.timers).toBe(2);
    stage.clock.advance(9);
    expect(stage.calls).toEqual([]);
    stage.clock.advance(2);
    expect(stage.calls).toEqual(['a 10', 'b 10', 'c 10', 'd 11']);
  });

  it('share one though they were set within a fraction of it, and none is over too early', () => {
    const stage = new Stage();
    stage.clock.advance(0.25);
    stage.deadline('a', 10);
    stage.clock.advance(0.25);
    stage.deadline('b', 10);
    expect(stage.timers).toBe(1);
    stage.clock.advance(9.75);
    expect(stage.calls).toEqual([]);
    stage.clock.advance(2);
    expect(stage.calls.map((call) => call.split(' ')[0])).toEqual(['a', 'b']);
  });

  it('go their own ways when one is moved or cancelled', () => {
    const stage = new Stage();
    const [moved, nearer, cancelled] = ['moved', 'nearer', 'cancelled'].map((name) => stage.deadline(name, 10));
    stage.deadline('stays', 10);
    moved!.set(20);
    nearer!.set(5);
    cancelled!.cancel();
    stage.clock.advance(30);
    expect(stage.calls).toEqual(['nearer 5', 'stays 10', 'moved 20']);
  });

  it('wait for a pass after they are due, however long the one is that goes on then', () => {
    const stage = new Stage();
    const passMs = 50;
    stage.clock.soon = (callback) => stage.clock.workAt(stage.clock.now() + passMs, callback);
    const moved = stage.deadline('moved', 10);
    moved.set(30);
    stage.deadline('stays', 10);
    stage.clock.advance(200);
    expect(stage.calls).toEqual(['stays 60', 'moved 110']);
  });

  it('forget one that another cancels, though both were due', () => {
    const stage = new Stage();
    const first = stage.deadline('first', 10, () => second.cancel());
    const second = stage.deadline('second', 10);
    stage.clock.advance(10);
    expect(stage.calls).toEqual([]);
    first.set(1);
    stage.clock.advance(1);
    expect(stage.calls).toEqual([]);
  });

  it('are all heard of when one of them throws', () => {
    const stage = new Stage();
    const mishap = new Error('a listener');
    stage.deadline('a', 10);
    stage.deadline('throws', 10, () => {
      throw mishap;
    });
    stage.deadline('b', 10);
    expect(() => stage.clock.advance(10)).toThrow(mishap);
    stage.clock.advance(1);
    expect(stage.calls.map((call) => call.split(' ')[0])).toEqual(['a', 'b']);
  });

  it('leave no timer behind when all are cancelled', () => {
    const stage = new Stage();
    const all = ['a', 'b'].map((name) => stage.deadline(name, 10));
    for (const deadline of all) deadline.cancel();
    stage.deadline('c', 10);
    expect(stage.timers).toBe(2);
    stage.deadlines.cancelAll();
    stage.clock.advance(20);
    expect(stage.calls).toEqual([]);
  });
});
