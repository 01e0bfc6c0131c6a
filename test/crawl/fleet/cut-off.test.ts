// A fleet whose network is cut, in a network namespace: two workers, one of which reaches the server by an address that is taken away
// in the middle of the round and given back later.

import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FleetBus } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { connectToNats } from '../../../ts/crawl/fleet/bus/nats-bus.ts';
import { decodeResults } from '../../../ts/crawl/fleet/results-message.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { noBuild } from '../../harness/child.ts';
import { describeInNamespace } from '../../harness/labs/namespace.ts';
import { QUICK_TIMES, isRoundClosed, keptRecords, resultsOf, startVillage, startWorker } from './fleet-stage.ts';
import { NATS_PACKAGE, NatsServer, poll } from './nats-server.ts';
import { VisitLog, tooFast } from './visit-log.ts';

const ADDRESS = '10.77.0.1';
/** Dials a second in a group. */
const RATE = 10;

const needs = { packages: NATS_PACKAGE, deadlineMs: 180_000 };

describeInNamespace('a fleet whose network is cut', import.meta.filename, needs, () => {
  const children: ChildProcess[] = [];
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-cut-off-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test.skipIf(noBuild !== undefined)(
    `finishes without the worker that is cut off, and takes its records when it is back ${noBuild ?? ''}`,
    async () => {
      const log = new VisitLog();
      const village = startVillage({
        count: 600,
        groups: 10,
        onVisit: ({ service }) => log.note(String(service.address)),
      });
      setAddress('add');
      const server = new NatsServer('0.0.0.0');
      await server.start();
      const start = (name: string, host: string): void => {
        const options = { server: server.urlAt(host), name, folder: join(folder, name), village, rate: RATE };
        children.push(startWorker(options));
      };
      const observer = await connectToNats({
        servers: server.urlAt('127.0.0.1'),
        name: 'observer',
        times: QUICK_TIMES,
      });
      start('far', ADDRESS);
      await poll('the far worker at work', async () => (await resultsOf(observer, 1)).length > 20, 40_000);
      start('near', '127.0.0.1');
      await poll('the near worker at work', async () => (await shardsOf(observer, 'near')) > 0, 40_000);
      setAddress('del');
      await poll('a record that is not delivered', () => kept().length > 0);
      await poll('the end of the round', () => isRoundClosed(observer), 90_000);
      const before = kept();
      setAddress('add');
      await poll('the delivery', () => kept().length === 0, 40_000);

      // Near visited again what far had kept: the first record of an address is the one that counts, and both are stored.
      const delivered = new Set((await allStored(observer)).map(visitOf));
      expect(before.filter((record) => !delivered.has(visitOf(record)))).toEqual([]);
      const endpoints = (await resultsOf(observer, 1)).map(endpointOf).sort();
      expect(endpoints).toEqual(village.villagers.map(({ service }) => String(service)).sort());
      expect(tooFast(log.visits, RATE)).toEqual([]);
      log.stop();
      await observer.close();
      await server.stop();
      await village.stop();
    },
    170_000,
  );

  /** What the far worker has in its file. */
  function kept(): CrawlRecord[] {
    return keptRecords(join(folder, 'far', 'undelivered-far.ndjson'));
  }
});

function setAddress(change: 'add' | 'del'): void {
  execFileSync('ip', ['addr', change, `${ADDRESS}/32`, 'dev', 'lo']);
}

/** How many shards a worker has. */
async function shardsOf({ leases }: FleetBus, worker: string): Promise<number> {
  const owners = await Promise.all((await leases.keys('shard')).map((key) => leases.get(key)));
  return owners.filter((owner) => owner?.text.startsWith(`${worker} `)).length;
}

/** Every record of the round, several of one address included. */
async function allStored(bus: FleetBus): Promise<CrawlRecord[]> {
  const records: CrawlRecord[] = [];
  await bus.readResults(1, undefined, (bytes) => records.push(...decodeResults(bytes)));
  return records;
}

/** What tells the records of an address apart. */
const visitOf = (record: CrawlRecord): string => `${endpointOf(record)} ${record.time}`;
