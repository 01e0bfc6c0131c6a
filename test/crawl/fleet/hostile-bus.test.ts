// A bus on which others write: what no worker of this release has written is ignored and counted, and the round goes on.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FleetBus } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { SHARD_COUNT } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { EXCLUSIONS_KEY, FleetWorker } from '../../../ts/crawl/fleet/fleet-worker.ts';
import { encodeResults } from '../../../ts/crawl/fleet/results-message.ts';
import { ROUND_KEY, formatRoundState, parseRoundState } from '../../../ts/crawl/fleet/round-state.ts';
import { shardOfService } from '../../../ts/crawl/fleet/shards.ts';
import { V2_UNKNOWN, WorkBatchWriter } from '../../../ts/crawl/fleet/work-batch.ts';
import type { Village } from '../../../ts/crawl/village/village.ts';
import { NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { systemClock } from '../../../ts/util/time/clock.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { QUICK_TIMES, isRoundClosed, resultsOf, startVillage, villageCrawl } from './fleet-stage.ts';
import { poll } from './nats-server.ts';

const VILLAGERS = 60;

const GARBAGE = [
  '',
  'not JSON',
  'null',
  '[]',
  '7',
  '{}',
  '{"number":"1","chain":"regtest","phase":"open","startedAt":1}',
  '{"number":0,"chain":"regtest","phase":"open","startedAt":1}',
  '{"number":1.5,"chain":"regtest","phase":"open","startedAt":1}',
  `{"number":${2 ** 48},"chain":"regtest","phase":"open","startedAt":1}`,
  '{"number":1,"chain":"regtest","phase":"paused","startedAt":1}',
  '{"number":1,"chain":"regtest","phase":"__proto__","startedAt":1}',
  '{"number":1,"chain":"regtest","phase":"open"}',
  '{"number":1,"phase":"open","startedAt":1}',
  '{"number":1,"chain":"toString","phase":"open","startedAt":1}',
  '{"number":1,"chain":"regtest","phase":"open","startedAt":8640000000000001}',
  '{"number":1,"chain":"regtest","phase":"closed","startedAt":1,"endedAt":-1}',
  `{"number":1,"chain":"regtest","phase":"open","startedAt":1,"x":"${'x'.repeat(5_000)}"}`,
];

describe('the state of a round', () => {
  it.each(GARBAGE)('is not read from %j', (text) => {
    expect(parseRoundState(text)).toBeUndefined();
  });

  it('is read as it was written, at its limits, and with keys of a newer release', () => {
    const state = { number: 2 ** 48 - 1, chain: 'regtest', phase: 'closed', startedAt: 0, endedAt: 8.64e15 } as const;
    expect(parseRoundState(formatRoundState(state))).toEqual(state);
    expect(parseRoundState('{"number":1,"chain":"regtest","phase":"open","startedAt":5,"places":3}')).toEqual({
      number: 1,
      chain: 'regtest',
      phase: 'open',
      startedAt: 5,
    });
  });
});

describe('a worker on a hostile bus', () => {
  let village: Village;
  beforeAll(() => {
    village = startVillage({ count: VILLAGERS, groups: 8, mix: { both: 3, v1: 1, refusing: 1 } });
  });
  afterAll(() => village.stop());

  const end = new AbortController();
  afterAll(() => end.abort());

  /** A worker that runs, the lines it logged, and the bus beside it. */
  function start(): { worker: FleetWorker; running: Promise<void>; lines: string[]; bus: FleetBus } {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const lines: string[] = [];
    const note = (line: string): void => void lines.push(line);
    const crawl = { ...villageCrawl(village), logger: { ...silentLogger, warn: note, error: note } };
    const worker = new FleetWorker({ bus: fleet.connect(), name: 'a', crawl });
    return { worker, running: worker.run(end.signal), lines, bus: fleet.connect() };
  }

  /** Every villager has its one record. */
  async function expectWhole(bus: FleetBus): Promise<void> {
    expect(await resultsOf(bus, 1)).toHaveLength(VILLAGERS);
  }

  it('ignores a state that it cannot read, leaves it as it is, and goes on when it is mended', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const newer = '{"number":1,"chain":"regtest","phase":"visiting","startedAt":1}';
    await bus.settings.put(ROUND_KEY, newer);
    const worker = new FleetWorker({ bus: fleet.connect(), name: 'a', crawl: villageCrawl(village) });
    const running = worker.run(end.signal);
    await poll('the leader', () => worker.isLeading);
    for (const text of GARBAGE) await bus.settings.put(ROUND_KEY, text);
    await bus.settings.put(ROUND_KEY, newer);
    expect(worker.ignoredCount).toBe(GARBAGE.length + 2);
    // The leader has looked at it meanwhile.
    await poll('its shards', () => worker.shardCount === SHARD_COUNT);
    expect((await bus.settings.get(ROUND_KEY))!.text).toBe(newer);
    await bus.settings.delete(ROUND_KEY);
    await running;
    await expectWhole(bus);
    expect(await isRoundClosed(bus)).toBe(true);
  }, 60_000);

  it('drops work that is garbage, of a round that nobody began, or of another shard, and finishes the round', async () => {
    const { worker, running, lines, bus } = start();
    const random = seededBytes(3);
    for (let shard = 0; shard < 8; shard++) await bus.publishWork(shard, random(100));
    const seed = village.seeds[0]!;
    const write = (round: number): Uint8Array => {
      const batch = new WorkBatchWriter(round);
      batch.add(NETWORK_NUMBERS.ipv4, Service.parse('127.77.1.1:1').address.bytes, seed.port, V2_UNKNOWN, 'given');
      return batch.finish();
    };
    const own = shardOfService(undefined, Service.parse('127.77.1.1:1'));
    await bus.publishWork(own, write(2 ** 48 - 1));
    await bus.publishWork((own + 1) % SHARD_COUNT, write(1));
    await running;
    await expectWhole(bus);
    expect((await resultsOf(bus, 1)).filter(({ address }) => address === '127.77.1.1')).toEqual([]);
    expect(await bus.countWork()).toBe(0);
    expect(worker.ignoredCount).toBe(10);
    expect(lines).toEqual([
      "the fleet's bus has messages of work that no worker with this release and AS map writes, which are ignored",
    ]);
  }, 60_000);

  it('leaves out results that are no records, and takes no address from one that names none', async () => {
    const { worker, running, bus } = start();
    const random = seededBytes(5);
    const nowhere = { time: 1, round: 1, address: 'nowhere', port: 1, network: 'ipv4', outcome: 'reachable' } as const;
    const shard = shardOfService(undefined, Service.parse('8.8.8.8:1'));
    await bus.publishResults({ round: 1, shard, id: 'x.1' }, random(300));
    await bus.publishResults({ round: 1, shard, id: 'x.2' }, encodeResults([{ ...nowhere, round: 2 }]));
    await bus.publishResults(
      { round: 1, shard, id: 'x.3' },
      encodeResults([{ ...nowhere, address: '8.8.8.8' }, nowhere]),
    );
    await running;
    const addresses = (await resultsOf(bus, 1)).map(({ address }) => address);
    expect(addresses.filter((address) => !address.startsWith('127.'))).toEqual(['8.8.8.8', 'nowhere']);
    expect(addresses).toHaveLength(VILLAGERS + 2);
    expect(worker.ignoredCount).toBeGreaterThanOrEqual(2);
  }, 60_000);

  it('keeps the last good list of exclusions, and takes its shards among foreign leases', async () => {
    const fleet = new MemoryFleet(systemClock, QUICK_TIMES);
    const bus = fleet.connect();
    const left = village.villagers.find(({ service }) => !service.equals(village.seeds[0]!))!;
    await bus.settings.put(EXCLUSIONS_KEY, String(left.service.address));
    for (const key of ['shard.64', 'shard.-1', 'shard.x', 'leader.x', 'other.1']) await bus.leases.create(key, '{');
    const worker = new FleetWorker({ bus: fleet.connect(), name: 'a', crawl: villageCrawl(village) });
    const running = worker.run(end.signal);
    await poll('its shards', () => worker.shardCount === SHARD_COUNT);
    await bus.settings.put(EXCLUSIONS_KEY, 'neither address\nnor subnet');
    expect(worker.ignoredCount).toBe(1);
    await running;
    const visited = (await resultsOf(bus, 1)).map(({ address }) => address);
    expect(visited).not.toContain(String(left.service.address));
    expect(visited).toHaveLength(VILLAGERS - 1);
  }, 60_000);

  it('closes its bus when its folder cannot be used', async () => {
    let isClosed = false;
    const bus = new MemoryFleet(systemClock, QUICK_TIMES).connect();
    const watched: FleetBus = { ...bus, close: () => Promise.resolve(void (isClosed = true)) };
    const crawl = { ...villageCrawl(village), folder: '/dev/null/folder' };
    await expect(new FleetWorker({ bus: watched, name: 'a', crawl }).run(end.signal)).rejects.toMatchObject({
      code: 'ERR_SOCKMAN_SYSTEM',
    });
    expect(isClosed).toBe(true);
  });
});
