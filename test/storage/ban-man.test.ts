import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFile } from '../../ts/storage/data-file.ts';
import { BanMan, DEFAULT_BAN_SECONDS } from '../../ts/storage/ban-man.ts';
import type { BanManOptions } from '../../ts/storage/ban-man.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { VirtualClock } from '../../ts/testing.ts';
import { silentLogger } from '../../ts/util/logger.ts';
import { BAN_LIST_VECTORS } from '../harness/data/ban-list-vectors.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';

const NOW_SECONDS = 1_700_000_000;
const address = (text: string): NetAddress => NetAddress.parse(text);
const subnet = (text: string): Subnet => Subnet.parse(text);

function options(nowSeconds: number = NOW_SECONDS): BanManOptions & { readonly clock: VirtualClock } {
  return { clock: new VirtualClock({ wallTimeMs: nowSeconds * 1_000 }), random: seededUint32(1), logger: silentLogger };
}

function texts(banMan: BanMan): string[] {
  return banMan.getBanned().map((ban) => `${ban.subnet} ${ban.createdSeconds}..${ban.untilSeconds}`);
}

describe('bans', () => {
  it('last a day unless told otherwise, and end at their second', () => {
    const { clock, ...rest } = options();
    const banMan = new BanMan({ clock, ...rest });
    expect(banMan.ban(address('1.2.3.4'))).toBe(true);
    clock.advance((DEFAULT_BAN_SECONDS - 1) * 1_000);
    expect(banMan.isBanned(address('1.2.3.4'))).toBe(true);
    clock.advance(1_000);
    expect(banMan.isBanned(address('1.2.3.4'))).toBe(false);
    expect(banMan.getBanned()).toHaveLength(1);
    clock.advance(1_000);
    expect(banMan.getBanned()).toHaveLength(0);
  });

  it('end at an absolute time when that is given', () => {
    const banMan = new BanMan(options());
    banMan.ban(address('1.2.3.4'), { seconds: NOW_SECONDS + 5, isAbsolute: true });
    banMan.ban(address('1.2.3.5'), { seconds: -1, isAbsolute: true });
    const day = NOW_SECONDS + DEFAULT_BAN_SECONDS;
    expect(texts(banMan)).toEqual([
      `1.2.3.4/32 ${NOW_SECONDS}..${NOW_SECONDS + 5}`,
      `1.2.3.5/32 ${NOW_SECONDS}..${day}`,
    ]);
  });

  it('only grow', () => {
    const changes: number[] = [];
    const banMan = new BanMan({ ...options(), onChange: () => changes.push(1) });
    expect(banMan.ban(subnet('1.2.3.0/24'), { seconds: 100 })).toBe(true);
    expect(banMan.ban(subnet('1.2.3.0/24'), { seconds: 100 })).toBe(false);
    expect(banMan.ban(subnet('1.2.3.0/24'), { seconds: 99 })).toBe(false);
    expect(banMan.ban(subnet('1.2.3.0/24'), { seconds: 101 })).toBe(true);
    expect(texts(banMan)).toEqual([`1.2.3.0/24 ${NOW_SECONDS}..${NOW_SECONDS + 101}`]);
    expect(changes).toHaveLength(2);
  });

  it('are told of when they change, when they end, and when they are taken back', () => {
    const lists: string[][] = [];
    const given = options();
    const banMan: BanMan = new BanMan({ ...given, onChange: () => lists.push(texts(banMan)) });
    banMan.ban(address('1.2.3.4'), { seconds: 100 });
    const first = `1.2.3.4/32 ${NOW_SECONDS}..${NOW_SECONDS + 100}`;
    banMan.ban(address('1.2.3.5'), { seconds: 200 });
    const second = `1.2.3.5/32 ${NOW_SECONDS}..${NOW_SECONDS + 200}`;
    given.clock.advance(101_000);
    expect(texts(banMan)).toEqual([second]);
    banMan.unban(address('1.2.3.5'));
    banMan.clearBanned();
    expect(lists).toEqual([[first], [first, second], [second], [], []]);
  });

  it('of a range hold for each address in it, of either family for that family only', () => {
    const banMan = new BanMan(options());
    banMan.ban(subnet('1.2.3.0/24'));
    expect(banMan.isBanned(address('1.2.3.0'))).toBe(true);
    expect(banMan.isBanned(address('1.2.3.255'))).toBe(true);
    expect(banMan.isBanned(address('1.2.4.0'))).toBe(false);
    banMan.ban(subnet('::/0'));
    expect(banMan.isBanned(address('2a01::1'))).toBe(true);
    expect(banMan.isBanned(address('1.2.4.0'))).toBe(false);
  });

  it('of a subnet are those of exactly this subnet', () => {
    const banMan = new BanMan(options());
    banMan.ban(subnet('1.2.0.0/16'));
    expect(banMan.isBanned(subnet('1.2.0.0/16'))).toBe(true);
    expect(banMan.isBanned(subnet('1.2.3.0/24'))).toBe(false);
    expect(banMan.unban(subnet('1.2.3.0/24'))).toBe(false);
    expect(banMan.unban(subnet('1.2.0.0/16'))).toBe(true);
    expect(banMan.isBanned(address('1.2.3.4'))).toBe(false);
  });

  it('are all gone after clearing', () => {
    const banMan = new BanMan(options());
    banMan.ban(address('1.2.3.4'));
    banMan.ban(address('2a01::1'));
    banMan.clearBanned();
    expect(banMan.getBanned()).toEqual([]);
  });
});

