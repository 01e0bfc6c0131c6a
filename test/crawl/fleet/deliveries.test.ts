// Records on their way to a server that is there, away, and back.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FleetBus } from '../../../ts/crawl/fleet/bus/fleet-bus.ts';
import { Deliveries } from '../../../ts/crawl/fleet/deliveries.ts';
import { MemoryFleet } from '../../../ts/crawl/fleet/bus/memory-bus.ts';
import { readFleetRecords } from '../../../ts/crawl/fleet/results.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { keptRecords } from './fleet-stage.ts';

const record = (host: number, more: Partial<CrawlRecord> = {}): CrawlRecord => ({
  time: 1_800_000_000_000,
  round: 1,
  address: `1.2.3.${host}`,
  port: 8_333,
  network: 'ipv4',
  outcome: 'reachable',
  ...more,
});

/** A bus in memory that can be away. */
class ShakyBus {
  readonly clock = new VirtualClock();
  readonly #bus = new MemoryFleet(this.clock).connect();
  isAway = false;
  messageCount = 0;

  get bus(): FleetBus {
    return {
      ...this.#bus,
      publishResults: (key, bytes) => {
        if (this.isAway) return Promise.reject(new Error('away'));
        this.messageCount += 1;
        return this.#bus.publishResults(key, bytes);
      },
    };
  }

  async stored(round = 1): Promise<string[]> {
    const addresses: string[] = [];
    await readFleetRecords(this.#bus, round, undefined, ({ address }) => addresses.push(address));
    return addresses;
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.clock.settle();
  }
}

describe('deliveries', () => {
  let folder: string;
  let path: string;
  let shaky: ShakyBus;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-deliveries-'));
    path = join(folder, 'undelivered.ndjson');
    shaky = new ShakyBus();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const kept = (): string[] => keptRecords(path).map(({ address }) => address);

  it('gather into one message a shard, and say so once it is stored', async () => {
    const deliveries = new Deliveries(shaky.bus, shaky.clock, path, 'a');
    const told: number[] = [];
    for (let host = 1; host <= 100; host++) deliveries.deliver(record(host), host % 4, () => told.push(host));
    await shaky.pass(999);
    expect([told.length, deliveries.openCount]).toEqual([0, 100]);
    await shaky.pass(1);
    expect([told.length, deliveries.openCount, shaky.messageCount]).toEqual([100, 0, 4]);
    expect(await shaky.stored()).toHaveLength(100);
    expect(kept()).toEqual([]);
    await deliveries.close();
  });

  it('leave at once in messages that are full, by count and by length', async () => {
    const deliveries = new Deliveries(shaky.bus, shaky.clock, undefined, 'a');
    for (let host = 0; host < 250; host++) deliveries.deliver(record(host), 1, () => {});
    expect(shaky.messageCount).toBe(1);
    for (let host = 0; host < 90; host++)
      deliveries.deliver(record(host, { round: 2, userAgent: String(host).padStart(1_500) }), 1, () => {});
    expect(shaky.messageCount).toBe(2);
    await deliveries.close();
    expect(shaky.messageCount).toBe(3);
  });

  it('lie in the file while the server is away, and leave it when it is back', async () => {
    const deliveries = new Deliveries(shaky.bus, shaky.clock, path, 'a');
    const told: number[] = [];
    shaky.isAway = true;
    for (let host = 1; host <= 3; host++) deliveries.deliver(record(host), host, () => told.push(host));
    await shaky.pass(1_000);
    expect(kept().sort()).toEqual(['1.2.3.1', '1.2.3.2', '1.2.3.3']);
    await shaky.pass(10_000);
    expect([told.length, deliveries.openCount, kept().length]).toEqual([0, 3, 3]);
    shaky.isAway = false;
    await shaky.pass(500);
    expect([told.length, deliveries.openCount, kept().length]).toEqual([3, 0, 0]);
    await deliveries.close();
  });

  it('are stored once and counted once where the file cannot be emptied', async () => {
    const deliveries = new Deliveries(shaky.bus, shaky.clock, path, 'a');
    shaky.isAway = true;
    for (let host = 1; host <= 3; host++) deliveries.deliver(record(host), 1, () => {});
    await shaky.pass(1_000);
    rmSync(path);
    mkdirSync(path);
    shaky.isAway = false;
    for (let attempt = 0; attempt < 4; attempt++) await shaky.pass(500);
    expect([deliveries.openCount, shaky.messageCount]).toEqual([0, 1]);
    await deliveries.close();
  });

  it('wait between two attempts when their end comes, and are delivered by one more', async () => {
    const deliveries = new Deliveries(shaky.bus, shaky.clock, path, 'a');
    shaky.isAway = true;
    for (let host = 1; host <= 3; host++) deliveries.deliver(record(host), host, () => {});
    await shaky.pass(1_000);
    shaky.isAway = false;
    await deliveries.close();
    expect([deliveries.openCount, kept()]).toEqual([0, []]);
    expect((await shaky.stored()).sort()).toEqual(['1.2.3.1', '1.2.3.2', '1.2.3.3']);
  });

  it('that were left in the file are delivered by the next process, a torn line aside', async () => {
    const first = new Deliveries(shaky.bus, shaky.clock, path, 'a');
    shaky.isAway = true;
    for (let host = 1; host <= 3; host++) first.deliver(record(host), 1, () => {});
    await first.close();
    writeFileSync(path, '{"time":1,"rou', { flag: 'a' });
    shaky.isAway = false;
    const second = new Deliveries(shaky.bus, shaky.clock, path, 'b');
    second.recover(() => 1);
    await shaky.pass(0);
    expect((await shaky.stored()).sort()).toEqual(['1.2.3.1', '1.2.3.2', '1.2.3.3']);
    expect([second.openCount, readFileSync(path, 'utf8')]).toEqual([0, '']);
    await second.close();
  });

  it('of two workers with the same address are one record: the one that was stored first', async () => {
    for (const [instance, outcome] of [
      ['a', 'timeout'],
      ['b', 'reachable'],
    ] as const) {
      const deliveries = new Deliveries(shaky.bus, shaky.clock, undefined, instance);
      deliveries.deliver(record(1, { outcome }), 1, () => {});
      await deliveries.close();
    }
    const records: CrawlRecord[] = [];
    await readFleetRecords(shaky.bus, 1, 1, (one) => records.push(one));
    expect(records.map(({ outcome }) => outcome)).toEqual(['timeout']);
    expect(shaky.messageCount).toBe(2);
  });
});
