// Villages with hostile neighbours: what the honest ones are recorded as does not change.

import { describe, expect, it } from 'vitest';

import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { CLEAR_LIMITS } from '../../../ts/crawl/visit/routes.ts';
import { MAX_VISIT_BYTES } from '../../../ts/crawl/visit/visitor.ts';
import { splitReceives } from '../../../ts/testing.ts';
import { VirtualVillage, crawlVillage } from './crawl-village.ts';
import { expectGroundTruth } from './ground-truth.ts';

const reachable = (records: readonly CrawlRecord[]): string[] =>
  records
    .filter(({ outcome }) => outcome === 'reachable')
    .map(({ address }) => address)
    .sort();

describe('a crawl among hostile peers', () => {
  it('reaches the same nodes beside a spammer, whose addresses are cut off and counted', async () => {
    const perSource = 1_500;
    const virtual = new VirtualVillage({ count: 80, seed: 2, spam: 50_000, mix: { v1: 20, spammer: 1, refusing: 4 } });
    const spammers = virtual.village.villagers.filter(({ kind }) => kind === 'spammer');
    expect(spammers.length).toBeGreaterThan(0);
    const { records, endings } = await crawlVillage(virtual, {
      perSource,
      attempts: 1,
      groupRate: 1_000,
      groupConcurrency: 1_000,
    });
    const residents = virtual.village.villagers
      .filter(({ kind }) => kind !== 'refusing')
      .map(({ service }) => String(service.address))
      .sort();
    expect(reachable(records)).toEqual(residents);
    expect(endings[0]!.distinct).toBeLessThanOrEqual(80 + spammers.length * perSource);
    expect(endings[0]!.beyondSource).toBeGreaterThan(40_000);
    await virtual.stop();
  }, 60_000);

  it('disbelieves a node that dates all addresses in the future', async () => {
    const virtual = new VirtualVillage({ count: 100, seed: 2, mix: { v1: 6, 'time-liar': 4 } });
    const { records } = await crawlVillage(virtual);
    expectGroundTruth(virtual.village, records);
    const liars = virtual.village.villagers.filter(({ kind }) => kind === 'time-liar');
    for (const { service } of liars) {
      const record = records.find(({ address }) => address === String(service.address));
      expect(record!.timeOffsetSeconds).toBeGreaterThan(300_000_000);
    }
    await virtual.stop();
  }, 60_000);

  it('ends a flood of messages of 4 MB, and records the node that made it', async () => {
    const virtual = new VirtualVillage({ count: 12, seed: 2, mix: { v1: 2, flooder: 1 } });
    const { records } = await crawlVillage(virtual);
    const flooders = virtual.village.villagers.filter(({ kind }) => kind === 'flooder');
    expect(flooders.length).toBeGreaterThan(0);
    for (const { service } of flooders) {
      const record = records.find(({ address }) => address === String(service.address));
      expect(record).toMatchObject({ outcome: 'reachable', code: 'flood' });
      expect(record!.bytesReceived).toBeLessThan(MAX_VISIT_BYTES + 1_048_576);
    }
    expect(reachable(records)).toHaveLength(12);
    await virtual.stop();
  }, 60_000);

  it('records the honest nodes as they are beside every hostile kind at once, each within its deadline', async () => {
    const hostile = {
      spammer: 1,
      flooder: 1,
      tarpit: 2,
      silent: 2,
      'too-long': 2,
      echo: 2,
      'wrong-network': 2,
      http: 2,
    };
    const rude = {
      'ends-in-version': 2,
      'resets-at-verack': 2,
      'resets-at-getaddr': 2,
      'full-reset': 2,
      ssh: 1,
      tls: 1,
    };
    const odd = { 'time-liar': 2, 'hostile-agent': 2, 'huge-agent': 2, 'v1-claims-v2': 2, refusing: 2 };
    const honest = { v1: 10, both: 10, v2: 4, old: 4 };
    const virtual = new VirtualVillage({
      count: 240,
      seed: 4,
      spam: 30_000,
      mix: { ...honest, ...hostile, ...rude, ...odd },
    });
    const { village, net } = virtual;
    const dialedAtMs = new Map<string, number>();
    net.faults = {
      connect: ({ remote, nowMs }) => {
        const key = String(remote!.address);
        if (!dialedAtMs.has(key)) dialedAtMs.set(key, nowMs);
        return undefined;
      },
    };
    const startedAt = net.clock.wallTimeMs() - net.clock.now();
    const { records, endings } = await crawlVillage(virtual, {
      attempts: 1,
      perSource: 1_000,
      groupRate: 1_000,
      groupConcurrency: 1_000,
    });
    const residents = village.villagers.filter(({ kind }) => kind !== 'spammer');
    const addresses = new Set(residents.map(({ service }) => String(service.address)));
    const ofResidents = records.filter(({ address }) => addresses.has(address));
    expectGroundTruth({ villagers: residents, toldBy: (villager) => village.toldBy(villager) }, ofResidents);
    for (const { address, time } of ofResidents) {
      expect(time - startedAt - dialedAtMs.get(address)!).toBeLessThanOrEqual(CLEAR_LIMITS.deadlineMs + 500);
    }
    expect(endings[0]).toMatchObject({ isComplete: true });
    expect(endings[0]!.beyondSource).toBeGreaterThan(20_000);
    await virtual.stop();
  }, 60_000);

  it.each([1, 7, 23])(
    'finds the same in pieces of %i bytes',
    async (bytes) => {
      const virtual = new VirtualVillage({ count: 48, seed: 6, tells: 20 }, { faults: splitReceives(bytes) });
      const { records } = await crawlVillage(virtual);
      expectGroundTruth(virtual.village, records);
      await virtual.stop();
    },
    60_000,
  );

  it('does not wait for nodes that come and go', async () => {
    const virtual = new VirtualVillage({ count: 60, seed: 6, mix: { v1: 1 } });
    const { villagers } = virtual.village;
    const schedule = virtual.village.schedule(700, (count) => {
      for (const villager of villagers.slice(1)) virtual.village.setPresent(villager, (villager.index + count) % 3 > 0);
    });
    const { records, endings } = await crawlVillage(virtual, { retryDelayMs: 1_000 });
    schedule.cancel();
    expect(endings[0]).toMatchObject({ isComplete: true });
    expect(records).toHaveLength(60);
    for (const { outcome } of records) expect(['reachable', 'full', 'disconnected']).toContain(outcome);
    await virtual.stop();
  }, 60_000);
});

describe('the rates of a crawl', () => {
  it('hold for every group, retries included, as the village counts them', async () => {
    const virtual = new VirtualVillage({ count: 200, seed: 3, groups: 4, mix: { v1: 2, full: 1 } });
    const times = new Map<string, number[]>();
    virtual.net.faults = {
      connect: ({ remote, nowMs }) => {
        const group = remote!.address.bytes.slice(0, 2).join('.');
        times.set(group, [...(times.get(group) ?? []), nowMs]);
        return undefined;
      },
    };
    await crawlVillage(virtual, { groupRate: 5, v2: 'never', retryDelayMs: 1_000, attempts: 3 });
    expect(times.size).toBe(4);
    for (const dials of times.values()) {
      expect(dials.length).toBeGreaterThan(50);
      for (let index = 5; index < dials.length; index++) {
        expect(dials[index]! - dials[index - 5]!).toBeGreaterThanOrEqual(1_000);
      }
    }
    await virtual.stop();
  }, 60_000);
});
