// What a crawl must have found of a village: every villager once, as it is, and nobody else.

import { expect } from 'vitest';

import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { VILLAGER_KINDS, speaksV2, tellsAddresses } from '../../../ts/crawl/village/villager.ts';
import type { Villager } from '../../../ts/crawl/village/villager.ts';
import type { Village } from '../../../ts/crawl/village/village.ts';
import { escaped } from '../../../ts/crawl/visit/escape.ts';

/** Codes that kinds have besides their outcomes; undefined for any or none. */
const CODES: Readonly<Partial<Record<Villager['kind'], string>>> = {
  http: 'http',
  tls: 'tls',
  ssh: 'ssh',
  'wrong-network': 'testnet4',
  'too-long': 'message-too-long',
  'full-reset': 'reset',
  full: 'closed',
  refusing: 'connection-refused',
  flooder: 'flood',
};

/** What of a village is looked at. */
type Truth = Pick<Village, 'villagers' | 'toldBy'>;

const keyOf = ({ address, port }: CrawlRecord): string => `${address} ${port}`;

/** What of a record the ground truth knows. */
function known(record: CrawlRecord | undefined): object | undefined {
  if (record === undefined) return undefined;
  const { outcome, code, transport, services, userAgent, startHeight, relay, addressCount, network } = record;
  return { outcome, code, transport, services, userAgent, startHeight, relay, addressCount, network };
}

function expected(village: Truth, villager: Villager, usesV2: boolean): object {
  const { kind, services, userAgent, startHeight, relay, service } = villager;
  const outcome = VILLAGER_KINDS[kind];
  const saidVersion = outcome === 'reachable' || kind === 'resets-at-verack';
  const isReachable = outcome === 'reachable';
  return {
    outcome,
    code: CODES[kind] ?? (kind === 'ends-in-version' ? 'closed' : kind === 'resets-at-verack' ? 'reset' : undefined),
    // The first villager is dialed without any knowledge of it: with V2.
    transport: usesV2 && speaksV2(kind) ? 2 : 1,
    services: saidVersion ? services.toString(16).padStart(16, '0') : undefined,
    userAgent: saidVersion ? escaped(userAgent.subarray(0, 256)) : undefined,
    startHeight: saidVersion ? startHeight : undefined,
    relay: saidVersion ? relay : undefined,
    addressCount: isReachable ? addressCountOf(village, villager) : undefined,
    network: service.address.network,
  };
}

function addressCountOf(village: Truth, villager: Villager): number {
  if (!tellsAddresses(villager.kind)) return 0;
  const told = village.toldBy(villager);
  return villager.kind === 'old' ? told.filter(({ service }) => service.address.isV1Compatible()).length : told.length;
}

/** Holds the records of a round against the village. @param usesV2 - Whether the crawl did. */
export function expectGroundTruth(village: Truth, records: readonly CrawlRecord[], usesV2: boolean = true): void {
  const byKey = new Map(records.map((record) => [keyOf(record), record]));
  expect(byKey.size).toBe(records.length);
  for (const villager of village.villagers) {
    const { address, port } = villager.service;
    const record = byKey.get(`${address} ${port}`);
    expect({ kind: villager.kind, ...known(record) }).toEqual({
      kind: villager.kind,
      ...expected(village, villager, usesV2),
    });
    byKey.delete(`${address} ${port}`);
  }
  expect([...byKey.keys()]).toEqual([]);
}
