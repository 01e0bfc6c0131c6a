// A loop that was busy for longer than a dial may take turned a finished connect into "timed out": timers run before the
// sockets are asked.

import { describe, expect, it } from 'vitest';
import { Deadline, Deadlines } from '../../ts/sockman/turn/deadline.ts';
import { VirtualClock } from '../../ts/sockman/backends/memory/virtual-clock.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describeEachBackend('a loop that is busy past a deadline', (stage) => {
  it('does not end a dial that the kernel has connected', async () => {
    const listener = await stage.rawListener();
    const probe = stage.probe();
    const dialing = probe.connectAndMakeNodeId(listener.bound, { timeoutMs: 50 });
    work(150);
    expect(await dialing).toMatchObject({ nodeId: 0 });
  });

  it('does not keep a deadline of the caller from hearing what came in time', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.send('in time');
    let heard: string | undefined;
    probe.deadline(20, () => (heard = probe.text(nodeId)));
    // In the middle of a pass: the bytes are in the kernel or on their way, and nobody can look.
    work(100);
    await until('the deadline', () => probe.text(nodeId) !== '' || heard !== undefined);
    await until('the judgement', () => heard !== undefined || probe.text(nodeId) === 'in time');
    expect(heard ?? 'in time').toBe('in time');
  });

  it('does not end the time of a stream whose bytes came in time', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    const first = new Promise<string>((resolve) => {
      for (const event of ['data', 'timeout']) stream.once(event, () => resolve(event));
    });
    stream.setTimeout(50);
    peer.send('in time');
    work(150);
    expect(await first).toBe('data');
  });

  it('leaves nothing of a deadline that was cancelled', async () => {
    const probe = stage.probe();
    let isOver = false;
    probe.deadline(0, () => (isOver = true)).cancel();
    await new Promise<void>((resolve) => void probe.deadline(1, resolve));
    expect(isOver).toBe(false);
  });
});

describe('Deadline', () => {
  function staged(): {
    clock: VirtualClock;
    pace: { clock: VirtualClock; isBehind: boolean; deadlines: Deadlines };
    calls: number[];
    deadline: Deadline;
  } {
    const clock = new VirtualClock();
    const pace = { clock, isBehind: false, deadlines: new Deadlines() };
    const calls: number[] = [];
    return { clock, pace, calls, deadline: new Deadline(pace, () => calls.push(clock.now())) };
  }

  it('waits for as many passes as it takes to look at what is ready', () => {
    const { clock, pace, calls, deadline } = staged();
    pace.isBehind = true;
    deadline.set(10);
    clock.after(10, () => clock.soon(() => clock.soon(() => clock.soon(() => (pace.isBehind = false)))));
    clock.advance(10);
    expect(calls).toEqual([10]);
  });

  it('comes even if the loop never gets to its end', () => {
    const { clock, pace, calls, deadline } = staged();
    pace.isBehind = true;
    deadline.set(10);
    clock.advance(10);
    expect(calls).toEqual([10]);
  });

  it('comes once, at the time it was moved to last', () => {
    const { clock, calls, deadline } = staged();
    deadline.set(10);
    clock.advance(5);
    deadline.set(10);
    clock.advance(9);
    expect(calls).toEqual([]);
    deadline.set(1);
    clock.advance(100);
    expect(calls).toEqual([15]);
  });
});
