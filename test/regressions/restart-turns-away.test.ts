// A listener that closes resets what waits in its queue: with `reusePort`, a restart of one worker turned 19 of 40 clients away
// that the others would have served.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { afterEach, describe, expect } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import { SYSTEM_BACKENDS, noBuild } from '../harness/child.ts';
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

  itUnless(undefined)('ends with the loop, and counts none that is still open', async () => {
    const probe = stage.probe();
    stage.listen(probe);
    const drained = probe.drainListeners();
    probe.interruptNet();
    expect(await inTime('the drain', drained)).toBe(0);
  });
});

describe.each(SYSTEM_BACKENDS.filter(([name]) => name.startsWith('native')))('two workers on %s', (_name, env) => {
  const workers: ChildProcess[] = [];
  afterEach(() => workers.splice(0).forEach((worker) => worker.kill()));

  async function startWorker(at: string): Promise<{ worker: ChildProcess; bound: string }> {
    const worker = fork(join(import.meta.dirname, 'children', 'restarted-worker.mjs'), [at], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
    });
    workers.push(worker);
    const [bound] = (await once(worker, 'message')) as [string];
    return { worker, bound };
  }

  /** Clients that have connected, and what becomes of them: the process that greeted each, or the error. */
  async function dialMany(bound: string): Promise<Promise<string>[]> {
    const { port } = new URL(`tcp://${bound}`);
    const sockets = Array.from({ length: 2 * CLIENTS }, () => connect(Number(port), '127.0.0.1'));
    const greetings = sockets.map((socket) => text(socket).catch((error: Error) => error.message));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return greetings;
  }

  itUnless(noBuild)('lose no client when one of them is restarted', async () => {
    const { worker: leaver, bound } = await startWorker('127.0.0.1:0');
    const { worker: stayer } = await startWorker(bound);
    leaver.send('pause');
    await once(leaver, 'message');
    const early = await dialMany(bound);
    const left = once(leaver, 'exit');
    leaver.send('drain');
    const late = await dialMany(bound);
    const [code] = (await inTime('the end of the worker', left)) as [number];
    const { worker: successor } = await startWorker(bound);
    const last = await dialMany(bound);
    const servers = await inTime('all greetings', Promise.all([...early, ...late, ...last]));
    const serving = [leaver, stayer, successor].map(({ pid }) => `served by ${pid}`);
    expect([...new Set(servers)].sort()).toEqual(serving.sort());
    expect(code).toBe(0);
  });
});
