import { describe, expect, it } from 'vitest';

import { uniformBelow } from '../../ts/util/random.ts';
import type { BanEntry } from '../../ts/storage/ban-list.ts';
import { BanTable } from '../../ts/storage/ban-table.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';

const NOW_SECONDS = 1_000;
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

function banOf(text: string, untilSeconds: number = NOW_SECONDS + 1): BanEntry {
  return { subnet: Subnet.parse(text, true), createdSeconds: 0, untilSeconds };
}

function tableOf(...bans: BanEntry[]): BanTable {
  const table = new BanTable();
  for (const ban of bans) table.set(ban);
  return table;
}

function covers(table: BanTable, text: string): boolean {
  return table.covers(NetAddress.parse(text).toCJDNSIfInRange(), NOW_SECONDS);
}

describe('a table of bans', () => {
  it.each<[string, string[], string[]]>([
    ['1.2.3.0/24', ['1.2.3.0', '1.2.3.255'], ['1.2.2.255', '1.2.4.0', '::ffff:1.2.4.0']],
    ['0.0.0.0/0', ['1.2.3.4', '127.0.0.1'], ['0.0.0.0', '255.255.255.255', '2a01::1', ONION]],
    ['::/0', ['2a01::1', '::1'], ['::', '2001:db8::1', '1.2.3.4', 'fc00::1']],
    ['2a01:0:8::/45', ['2a01:0:8::', '2a01:0:f:ffff::'], ['2a01:0:7::', '2a01:0:10::']],
    ['fc00::1', ['fc00::1'], ['fc00::2']],
    [ONION, [ONION], ['1.2.3.4']],
  ])('covers what is in %s and nothing beside it', (subnet, inside, outside) => {
    const table = tableOf(banOf(subnet));
    expect(inside.filter((text) => !covers(table, text))).toEqual([]);
    expect(outside.filter((text) => covers(table, text))).toEqual([]);
  });

  it('covers nothing by a ban that is over, but by one of a wider or narrower subnet', () => {
    expect(covers(tableOf(banOf('1.2.3.4', NOW_SECONDS)), '1.2.3.4')).toBe(false);
    expect(covers(tableOf(banOf('1.2.3.4', NOW_SECONDS), banOf('1.2.0.0/16')), '1.2.3.4')).toBe(true);
    expect(covers(tableOf(banOf('1.2.3.4'), banOf('1.2.0.0/16', NOW_SECONDS)), '1.2.3.4')).toBe(true);
  });

  it('agrees with a look at every ban, whatever was added and taken out', () => {
    const random = seededUint32(1);
    const table = new BanTable();
    const bytes = (): Uint8Array => Uint8Array.from({ length: 4 }, () => 1 + uniformBelow(random, 3));
    const addresses = Array.from({ length: 81 }, () => new NetAddress('ipv4', bytes()));
    for (let step = 0; step < 2_000; step++) {
      const subnet = new Subnet(new NetAddress('ipv4', bytes()), 16 + uniformBelow(random, 17));
      const isKnown = table.get(subnet) !== undefined;
      if (uniformBelow(random, 3) === 0) {
        const untilSeconds = NOW_SECONDS + uniformBelow(random, 2);
        table.set({ subnet, createdSeconds: 0, untilSeconds });
      } else expect(table.delete(subnet)).toBe(isKnown);
      if (step === 1_000) table.clear();
      const bans = [...table.values()].filter(({ untilSeconds }) => untilSeconds > NOW_SECONDS);
      const expected = addresses.map((address) => bans.some((ban) => ban.subnet.matches(address)));
      expect(addresses.map((address) => table.covers(address, NOW_SECONDS))).toEqual(expected);
    }
    expect(table.size).toBeGreaterThan(0);
  });

  it('looks an address up among fifty thousand as quickly as among five hundred', () => {
    const addresses = Array.from({ length: 500 }, (_, index) => NetAddress.parse(`200.0.${index >> 8}.${index & 255}`));
    const leastMs = (table: BanTable): number => {
      const runs = Array.from({ length: 7 }, () => {
        const startMs = performance.now();
        for (const address of addresses) table.covers(address, NOW_SECONDS);
        return performance.now() - startMs;
      });
      return Math.min(...runs);
    };
    const [few, many] = [500, 50_000].map((count) => {
      const texts = Array.from(
        { length: count },
        (_, index) => `${10 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.0/24`,
      );
      return tableOf(...texts.map((text) => banOf(text)));
    });
    expect([few!.size, many!.size]).toEqual([500, 50_000]);
    // Ban by ban it takes a hundred times as long.
    expect(leastMs(many!) / leastMs(few!)).toBeLessThan(20);
  });
});
