// A fleet of processes is hit: workers and the server are killed in the middle of a round.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectToNats } from '../../../ts/crawl/fleet/bus/nats-bus.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { noBuild } from '../../harness/child.ts';
import { QUICK_TIMES, isRoundClosed, resultsOf, startVillage, startWorker } from './fleet-stage.ts';
import { NatsServer, noNats, poll } from './nats-server.ts';
import { VisitLog, tooFast } from './visit-log.ts';

/** Dials a second in a group. */
const RATE = 10;

const skipped = noNats ?? noBuild;

describe.skipIf(skipped !== undefined)(`a fleet that is hit ${skipped ?? ''}`, () => {
  const children: ChildProcess[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-fleet-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('by kill -9 of a worker and of the server misses no address, doubles none, and keeps the rates', async () => {
    const log = new VisitLog();
    const village = startVillage({
      count: 400,
      groups: 10,
      onVisit: ({ service }) => log.note(String(service.address)),
    });
    const server = new NatsServer();
    await server.start();
    const observer = await connectToNats({ servers: server.url, name: 'observer', times: QUICK_TIMES });
    const start = (name: string): ChildProcess => {
      const child = startWorker({ server: server.url, name, folder: join(folder, name), village, rate: RATE });
      children.push(child);
      return child;
    };
    const first = start('first');
    start('second');
    await poll('some results', async () => (await resultsOf(observer, 1)).length > 60, 40_000);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await server.kill();
    await server.start();
    start('third');
    await poll('the end of the round', () => isRoundClosed(observer), 90_000);

    const endpoints = (await resultsOf(observer, 1)).map(endpointOf).sort();
    expect(endpoints).toEqual(village.villagers.map(({ service }) => String(service)).sort());
    expect(tooFast(log.visits, RATE)).toEqual([]);
    log.stop();
    await observer.close();
    await server.stop();
    await village.stop();
  }, 180_000);
});
