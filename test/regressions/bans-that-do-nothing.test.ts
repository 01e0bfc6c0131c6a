// Bans that were accepted and had no effect: of a time that is over, of an address that nobody has, of CJDNS by its text.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { BanMan, MAX_BANS } from '../../ts/storage/ban-man.ts';
import { DataFile } from '../../ts/storage/data-file.ts';
import { VirtualClock } from '../../ts/testing.ts';
import { silentLogger } from '../../ts/util/logger.ts';

const NOW_SECONDS = 1_700_000_000;
const clock = new VirtualClock({ wallTimeMs: NOW_SECONDS * 1_000 });

describe('a ban', () => {
  it.each([NOW_SECONDS - 1, NOW_SECONDS, 1])('until %d, which is over, is refused', (seconds) => {
    const banMan = new BanMan({ clock });
    expect(() => banMan.ban('1.2.3.4', { seconds, isAbsolute: true })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
    expect(banMan.ban('1.2.3.4', { seconds: NOW_SECONDS + 1, isAbsolute: true })).toBe(true);
    expect(banMan.isBanned('1.2.3.4')).toBe(true);
  });

  it.each(['0.0.0.0', '::', '255.255.255.255', '0.0.0.0/32', '2001:db8::1'])(
    'of %s, which nobody has, is refused',
    (text) => {
      const banMan = new BanMan({ clock });
      const refused = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error;
      expect(() => banMan.ban(text)).toThrow(refused);
      if (!text.includes('/')) expect(() => banMan.ban(NetAddress.parse(text))).toThrow(refused);
    },
  );

  it('of every IPv4 address is one of a range, and works', () => {
    const banMan = new BanMan({ clock });
    expect(banMan.ban('0.0.0.0/0')).toBe(true);
    expect(banMan.isBanned('1.2.3.4')).toBe(true);
    expect(banMan.isBanned('2a01::1')).toBe(false);
  });

  it('takes the text of an address or a range wherever it takes an object', () => {
    const banMan = new BanMan({ clock });
    expect(banMan.ban('1.2.3.0/255.255.255.0')).toBe(true);
    expect(banMan.isBanned('1.2.3.0/24')).toBe(true);
    expect(banMan.isBanned(NetAddress.parse('1.2.3.9'))).toBe(true);
    expect(banMan.isBanned('1.2.3.9')).toBe(true);
    expect(banMan.isBanned('1.2.3.9/32')).toBe(true);
    expect(banMan.isBanned('1.2.3.0/25')).toBe(false);
    expect(banMan.unban('1.2.3.9')).toBe(false);
    expect(banMan.unban('1.2.3.0/24')).toBe(true);
    expect(() => banMan.isBanned('host.example')).toThrow(TypeError);
    expect(() => banMan.unban('host.example')).toThrow(TypeError);
  });

  it(`is refused, and that is said, when there are ${MAX_BANS}`, () => {
    const warnings: string[] = [];
    const banMan = new BanMan({ clock, logger: { ...silentLogger, warn: (line) => void warnings.push(line) } });
    for (let index = 0; index < MAX_BANS; index++) banMan.ban(new Subnet(nth(index)), { seconds: 10 + index });
    expect(banMan.ban('9.9.9.9')).toBe(false);
    expect(warnings).toHaveLength(1);
    // A longer one of what is banned already takes no room.
    expect(banMan.ban(nth(3), { seconds: 100_000 })).toBe(true);
    expect(banMan.getBanned()).toHaveLength(MAX_BANS);
  });
});

describe('a ban of CJDNS by its text', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-cjdns-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const load = (cjdnsReachable: boolean): Promise<BanMan> =>
    BanMan.load({ clock, cjdnsReachable, file: new DataFile(join(folder, 'banlist.json')) });
  const peer = NetAddress.parse('fc00::1').toCJDNSIfInRange();

  it.each<[string, string | NetAddress | Subnet]>([
    ['an address as text', 'fc00::1'],
    ['a range of one as text', 'fc00::1/128'],
    ['an address', NetAddress.parse('fc00::1')],
    ['a subnet', Subnet.parse('fc00::1')],
  ])('holds for the peer, and at the next start: %s', async (_, target) => {
    const banMan = await load(true);
    expect(banMan.ban(target)).toBe(true);
    expect(banMan.isBanned(peer)).toBe(true);
    await banMan.save();
    const again = await load(true);
    expect([again.isBanned(peer), again.isBanned('fc00::1'), again.isBanned(target)]).toEqual([true, true, true]);
    expect(again.unban(target)).toBe(true);
    await again.save();
  });

  it('is refused for parts of it, which has only single addresses', async () => {
    const banMan = await load(true);
    for (const target of ['fc00::/8', Subnet.parse('fc12::/16')]) {
      expect(() => banMan.ban(target)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    }
    await banMan.save();
  });

  it('is one of IPv6 where CJDNS is out of reach', async () => {
    const banMan = await load(false);
    expect(banMan.ban('fc00::/8')).toBe(true);
    expect(banMan.isBanned(NetAddress.parse('fc00::1'))).toBe(true);
    expect(banMan.isBanned(peer)).toBe(false);
    await banMan.save();
  });
});

function nth(index: number): NetAddress {
  return NetAddress.parse(`11.${index >> 16}.${(index >> 8) & 0xff}.${index & 0xff}`);
}
