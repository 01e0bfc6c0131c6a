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
import { resultsOf, startVillage } from './fleet-stage.ts';
import { NatsServer, canUnshare, noNats, poll } from './nats-server.ts';

const CHILD = fileURLToPath(new URL('worker-child.mjs', import.meta.url));
const CUT_OFF = fileURLToPath(new URL('cut-off.mjs', import.meta.url));

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

  function startWorker(server: NatsServer, village: Village, name: string): ChildProcess {
    const args = [CHILD, server.url, name, join(folder, name), String(village.seeds[0]), String(RATE)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  const isClosed = async (bus: FleetBus): Promise<boolean> => {
    const state = await bus.settings.get(ROUND_KEY).catch(() => undefined);
    return state !== undefined && (JSON.parse(state.text) as RoundState).phase === 'closed';
  };

  it('by kill -9 of a worker and of the server misses no address, doubles none, and keeps the rates', async () => {
    const visits = new Map<string, number[]>();
    const village = startVillage({
      count: 600,
      groups: 10,
      onVisit({ service }) {
        const group = String(service.address).split('.', 2).join('.');
        visits.set(group, [...(visits.get(group) ?? []), performance.now()]);
      },
    });
    const server = new NatsServer();
    await server.start();
    const observer = await connectToNats({ servers: server.url, name: 'observer' });
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
    for (const [group, times] of visits)
      expect([group, mostInTwoSeconds(times)]).toEqual([
        group,
        expect.toSatisfy((count: number) => count <= RATE * 2 * 1.5),
      ]);
    await observer.close();
    await server.stop();
    await village.stop();
  }, 180_000);

  it.skipIf(!canUnshare)(
    'by a cut of its network finishes without the worker that is cut off, and takes its records when it is back',
    async () => {
      const child = spawn('unshare', ['-rn', process.execPath, CUT_OFF, folder], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.push(child);
      let printed = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
      const [status] = (await once(child, 'exit')) as [number];
      expect([status, printed]).toEqual([0, expect.stringContaining('{')]);
      const { villagers, results, distinct, mostAtOnce, visitedByCutOff } = JSON.parse(printed) as Record<
        string,
        number
      >;
      expect({ results, distinct }).toEqual({ results: villagers, distinct: villagers });
      expect(visitedByCutOff).toBeGreaterThan(0);
      expect(mostAtOnce).toBeLessThanOrEqual(RATE * 2 * 1.5);
    },
    180_000,
  );
});

/** Visits within two seconds, at most: half as many more than the rate allows may be accepted late and together. */
function mostInTwoSeconds(times: readonly number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 2_000).length));
}
