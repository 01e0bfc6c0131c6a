// Many waits on one AbortSignal made Node warn of a leak from the eleventh on.

import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { SlotPool } from '../../ts/connman/node/slots.ts';
import { beforeAbort } from '../../ts/util/time/before-abort.ts';
import { sleep } from '../../ts/util/time/sleep.ts';
import { systemClock } from '../../ts/util/time/clock.ts';
import { whenAborted } from '../../ts/util/time/when-aborted.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { inTime } from '../harness/until.ts';

const MANY = 30;

describeEachBackend('dials with one signal', (stage) => {
  it('share one listener, and all end when it is aborted', async () => {
    const probe = stage.probe();
    const { bound } = await stage.rawListener();
    const controller = new AbortController();
    const { signal } = controller;
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const dialing = Array.from({ length: MANY }, () => probe.connectAndMakeNodeId(bound, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    controller.abort();
    const codes = (await inTime('the ends', Promise.all(dialing))).map(({ code }) => code);
    expect(codes).toEqual(Array(MANY).fill('aborted'));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    process.off('warning', note);
    expect(warnings).toEqual([]);
  });

  it('leave no listener behind when they connect', async () => {
    const probe = stage.probe();
    const { bound } = await stage.rawListener();
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: MANY }, () => probe.connectAndMakeNodeId(bound, { signal })));
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});

it('sleeps, slots and promises that wait for one signal share one listener', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const pool = new SlotPool(0);
  const never = new Promise<never>(() => {});
  const waits = Array.from({ length: MANY }, () => [
    sleep(systemClock, 3_600_000, signal),
    pool.acquire(signal),
    beforeAbort(never, signal),
  ]);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  await inTime('the ends', Promise.all(waits.flat()));
});

it('a callback that was forgotten is not called, and the others are', () => {
  const controller = new AbortController();
  const called: string[] = [];
  const forget = whenAborted(controller.signal, () => called.push('first'));
  whenAborted(controller.signal, () => called.push('second'));
  forget();
  forget();
  controller.abort();
  expect(called).toEqual(['second']);
});