describe('a ban that makes no sense', () => {
  it.each([1.5, NaN, Infinity, 2 ** 53, '60' as never])('is refused: for %s seconds', async (seconds) => {
    const banMan = new BanMan(options());
    expect(() => banMan.ban(address('1.2.3.4'), { seconds })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
    expect(banMan.getBanned()).toEqual([]);
  });

  it.each(['localhost', '1.2.3.4:8333', '', undefined, 7, NetAddress.fromInternalName('x')])(
    'is refused: of %s',
    (target) => {
      const banMan = new BanMan(options());
      expect(() => banMan.ban(target as never)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    },
  );

  it('is not made by default either', () => {
    expect(() => new BanMan({ ...options(), defaultBanSeconds: 0.5 })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  });

  it('is as long as can be where it is too long', () => {
    const banMan = new BanMan(options());
    banMan.ban(address('1.2.3.4'), { seconds: Number.MAX_SAFE_INTEGER });
    expect(banMan.getBanned()[0]!.untilSeconds).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('discouragement', () => {
  it('remembers the last 50,000 addresses of 100,000', () => {
    const banMan = new BanMan(options());
    const nth = (index: number): NetAddress =>
      new NetAddress('ipv4', Uint8Array.of(1, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff));
    for (let index = 0; index < 100_000; index++) banMan.discourage(nth(index));
    let remembered = 0;
    for (let index = 50_000; index < 100_000; index++) if (banMan.isDiscouraged(nth(index))) remembered++;
    expect(remembered).toBe(50_000);
    // 75,000 at most: what came before is forgotten, but for false positives of one in a million.
    let old = 0;
    for (let index = 0; index < 25_000; index++) if (banMan.isDiscouraged(nth(index))) old++;
    expect(old).toBeLessThan(10);
  });

  it('is no ban, and neither listed nor undone', () => {
    const banMan = new BanMan(options());
    banMan.discourage(address('1.2.3.4'));
    expect(banMan.isBanned(address('1.2.3.4'))).toBe(false);
    expect(banMan.unban(address('1.2.3.4'))).toBe(false);
    banMan.clearBanned();
    expect(banMan.getBanned()).toEqual([]);
    expect(banMan.isDiscouraged(address('1.2.3.4'))).toBe(true);
    expect(banMan.isDiscouraged(address('1.2.3.5'))).toBe(false);
  });
});

describe('banlist.json', () => {
  let folder = '';
  const path = (): string => join(folder, 'banlist.json');
  const load = (nowSeconds?: number): Promise<BanMan> =>
    BanMan.load({ ...options(nowSeconds), file: new DataFile(path()) });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sockman-bans-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is made where there is none', async () => {
    expect((await load()).getBanned()).toEqual([]);
    expect(JSON.parse(await readFile(path(), 'utf8'))).toMatchObject({ banned_nets: [] });
  });

  it.each(BAN_LIST_VECTORS.map((file) => [file.name, file] as const))(
    'of the vectors is read as Core does: %s',
    async (_, file) => {
      await writeFile(path(), file.text);
      const banMan = await load(file.now);
      const expected = file.expect.entries ?? [];
      expect(texts(banMan)).toEqual(expected.map((ban) => `${ban.subnet} ${ban.banCreated}..${ban.bannedUntil}`));
      // What was unsound is overwritten at once; what was sound reads the same after a restart.
      const { banned_nets: written } = JSON.parse(await readFile(path(), 'utf8')) as { banned_nets: unknown[] };
      expect(written).toHaveLength(expected.length);
      expect(texts(await load(file.now)).sort()).toEqual(texts(banMan).sort());
    },
  );

  it('holds every change after it is saved, and nothing of discouragement', async () => {
    const banMan = await load();
    banMan.ban(subnet('10.0.0.0/8'), { seconds: 50 });
    banMan.ban(address('2a01::1'), { seconds: 60 });
    banMan.unban(subnet('10.0.0.0/8'));
    banMan.discourage(address('9.9.9.9'));
    await banMan.save();
    const again = await load();
    expect(texts(again)).toEqual([`2a01::1/128 ${NOW_SECONDS}..${NOW_SECONDS + 60}`]);
    expect(again.isDiscouraged(address('9.9.9.9'))).toBe(false);
  });

  it('is not written while nothing changes', async () => {
    const banMan = await load();
    await writeFile(path(), 'untouched');
    await banMan.save();
    expect(await readFile(path(), 'utf8')).toBe('untouched');
  });

  it('a ban is saved also if the listener of changes throws', async () => {
    const onChange = (): void => {
      throw new Error('no');
    };
    const banMan = await BanMan.load({ ...options(), onChange, file: new DataFile(path()) });
    expect(() => banMan.ban(address('1.2.3.4'), { seconds: 50 })).toThrow('no');
    await banMan.save();
    expect(texts(await load())).toEqual([`1.2.3.4/32 ${NOW_SECONDS}..${NOW_SECONDS + 50}`]);
  });

  it('that a killed process left half written beside the whole one is cleared away', async () => {
    await load();
    await writeFile(join(folder, 'banlist.1a2b'), '{"banned');
    await load();
    expect(await readdir(folder)).toEqual(['banlist.json']);
  });

  it('that cannot be saved stays to be saved', async () => {
    const banMan = await load();
    const gone = folder;
    await rm(gone, { recursive: true });
    banMan.ban(address('1.2.3.4'), { seconds: 50 });
    await banMan.save();
    await mkdir(gone);
    await banMan.save();
    expect(texts(await load())).toEqual([`1.2.3.4/32 ${NOW_SECONDS}..${NOW_SECONDS + 50}`]);
  });
});
