// One pass of the event loop went on for as long as the engine had more: 300 busy peers with 2 ms of handler kept timers and
// all other descriptors waiting for 1,097 ms.

import { expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import type { Probe } from '../harness/probe.ts';
import { until } from '../harness/until.ts';

const PEERS = 40;

/** Keeps the loop busy, as a handler does. */
function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

/** Has many peers send at once, and counts the calls of `eventGotData` between two turns of the host's own queue. */
async function mostCallsOfOnePass(stage: Stage, options: SockManOptions, handle: () => void): Promise<number> {
  const probe = stage.probe(options);
  const bound = stage.listen(probe);
  const peers = await Promise.all(Array.from({ length: PEERS }, () => stage.dialedBy(bound)));
  await until('the accepts', () => probe.accepted.length === PEERS);
  let calls = 0;
  let most = 0;
  let isOver = false;
  const look = (): void => {
    most = Math.max(most, calls);
    calls = 0;
    if (!isOver) setImmediate(look);
  };
  probe.on.eventGotData = () => {
    calls++;
    handle();
  };
  setImmediate(look);
  for (const peer of peers) peer.send('hello');
  await until('all bytes', () => peers.every((_, index) => probe.text(probe.accepted[index]!.nodeId) === 'hello'));
  isOver = true;
  return Math.max(most, calls);
}

describeEachBackend('one pass of the event loop', (stage) => {
  it('ends after its time, whatever is ready', async () => {
    const most = await mostCallsOfOnePass(stage, { passMs: 1 }, () => work(2));
    // The clock is looked at after every fourth record.
    expect(most).toBeLessThanOrEqual(4);
  });

  it('ends after its bytes', async () => {
    const most = await mostCallsOfOnePass(stage, { passBytes: 1 }, () => {});
    expect(most).toBe(1);
  });

  it('serves woken connections in several passes too', async () => {
    const probe: Probe = stage.probe({ passMs: 1 });
    const bound = stage.listen(probe);
    await Promise.all(Array.from({ length: PEERS }, () => stage.dialedBy(bound)));
    await until('the accepts', () => probe.accepted.length === PEERS);
    await until(
      'the first readiness',
      () => probe.events.filter((event) => event.startsWith('ready')).length === PEERS,
    );
    let calls = 0;
    let most = 0;
    const look = (): void => {
      most = Math.max(most, calls);
      calls = 0;
      if (served < PEERS) setImmediate(look);
    };
    let served = 0;
    probe.on.eventReadyToSend = () => {
      calls++;
      served++;
      work(2);
    };
    for (const { nodeId } of probe.accepted) probe.wake(nodeId);
    setImmediate(look);
    await until('all of them', () => served === PEERS);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('delivers nothing more for what was closed between two passes of a turn', async () => {
    const probe = stage.probe({ passBytes: 1 });
    const bound = stage.listen(probe);
    const peers = await Promise.all(Array.from({ length: PEERS }, () => stage.dialedBy(bound)));
    await until('the accepts', () => probe.accepted.length === PEERS);
    for (const peer of peers) peer.send('hello');
    await until('the first bytes', () => probe.events.some((event) => event.startsWith('data')));
    await new Promise<void>((resolve) => setImmediate(resolve));
    const before = probe.events.length;
    for (const { nodeId } of probe.accepted) probe.closeConnection(nodeId);
    const late = stage.probe();
    const result = await late.connectAndMakeNodeId(bound);
    expect(result.nodeId).toBe(0);
    await until('the newcomer', () => probe.accepted.length === PEERS + 1);
    expect(probe.events.slice(before).filter((event) => event.startsWith('data'))).toEqual([]);
  });
});
