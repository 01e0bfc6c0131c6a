// Whole address books, written and read back: what random operations made, not what a vector lists.

import { describe, expect, it } from 'vitest';
import type { AddrMan } from '../../ts/addrman/addr-man.ts';
import { parsePeers } from '../../ts/addrman/file/peers-reader.ts';
import { serializePeers } from '../../ts/addrman/file/peers-writer.ts';
import { NETWORK_BYTES } from '../../ts/netaddr/networks/network.ts';
import type { PublicNetworkName } from '../../ts/netaddr/networks/network.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { RandomUint32 } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { REGTEST_MAGIC, contradictionIn, groups, testAddrMan } from './support.ts';

const NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];
const ADDRESSES = 4_000;

/** First bytes that are routable, and that the sample map has systems for. */
const FIRST_BYTES: Readonly<Record<PublicNetworkName, number>> = {
  ipv4: 250,
  ipv6: 0x2a,
  onion: 1,
  i2p: 1,
  cjdns: 0xfc,
};

function randomAddress(random: RandomUint32): NetAddress {
  const network = NETWORKS[random() % NETWORKS.length]!;
  const bytes = new Uint8Array(NETWORK_BYTES[network]);
  bytes.set([FIRST_BYTES[network], random(), random(), random()]);
  return new NetAddress(network, bytes);
}

/** An address book with a past: entries in several slots, tried ones, evicted ones, ids used again. */
function livedBook(seed: number, hasMap: boolean): AddrMan {
  const { addrMan, clock } = testAddrMan({ seed, groups: groups(hasMap) });
  const random = seededUint32(seed);
  const services = Array.from({ length: ADDRESSES }, () => new Service(randomAddress(random), random() & 0xffff));
  for (let step = 0; step < ADDRESSES * 6; step++) {
    const target = services[random() % services.length]!;
    const timeSeconds = clock.seconds - (random() % 3_000_000);
    addrMan.add([{ service: target, services: BigInt(random()) << 20n, timeSeconds }], randomAddress(random), 7_200);
    if (step % 5 === 0) addrMan.good(target);
    if (step % 7 === 0) addrMan.attempt(services[random() % services.length]!, true);
    if (step % 50 === 0) addrMan.resolveCollisions();
    clock.seconds += random() % 120;
  }
  const multiple = addrMan.getEntries(false).filter(({ position }) => position.multiplicity > 1);
  expect(multiple.length).toBeGreaterThan(50);
  expect(addrMan.size(undefined, false)).toBeGreaterThan(500);
  return addrMan;
}

function reread(bytes: Uint8Array, hasMap: boolean): AddrMan {
  const outcome = parsePeers(bytes, REGTEST_MAGIC, { groups: groups(hasMap) });
  if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
  expect(contradictionIn(outcome.addrMan)).toBe(0);
  return outcome.addrMan;
}

/** Every slot with all that a file keeps of its entry. */
function slotsOf(addrMan: AddrMan): unknown[] {
  return [false, true].flatMap((isTried) =>
    addrMan.getEntries(isTried).map(({ entry, position }) => {
      const { lastTrySeconds: _, lastCountAttemptSeconds: __, ...kept } = entry;
      return { ...kept, position };
    }),
  );
}

function countsOf(addrMan: AddrMan): number[] {
  return NETWORKS.flatMap((network) => [true, false].map((isNew) => addrMan.size(network, isNew)));
}

describe.each([
  ['without a map', false],
  ['with a map', true],
])('an address book %s', (_, hasMap) => {
  it.each([1, 2, 3])('comes back from its file with every field, place and count (seed %i)', (seed) => {
    const before = livedBook(seed, hasMap);
    const after = reread(serializePeers(before, REGTEST_MAGIC), hasMap);
    expect(slotsOf(after)).toEqual(slotsOf(before));
    expect(countsOf(after)).toEqual(countsOf(before));
    expect(after.tables.key).toEqual(before.tables.key);
  });

  it('is written as it was read, byte for byte', () => {
    // Read once, so that entries are in the order of a file.
    const bytes = serializePeers(reread(serializePeers(livedBook(4, hasMap), REGTEST_MAGIC), hasMap), REGTEST_MAGIC);
    expect(Buffer.from(serializePeers(reread(bytes, hasMap), REGTEST_MAGIC)).equals(bytes)).toBe(true);
  });

  it('read under another map has each entry where its source puts it, once, and drops those without any', () => {
    const before = livedBook(5, hasMap);
    const after = reread(serializePeers(before, REGTEST_MAGIC), !hasMap);
    const entries = after.getEntries(false);
    for (const { entry, position } of entries) expect(after.findAddressEntry(entry.service)).toEqual(position);
    expect(new Set(entries.map(({ entry }) => String(entry.service))).size).toBe(entries.length);
    const dropped = before.size(undefined, true) - entries.length;
    expect(dropped).toBeGreaterThan(0);
    expect(after.getAddr(0, 0, undefined, false)).toHaveLength(after.size());
  });
});
