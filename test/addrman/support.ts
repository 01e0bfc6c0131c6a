// What the tests of the address manager share: addresses as the vectors write them, and a clock that stands still.

import { AddrMan } from '../../ts/addrman/addr-man.ts';
import type { AddrManOptions } from '../../ts/addrman/addr-man.ts';
import { AsMap } from '../../ts/addrman/asmap/as-map.ts';
import { findContradiction } from '../../ts/addrman/tables/consistency.ts';
import { NetGroups } from '../../ts/addrman/net-groups.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { PeerAddress } from '../../ts/p2p/messages/addresses.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { fromHex, readVectorBytes } from '../harness/data/vectors.ts';

/** Where the clocks of most tests start: 14 November 2023. */
export const START = 1_700_000_000;

/** The key that Bitcoin Core's own tests use. */
export const TEST_KEY = fromHex('01'.padEnd(64, '0'));

export const REGTEST_MAGIC = fromHex('fabfb5da');

/** A clock that moves when it is told to. */
export class ManualClock {
  seconds: number;

  constructor(seconds: number = START) {
    this.seconds = seconds;
  }

  wallTimeMs(): number {
    return this.seconds * 1000;
  }
}

export function sampleMap(): AsMap {
  return AsMap.parse(readVectorBytes('asmap.raw'));
}

/** An address as the vectors write it; `x.internal` names are given as bytes by the caller instead. */
export function address(text: string, isCJDNS = false): NetAddress {
  const parsed = NetAddress.parse(text);
  return isCJDNS ? parsed.toCJDNSIfInRange() : parsed;
}

export function service(text: string, port = 8333, isCJDNS = false): Service {
  return new Service(address(text, isCJDNS), port);
}

export function peer(text: string, timeSeconds: number = START, port = 8333, services = 9n): PeerAddress {
  return { service: service(text, port), services, timeSeconds };
}

/** The IPv4 address with these bytes in one number, highest first. */
export function ipv4(number: number): NetAddress {
  return new NetAddress('ipv4', Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number));
}

/** An address manager with a fixed key, a clock that stands still, and repeatable chance. */
export function testAddrMan(options: AddrManOptions & { seed?: number } = {}): {
  addrMan: AddrMan;
  clock: ManualClock;
} {
  const clock = new ManualClock();
  const { seed = 1, ...rest } = options;
  return { addrMan: new AddrMan({ key: TEST_KEY, clock, random: seededUint32(seed), ...rest }), clock };
}

/** The code of the first contradiction in the whole state; 0 for none. */
export function contradictionIn(addrMan: AddrMan): number {
  return findContradiction(addrMan.tables);
}

export function groups(hasMap: boolean): NetGroups {
  return new NetGroups(hasMap ? sampleMap() : undefined);
}

/** Every occupied slot as a line of text, as in the vectors: new before tried, ascending. */
export function tableLines(addrMan: AddrMan): string[] {
  return [false, true].flatMap((isTried) =>
    addrMan.getEntries(isTried).map(({ entry, position }) => {
      const place = `${isTried ? 'tried' : 'new'} ${position.bucket}/${position.position}`;
      return `${place} ${entry.service.address} ${entry.service.port}`;
    }),
  );
}
