// A listener that closes resets what waits in its queue: with `reusePort`, a restart of one worker turned 19 of 40 clients away
// that the others would have served.

import { expect } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import type { Probe } from '../harness/probe.ts';
import { inTime, until } from '../harness/until.ts';

const CLIENTS = 40;

/** Two workers at one port, and clients that wait in both queues. */
async function queued(stage: Stage): Promise<{ leaver: Probe; stayer: Probe; client: Probe; bound: Service }> {
  const leaver = stage.probe({ reusePort: true });
  const bound = stage.listen(leaver);
  const stayer = stage.probe({ reusePort: true });
  stage.listen(stayer, bound);
  leaver.pauseAccepting();
  stayer.pauseAccepting();
  const client = stage.probe();
  const dials = Array.from({ length: CLIENTS }, () => client.connectAndMakeNodeId(bound));
  for (const dial of await Promise.all(dials)) expect(dial.nodeId).toBeDefined();
  stayer.resumeAccepting();
  return { leaver, stayer, client, bound };
}

describeEachBackend('a listener that drains', (stage) => {
  const noSharing =
    stage.backend === 'node-net' && Number(process.versions.node.split('.')[0]) < 23
      ? 'node:net shares no port here'
      : undefined;

  itUnless(noSharing)('accepts everybody in its queue before it closes', async () => {
    const { leaver, stayer, client, bound } = await queued(stage);
    expect(await inTime('the drain', leaver.drainListeners())).toBe(1);
    expect(leaver.stats().listenerCount).toBe(0);
    await until('all of them', () => leaver.accepted.length + stayer.accepted.length === CLIENTS);
    expect(leaver.accepted.length).toBeGreaterThan(0);
    expect(client.events.filter((event) => event.startsWith('error'))).toEqual([]);
    expect(await client.connectAndMakeNodeId(bound)).toMatchObject({ nodeId: CLIENTS });
  });

  itUnless(noSharing)('turns its queue away when it is stopped instead', async () => {
    const { leaver, client } = await queued(stage);
    leaver.stopListening();
    await until('a reset', () => client.events.some((event) => event.startsWith('error')));
  });

  itUnless(undefined)('at a path is found by nobody any more', async () => {
    const probe = stage.probe();
    const at = stage.unixService();
    stage.listen(probe, at);
    const drained = probe.drainListeners(at);
    const late = stage.probe();
    expect(await late.connectAndMakeNodeId(at)).toMatchObject({ nodeId: undefined });
    expect(await drained).toBe(1);
  });

  itUnless(undefined)('ends with the loop', async () => {
    const probe = stage.probe();
    stage.listen(probe);
    const drained = probe.drainListeners();
    probe.interruptNet();
    expect(await inTime('the drain', drained)).toBe(1);
  });
});
