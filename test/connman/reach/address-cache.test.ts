import { describe, expect, it } from 'vitest';
import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { AddressCache } from '../../../ts/connman/reach/address-cache.ts';
import type { P2PNode } from '../../../ts/connman/node/peer.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const HOUR_MS = 3_600_000;

function cacheOver(addressCount: number) {
  const clock = new VirtualClock();
  const random = seededUint32(1);
  const book = new AddrMan({ clock, random });
  const timeSeconds = Math.floor(clock.wallTimeMs() / 1_000) - 60;
  for (let index = 0; index < addressCount; index++) {
    const service = Service.parse(`${1 + (index % 200)}.${Math.floor(index / 200)}.3.4:8333`);
    book.add([{ service, services: 9n, timeSeconds }], NetAddress.parse(`93.${index % 250}.9.9`));
  }
  const banned = new Set<string>();
  const banMan = {
    isBanned: (address: NetAddress) => banned.has(String(address)),
    isDiscouraged: (address: NetAddress) => banned.has(`discouraged ${address}`),
  };
  return { clock, book, banned, cache: new AddressCache({ addressBook: book, banMan, clock, random }) };
}

const on = (networkKey: bigint): P2PNode => ({ networkKey }) as P2PNode;

describe('the answer to getaddr', () => {
  it('is one list for everybody on one of our addresses, for 21 hours at least', () => {
    const { cache, clock } = cacheOver(500);
    const first = cache.addressesFor(on(1n), 1_000, 23);
    expect(first.length).toBeGreaterThan(50);
    clock.advance(21 * HOUR_MS);
    expect(cache.addressesFor(on(1n), 1_000, 23)).toBe(first);
    expect(cache.addressesFor(on(1n), 1, 1)).toBe(first);
  });

  it('is another one elsewhere, and after 27 hours', () => {
    const { cache, clock } = cacheOver(500);
    const first = cache.addressesFor(on(1n), 1_000, 23);
    expect(cache.addressesFor(on(2n), 1_000, 23)).not.toEqual(first);
    clock.advance(27 * HOUR_MS + 1);
    expect(cache.addressesFor(on(1n), 1_000, 23)).not.toBe(first);
  });

  it('stays empty as long if there was nothing to tell', () => {
    const { book, cache, clock } = cacheOver(0);
    expect(cache.addressesFor(on(1n), 1_000, 23)).toEqual([]);
    const service = Service.parse('1.2.3.4:8333');
    const timeSeconds = Math.floor(clock.wallTimeMs() / 1_000);
    book.add([{ service, services: 9n, timeSeconds }], NetAddress.parse('9.9.9.9'));
    expect(cache.addressesFor(on(1n), 0, 0)).toEqual([]);
    clock.advance(27 * HOUR_MS + 1);
    expect(cache.addressesFor(on(1n), 0, 0)).toHaveLength(1);
  });

  it('leaves out who is banned or discouraged', () => {
    const { banned, cache } = cacheOver(3);
    expect(cache.fresh(0, 0)).toHaveLength(3);
    banned.add('1.0.3.4').add('discouraged 2.0.3.4');
    expect(cache.fresh(0, 0).map(({ service }) => String(service))).toEqual(['3.0.3.4:8333']);
  });

  it('is empty without an address book', () => {
    const clock = new VirtualClock();
    const cache = new AddressCache({ addressBook: undefined, banMan: undefined, clock, random: seededUint32(1) });
    expect(cache.addressesFor(on(1n), 1_000, 23)).toEqual([]);
  });
});
