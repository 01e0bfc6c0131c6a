// Messages of many addresses: slots are hashed for several of them at a time, which must not show.

import { describe, expect, it } from 'vitest';
import { serializePeers } from '../../ts/addrman/file/peers-writer.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { PeerAddress } from '../../ts/p2p/messages/addresses.ts';
import type { RandomUint32 } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { REGTEST_MAGIC, START, contradictionIn, groups, ipv4, peer, testAddrMan } from './support.ts';

/** So few that messages repeat them, and displace what the same message brought. */
const ADDRESSES = 600;

function randomService(random: RandomUint32): Service {
  const bytes = Uint8Array.from({ length: 32 }, () => random());
  switch (random() % 5) {
    case 0:
      return new Service(new NetAddress('onion', bytes), 8333);
    case 1:
      bytes[0] = 0x2a;
      return new Service(new NetAddress('ipv6', bytes.slice(0, 16)), 8333);
    case 2:
      // Not routable: passed over, wherever in the message it stands.
      return new Service(new NetAddress('ipv4', Uint8Array.of(10, ...bytes.slice(0, 3))), 8333);
    default:
      return new Service(new NetAddress('ipv4', Uint8Array.of(250, ...bytes.slice(0, 3))), random() & 0xffff);
  }
}

/** Messages of up to 23 addresses from few sources, the source itself sometimes among them. */
function randomMessages(random: RandomUint32): { source: NetAddress; records: PeerAddress[] }[] {
  const services = Array.from({ length: ADDRESSES }, () => randomService(random));
  return Array.from({ length: 400 }, (_, index) => {
    const source = ipv4(0x6500_0101 | ((random() % 40) << 16));
    const records = Array.from({ length: random() % 24 }, () => ({
      service: random() % 30 === 0 ? new Service(source, 8333) : services[random() % ADDRESSES]!,
      services: BigInt(random() % 16),
      timeSeconds: START - 4_000_000 + index * 10_000 + (random() % 1_000_000),
    }));
    return { source, records };
  });
}

describe('a message of many addresses', () => {
  it.each([
    [1, false],
    [2, true],
    [3, false],
  ])('is learnt as its addresses are one by one (seed %i, map %s)', (seed, hasMap) => {
    const together = testAddrMan({ seed, groups: groups(hasMap) }).addrMan;
    const oneByOne = testAddrMan({ seed, groups: groups(hasMap) }).addrMan;
    for (const { source, records } of randomMessages(seededUint32(seed))) {
      const hasAdded = records.map((record) => oneByOne.add([record], source, 7_200)).includes(true);
      expect(together.add(records, source, 7_200)).toBe(hasAdded);
    }
    const bytes = serializePeers(together, REGTEST_MAGIC);
    expect(bytes).toEqual(serializePeers(oneByOne, REGTEST_MAGIC));
    expect(contradictionIn(together)).toBe(0);
    expect(together.size()).toBeGreaterThan(200);
    const multiple = together.getEntries(false).filter(({ position }) => position.multiplicity > 1);
    expect(multiple.length).toBeGreaterThan(50);
  });

  it('may name an address twice, with different times', () => {
    const { addrMan } = testAddrMan();
    const [older, newer] = [peer('250.1.1.1', START - 90_000), peer('250.1.1.1', START)];
    expect(addrMan.add([older, newer, newer, older], ipv4(0x0102_0304), 7_200)).toBe(true);
    expect(addrMan.size()).toBe(1);
    expect(addrMan.getEntry(older.service)?.timeSeconds).toBe(START - 7_200);
  });

  it('may come from any iterable', () => {
    const { addrMan } = testAddrMan();
    const records = new Set([1, 2, 3, 4, 5, 6].map((i) => peer(`250.${i}.1.1`)));
    expect(addrMan.add(records, ipv4(0x0102_0304))).toBe(true);
    expect(addrMan.add([], ipv4(0x0102_0304))).toBe(false);
    expect(addrMan.size()).toBe(6);
  });
});
