// Workers and the server die, and a worker is cut off: every address of the round is visited, every record is there exactly
// once, and no group is dialed faster than its rate.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RoundState } from '../../../ts/crawl/fleet/leader.ts';
import { ROUND_KEY } from '../../../ts/crawl/fleet/leader.ts';
import { connectToNats } from '../../../ts/crawl/fleet/nats-bus.ts';
import type { FleetBus } from '../../../ts/crawl/fleet/bus.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import type { Village } from '../../../ts/crawl/village/village.ts';
import { noBuild } from '../../harness/child.ts';
import { QUICK_TIMES, resultsOf, startVillage } from './fleet-stage.ts';
import { VisitLog, tooFast } from './visit-log.ts';
import type { VisitsByGroup } from './visit-log.ts';
import { NatsServer, canUnshare, noNats, poll } from './nats-server.ts';

const CHILD = fileURLToPath(new URL('worker-child.mjs', import.meta.url));
const CUT_OFF = fileURLToPath(new URL('cut-off.mjs', import.meta.url));

/** Dials a second in a group. */
const RATE = 10;

const { leaseTtlMs, workTtlMs } = QUICK_TIMES;

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

  function startWorker(server: NatsServer, village: Village, name: string): ChildProcess {
    const place = [server.url, name, join(folder, name), String(village.seeds[0])];
    const args = [CHILD, ...place, ...[RATE, leaseTtlMs, workTtlMs].map(String)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  const isClosed = async (bus: FleetBus): Promise<boolean> => {
    const state = await bus.settings.get(ROUND_KEY).catch(() => undefined);
    return state !== undefined && (JSON.parse(state.text) as RoundState).phase === 'closed';
  };

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
    const first = startWorker(server, village, 'first');
    startWorker(server, village, 'second');
    await poll('some results', async () => (await resultsOf(observer, 1)).length > 60, 40_000);
    first.kill('SIGKILL');
    await once(first, 'exit');
    await server.kill();
    await server.start();
    startWorker(server, village, 'third');
    await poll('the end of the round', () => isClosed(observer), 90_000);

    const endpoints = (await resultsOf(observer, 1)).map(endpointOf).sort();
    expect(endpoints).toEqual(village.villagers.map(({ service }) => String(service)).sort());
    expect(tooFast(log.visits, RATE)).toEqual([]);
    log.stop();
    await observer.close();
    await server.stop();
    await village.stop();
  }, 180_000);

  it.skipIf(!canUnshare)(
    'by a cut of its network finishes without the worker that is cut off, and takes its records when it is back',
    async () => {
      const child = spawn(
        'unshare',
        ['-rn', process.execPath, CUT_OFF, folder, ...[leaseTtlMs, workTtlMs].map(String)],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      children.push(child);
      let printed = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      const [status] = (await once(child, 'exit')) as [number];
      expect([status, printed]).toEqual([0, expect.stringContaining('{')]);
      const { villagers, distinct, keptByCutOff, delivered, visits } = JSON.parse(printed) as Record<string, number> & {
        visits: VisitsByGroup;
      };
      expect(distinct).toBe(villagers);
      expect(keptByCutOff).toBeGreaterThan(0);
      expect(delivered).toBe(keptByCutOff);
      expect(tooFast(visits, RATE)).toEqual([]);
    },
    180_000,
  );
});
