// A whole crawl of a village of all kinds, in virtual time: what it finds is what is there.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';

import { formatRecord } from '../../../ts/crawl/record/record.ts';
import { VirtualVillage, crawlVillage } from './crawl-village.ts';
import { expectGroundTruth } from './ground-truth.ts';

const NETWORKS = { ipv4: 6, ipv6: 1, onion: 1, i2p: 1, cjdns: 1 };

const isValid = new Ajv2020().compile(
  JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../schemas/crawl-record.schema.json'), 'utf8')) as object,
);

describe('a crawl of a village', () => {
  it('finds everybody on five networks as they are, and nobody else', async () => {
    const virtual = new VirtualVillage({ count: 600, seed: 3, networks: NETWORKS });
    const { records, endings } = await crawlVillage(virtual);
    expectGroundTruth(virtual.village, records);
    for (const record of records)
      expect(isValid(JSON.parse(formatRecord(record))), JSON.stringify(isValid.errors)).toBe(true);
    expect(endings).toHaveLength(1);
    expect(endings[0]).toMatchObject({ isComplete: true, distinct: 600 });
    await virtual.stop();
  }, 60_000);

  it('makes the same records of the same seed, in the same order', async () => {
    const once = async (): Promise<string[]> => {
      const virtual = new VirtualVillage({ count: 150, seed: 8, networks: NETWORKS });
      const { records } = await crawlVillage(virtual);
      await virtual.stop();
      return records.map(formatRecord);
    };
    expect(await once()).toEqual(await once());
  }, 60_000);

  it('finds everybody by the name of a DNS seed alone, which a proxy looks up, and records nobody for it', async () => {
    const virtual = new VirtualVillage({ count: 60, seed: 8, mix: { v1: 1, both: 1 } });
    const nameProxy = { endpoint: virtual.village.socksProxy };
    const { records, endings } = await crawlVillage(virtual, { seeds: [], nameProxy });
    expectGroundTruth(virtual.village, records);
    expect(endings[0]).toMatchObject({ isComplete: true, distinct: 60 });
    expect(records.some(({ source }) => source === 'dns-seed')).toBe(true);
    await virtual.stop();
  }, 60_000);
});
