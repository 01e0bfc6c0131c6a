// A fleet in one process: whatever the number of workers, together they see what one crawler sees.

import { existsSync, mkdirSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crawler } from '../../../ts/crawl/crawler.ts';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { connectToNats } from '../../../ts/crawl/fleet/bus/nats-bus.ts';
import { EXCLUSIONS_KEY, FleetWorker } from '../../../ts/crawl/fleet/fleet-worker.ts';
import { SHARD_COUNT } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import type { FleetBus, WorkMessage } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { ROUND_KEY } from '../../../ts/crawl/fleet/round-state.ts';
import { encodeResults } from '../../../ts/crawl/fleet/results-message.ts';
import { shardOfService } from '../../../ts/crawl/fleet/shards.ts';
import { V2_UNKNOWN, WorkBatchWriter } from '../../../ts/crawl/fleet/work-batch.ts';
import { endpointOf } from '../../../ts/crawl/report/files/node-lists.ts';
import { NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import type { Village } from '../../../ts/crawl/village/village.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { systemClock } from '../../../ts/util/time/clock.ts';
import {
  QUICK_TIMES,
  factsOf,
  isRoundClosed,
  resultsOf,
  runWorkers,
  startVillage,
  villageCrawl,
} from './fleet-stage.ts';
import { NatsServer, noNats, poll } from './nats-server.ts';

let village: Village;
let alone: string[];
beforeAll(async () => {
  village = startVillage();
  const records: CrawlRecord[] = [];
  await new Crawler(villageCrawl(village), { record: (record) => records.push(record) }).run(
    new AbortController().signal,
  );
  alone = records.map(factsOf).sort();
}, 60_000);
afterAll(() => village.stop());

const end = new AbortController();
afterAll(() => end.abort());

function seesWhatOneSees(
  fleetOf: () => Promise<{ connect: () => Promise<FleetBus>; stop: () => Promise<void> }>,
): void {
  let stop: () => Promise<void> = () => Promise.resolve();
  afterEach(() => stop());

  it.each([1, 2, 4])(
    '%i workers: every address once, and each record as one crawler has it',
    async (count) => {
      const fleet = await fleetOf();
      ({ stop } = fleet);
      const observer = await fleet.connect();
      const buses = await Promise.all(Array.from({ length: count }, () => fleet.connect()));
      const records = await runWorkers(village, buses, end.signal);
      const results = await resultsOf(observer, 1);
      expect(results.map(factsOf).sort()).toEqual(alone);
      expect(records.flat().map(factsOf).sort()).toEqual(alone);
      expect(await observer.countWork()).toBe(0);
      await observer.close();
    },
    150_000,
  );
}

describe('a fleet in memory', () => {
  seesWhatOneSees(() => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    return Promise.resolve({ connect: () => Promise.resolve(fleet.connect()), stop: () => Promise.resolve() });
  });

  it('visits an address again whose worker died behind its record, for what it tells', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const [seed] = village.seeds;
    const { address, port } = seed!;
    const shard = shardOfService(undefined, seed!);
    const first = { time: 1, round: 1, address: String(address), port, network: 'ipv4', outcome: 'reachable' } as const;
    await bus.publishResults({ round: 1, shard, id: 'dead.1' }, encodeResults([first]));
    const batch = new WorkBatchWriter(1);
    batch.add(NETWORK_NUMBERS.ipv4, address.bytes, port, V2_UNKNOWN, 'given');
    await bus.publishWork(shard, batch.finish());
    await bus.settings.put(ROUND_KEY, JSON.stringify({ number: 1, chain: 'regtest', phase: 'open', startedAt: 1 }));
    const taken: WorkMessage[] = [];
    const stop = await bus.takeWork(shard, (message) => taken.push(message));
    await poll('the work', () => taken.length === 1);
    stop();
    taken[0]!.giveUp();
    await runWorkers(village, [fleet.connect()], end.signal);
    const records = await resultsOf(bus, 1);
    expect(records.map(endpointOf).sort()).toEqual(village.villagers.map(({ service }) => String(service)).sort());
    expect(records.find((record) => endpointOf(record) === String(seed))).toEqual(first);
  }, 60_000);

  it('takes no worker of another chain, which would close the round for want of work', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const round = JSON.stringify({ number: 1, chain: 'regtest', phase: 'open', startedAt: 1 });
    await bus.settings.put(ROUND_KEY, round);
    const stranger = new FleetWorker({ bus: fleet.connect(), name: 'stranger', crawl: { chain: 'signet' } });
    await expect(stranger.run(end.signal)).rejects.toMatchObject({
      code: 'ERR_SOCKMAN_INVALID_ARG',
      message: expect.stringContaining("expected the fleet's, regtest, got"),
    });
    expect((await bus.settings.get(ROUND_KEY))!.text).toBe(round);
    expect(await bus.leases.keys('shard')).toEqual([]);
  });

  it('sends a worker away that learns of the chain later', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const lease = await bus.leases.create('leader', 'somebody');
    expect(lease).toBeDefined();
    const stranger = new FleetWorker({ bus: fleet.connect(), name: 'stranger', crawl: { chain: 'signet' } });
    const run = stranger.run(end.signal);
    await bus.settings.put(ROUND_KEY, JSON.stringify({ number: 1, chain: 'regtest', phase: 'seeding', startedAt: 1 }));
    await expect(run).rejects.toMatchObject({ code: 'ERR_SOCKMAN_INVALID_ARG' });
  });

  it('takes no second worker of one name', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    await bus.settings.put(ROUND_KEY, JSON.stringify({ number: 1, chain: 'regtest', phase: 'open', startedAt: 1 }));
    // In a shard that nobody has: the round does not end.
    await bus.publishWork(SHARD_COUNT, new Uint8Array(1));
    const start = (signal: AbortSignal): Promise<void> =>
      new FleetWorker({ bus: fleet.connect(), name: 'twin', crawl: { chain: 'regtest' } }).run(signal);
    const over = new AbortController();
    const first = start(over.signal);
    await poll('the first', async () => (await bus.leases.keys('worker')).length === 1);
    await expect(start(end.signal)).rejects.toMatchObject({
      code: 'ERR_SOCKMAN_INVALID_ARG',
      message: expect.stringMatching(/^name: expected one that no other worker of the fleet has, got/),
    });
    over.abort();
    await first;
  }, 60_000);

  it('whose leader cannot write its reports says so once, and closes the round when it can', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-fleet-reports-'));
    // No file can be made where a folder is.
    const obstacle = join(folder, '.snapshot.json.tmp');
    mkdirSync(obstacle);
    const bus = new MemoryFleet(systemClock, QUICK_TIMES).connect();
    let looks = 0;
    const watched: FleetBus = { ...bus, countWork: () => bus.countWork().finally(() => looks++) };
    const complaints: string[] = [];
    const logger = { ...silentLogger, error: (line: string): void => void complaints.push(line) };
    const crawl = { ...villageCrawl(village), folder, logger };
    const running = new FleetWorker({ bus: watched, name: 'a', crawl }).run(end.signal);
    await poll('a complaint', () => complaints.length > 0, 60_000);
    const looksBefore = looks;
    await poll('further attempts', () => looks >= looksBefore + 3);
    expect(complaints).toEqual([
      expect.stringMatching(/^round 1 stays open until its reports are written: .*snapshot\.json: cannot be opened: /),
    ]);
    expect(await isRoundClosed(bus)).toBe(false);
    rmdirSync(obstacle);
    await running;
    expect(await isRoundClosed(bus)).toBe(true);
    expect(existsSync(join(folder, 'report.html'))).toBe(true);
    rmSync(folder, { recursive: true });
  }, 120_000);

  it('leaves those alone who are excluded while the round runs', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const [seed] = village.seeds;
    const others = village.villagers.filter(({ service }) => !service.equals(seed!)).slice(0, 50);
    await bus.settings.put(EXCLUSIONS_KEY, others.map(({ service }) => String(service.address)).join('\n'));
    await runWorkers(village, [fleet.connect()], end.signal);
    const visited = new Set((await resultsOf(bus, 1)).map(({ address }) => address));
    expect(others.filter(({ service }) => visited.has(String(service.address)))).toEqual([]);
    expect(visited.size).toBe(new Set(alone.map((line) => line.split(':')[0])).size - 50);
  }, 60_000);
});

describe.skipIf(noNats !== undefined)(`a fleet on nats-server ${noNats ?? ''}`, () => {
  seesWhatOneSees(async () => {
    const server = new NatsServer();
    await server.start();
    let count = 0;
    return {
      connect: () => connectToNats({ servers: server.url, name: `worker-${count++}`, times: QUICK_TIMES }),
      stop: () => server.stop(),
    };
  });

  it('finishes a round though the server is killed in the middle of it', async () => {
    const server = new NatsServer();
    await server.start();
    const connect = (name: string): Promise<FleetBus> =>
      connectToNats({ servers: server.url, name, times: QUICK_TIMES });
    const buses = [await connect('a'), await connect('b')];
    const observer = await connect('observer');
    const running = runWorkers(village, buses, end.signal, { groupRate: 5 });
    await poll('the first results', async () => (await resultsOf(observer, 1)).length > 50);
    await server.kill();
    await server.start();
    await running;
    expect((await resultsOf(observer, 1)).map(factsOf).sort()).toEqual(alone);
    await observer.close();
    await server.stop();
  }, 90_000);
});
