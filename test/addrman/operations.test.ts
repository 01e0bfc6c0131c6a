import { describe, expect, it } from 'vitest';
import { AddrMan } from '../../ts/addrman/addr-man.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { START, address, contradictionIn, ipv4, peer, service, testAddrMan } from './support.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const SOURCE = address('252.2.2.2');
const TARGET = service('250.1.1.1');

/** An address manager that knows `TARGET`, last seen at `timeSeconds`. */
function withTarget(timeSeconds = START): ReturnType<typeof testAddrMan> {
  const made = testAddrMan();
  made.addrMan.add([peer('250.1.1.1', timeSeconds)], SOURCE);
  return made;
}

function timeOf(addrMan: AddrMan): number | undefined {
  return addrMan.getEntry(TARGET)?.timeSeconds;
}

/** Whether `TARGET`, the only entry, is left out of filtered answers. */
function isTerrible(addrMan: AddrMan): boolean {
  return addrMan.getAddr(0, 0).length === 0;
}

describe('a report about a known address', () => {
  it.each([
    ['an hour newer, young', 0, HOUR, false],
    ['an hour and a second newer, young', 0, HOUR + 1, true],
    ['a day newer, a day old', DAY, DAY, false],
    ['a day and a second newer, a day old', DAY, DAY + 1, true],
    ['an hour and a second newer, one second short of a day old', DAY - 1, HOUR + 1, true],
  ])('%s moves the stored time: see', (_, reportAge, advance, isMoved) => {
    const report = START - reportAge;
    const { addrMan } = withTarget(report - advance);
    addrMan.add([peer('250.1.1.1', report)], SOURCE);
    expect(timeOf(addrMan)).toBe(isMoved ? report : report - advance);
  });

  it('must be newer by the penalty too, and is stored less the penalty', () => {
    const { addrMan } = withTarget(START - 3 * HOUR);
    addrMan.add([peer('250.1.1.1')], SOURCE, 2 * HOUR);
    expect(timeOf(addrMan)).toBe(START - 3 * HOUR);
    addrMan.add([peer('250.1.1.1', START + 1)], SOURCE, 2 * HOUR);
    expect(timeOf(addrMan)).toBe(START + 1 - 2 * HOUR);
  });

  it('adds service bits and takes none away; the node itself does both', () => {
    const { addrMan } = withTarget();
    addrMan.add([peer('250.1.1.1', START, 8333, 0x8000_0000_0000_0400n)], SOURCE);
    expect(addrMan.getEntry(TARGET)?.services).toBe(0x8000_0000_0000_0409n);
    addrMan.setServices(TARGET, 1n << 63n);
    expect(addrMan.getEntry(TARGET)?.services).toBe(1n << 63n);
  });

  it('never changes who told us first', () => {
    const { addrMan } = withTarget();
    addrMan.add([peer('250.1.1.1', START + 5 * HOUR)], address('9.9.9.9'));
    expect(String(addrMan.getEntry(TARGET)?.source)).toBe('252.2.2.2');
  });
});

describe('times at their limits, a second either side', () => {
  it('are terrible beyond ten minutes ahead and thirty days behind', () => {
    for (const [time, expected] of [
      [START + 600, false],
      [START + 601, true],
      [START - 30 * DAY, false],
      [START - 30 * DAY - 1, true],
    ] as const) {
      expect(isTerrible(withTarget(time).addrMan), `${time - START}`).toBe(expected);
    }
  });

  it('protect an entry for a minute after a try', () => {
    const { addrMan, clock } = withTarget(START - 31 * DAY);
    addrMan.attempt(TARGET, false);
    clock.seconds += 60;
    expect(isTerrible(addrMan)).toBe(false);
    clock.seconds++;
    expect(isTerrible(addrMan)).toBe(true);
  });

  it('move on by connected when older than twenty minutes, strictly', () => {
    const { addrMan } = withTarget();
    addrMan.connected(TARGET, START + 1200);
    expect(timeOf(addrMan)).toBe(START);
    addrMan.connected(TARGET, START + 1201);
    expect(timeOf(addrMan)).toBe(START + 1201);
  });

  it('let ten failures count a week after the last success', () => {
    const { addrMan, clock } = withTarget();
    addrMan.good(TARGET);
    for (let failure = 1; failure <= 10; failure++) {
      clock.seconds += 61;
      addrMan.attempt(TARGET, true);
      clock.seconds++;
      addrMan.good(service('9.9.9.9'));
    }
    expect(addrMan.getEntry(TARGET)?.attempts).toBe(10);
    clock.seconds = START + 7 * DAY;
    expect(isTerrible(addrMan)).toBe(false);
    clock.seconds++;
    expect(isTerrible(addrMan)).toBe(true);
  });
});

describe('good', () => {
  it('of an unknown address is false, yet lets failures count again', () => {
    const { addrMan, clock } = withTarget();
    const attempts = (): number | undefined => addrMan.getEntry(TARGET)?.attempts;
    for (let failure = 0; failure < 10; failure++) {
      clock.seconds += 10;
      addrMan.attempt(TARGET, true);
    }
    expect(attempts()).toBe(1);
    clock.seconds += 10;
    expect(addrMan.good(service('9.9.9.9'))).toBe(false);
    clock.seconds += 10;
    addrMan.attempt(TARGET, true);
    addrMan.attempt(TARGET, true);
    expect(attempts()).toBe(2);
  });

  it('moves an entry to tried once, leaves its gossiped time alone and forgets its failures', () => {
    const { addrMan, clock } = withTarget();
    addrMan.attempt(TARGET, true);
    clock.seconds += DAY;
    expect(addrMan.good(TARGET)).toBe(true);
    expect(addrMan.good(TARGET)).toBe(false);
    expect(addrMan.getEntry(TARGET)).toMatchObject({
      timeSeconds: START,
      attempts: 0,
      lastSuccessSeconds: START + DAY,
    });
    expect([addrMan.size(undefined, true), addrMan.size(undefined, false)]).toEqual([0, 1]);
  });
});

describe('a newcomer to a taken slot', () => {
  // 250.1.1.23:0 meets 250.1.1.15:0 under the test key. (Bitcoin Core addrman_new_collisions)
  const newcomer = peer('250.1.1.23', START, 0);

  function withTaken(occupantTime: number): ReturnType<typeof testAddrMan> {
    const made = testAddrMan();
    for (let i = 1; i <= 22; i++) made.addrMan.add([peer(`250.1.1.${i}`, occupantTime, 0)], SOURCE);
    expect(made.addrMan.size()).toBe(22);
    return made;
  }

  it('replaces a terrible occupant', () => {
    const { addrMan } = withTaken(START - 31 * DAY);
    expect(addrMan.add([newcomer], SOURCE)).toBe(true);
    expect(addrMan.size()).toBe(22);
    expect(addrMan.getEntry(newcomer.service)).toBeDefined();
  });

  it('that is in it already stays, however terrible', () => {
    const { addrMan } = testAddrMan();
    const old = peer('250.1.1.1', START - 31 * DAY);
    addrMan.add([old], SOURCE);
    // Newer each time, and too little to count as seen again: one in two may have a further slot, and it is this one.
    for (let later = 1; later <= 20; later++) {
      expect(addrMan.add([{ ...old, timeSeconds: old.timeSeconds + later }], SOURCE)).toBe(false);
      expect(contradictionIn(addrMan)).toBe(0);
    }
    expect(addrMan.findAddressEntry(old.service)?.multiplicity).toBe(1);
  });

  it('leaves no trace where the occupant is good and has no other slot', () => {
    const { addrMan } = withTaken(START);
    expect(addrMan.add([newcomer], SOURCE)).toBe(false);
    expect(addrMan.getEntry(newcomer.service)).toBeUndefined();
    expect(addrMan.size()).toBe(22);
    expect(addrMan.getAddr(0, 0).map((record) => String(record.service))).not.toContain('250.1.1.23:0');
    expect(contradictionIn(addrMan)).toBe(0);
  });

  it('replaces a good occupant that has other slots', () => {
    const { addrMan } = withTaken(START);
    const taken = [...Array(22).keys()].map((i) => service(`250.1.1.${i + 1}`, 0));
    // Every occupant gets further slots, by newer reports from other groups.
    let reported = START;
    for (let source = 0; source < 200; source++) {
      reported++;
      addrMan.add(
        taken.map((target) => ({ service: target, timeSeconds: reported, services: 9n })),
        ipv4((source << 16) | 0x03000001),
        7200,
      );
    }
    expect(addrMan.add([newcomer], SOURCE)).toBe(true);
    expect(addrMan.size()).toBe(23);
    expect(contradictionIn(addrMan)).toBe(0);
  });
});

describe('a source', () => {
  it('may be anything, and believes itself without penalty', () => {
    const { addrMan } = testAddrMan();
    const internal = NetAddress.fromInternalName('fixedseeds');
    expect(addrMan.add([peer('250.1.1.1')], internal)).toBe(true);
    expect(addrMan.add([peer('250.1.1.9')], address('10.0.0.1'))).toBe(true);
    expect(addrMan.add([peer('8.8.8.8', START, 1)], address('8.8.8.8'), 7200)).toBe(true);
    expect(addrMan.getEntry(service('8.8.8.8', 1))?.timeSeconds).toBe(START);
  });
});

describe('getAddr', () => {
  it('gives an address of one class: a 6to4 address counts as IPv4 there, and as IPv6 in sizes', () => {
    const { addrMan } = testAddrMan();
    addrMan.add([peer('2002:102:304::1')], SOURCE);
    expect(addrMan.getAddr(0, 0, 'ipv4').length).toBe(1);
    expect(addrMan.getAddr(0, 0, 'ipv6').length).toBe(0);
    expect([addrMan.size('ipv4'), addrMan.size('ipv6')]).toEqual([0, 1]);
    expect(addrMan.select(false, ['ipv6'])).toBeDefined();
    expect(addrMan.select(false, ['ipv4'])).toBeUndefined();
  });

  it('gives terrible addresses only where they are not filtered out', () => {
    const { addrMan } = testAddrMan();
    addrMan.add([peer('250.1.1.1', START - 31 * DAY), peer('250.1.1.2')], SOURCE);
    const texts = (isFiltered: boolean): string[] =>
      addrMan.getAddr(0, 0, undefined, isFiltered).map((record) => String(record.service.address));
    expect(texts(true)).toEqual(['250.1.1.2']);
    expect(texts(false).sort()).toEqual(['250.1.1.1', '250.1.1.2']);
  });

  it('rounds 23 % down, takes 0 for no limit and no more than 100 %, and never repeats', () => {
    const { addrMan } = testAddrMan();
    for (let i = 0; i < 5000; i++) addrMan.add([peer('250.1.1.1', START, i)], ipv4((i << 16) | 0x01000001));
    const total = addrMan.size();
    expect(total).toBeGreaterThan(4348);
    for (const [count, percent, expected] of [
      [0, 23, Math.floor(total * 0.23)],
      [1000, 23, 1000],
      [0, 0, total],
      [0, 1000, total],
      [7, 0, 7],
    ] as const) {
      const sample = addrMan.getAddr(count, percent).map((record) => String(record.service));
      expect(sample.length).toBe(expected);
      expect(new Set(sample).size).toBe(expected);
    }
    expect(contradictionIn(addrMan)).toBe(0);
  });
});

describe('a walk over all addresses', () => {
  it('gives each that stays once, new or tried, and leaves out what is forgotten before its turn', () => {
    const { addrMan } = testAddrMan();
    const { store, newTable } = addrMan.tables;
    for (let i = 0; i < 600; i++) addrMan.add([peer(String(ipv4(0x0a00_0001 * 11 + i * 65_537)))], ipv4(i << 16));
    addrMan.add([peer('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion')], SOURCE);
    for (const { entry } of addrMan.getEntries(false).slice(0, 200)) addrMan.good(entry.service);
    const texts = addrMan.getAddr(0, 0, undefined, false).map(({ service: { address: at } }) => String(at));
    expect(addrMan.size(undefined, false)).toBeGreaterThan(100);

    const walked: string[] = [];
    let forgotten: string | undefined;
    for (const at of addrMan.addresses()) {
      walked.push(String(at));
      if (walked.length !== 300) continue;
      const last = Math.max(...newTable.entries);
      forgotten = String(store.address(last));
      addrMan.tables.clearNew(newTable.entries.indexOf(last));
    }
    expect(texts).toContain(forgotten);
    expect(walked.sort()).toEqual(texts.filter((text) => text !== forgotten).sort());
  });
});

describe('arguments out of range', () => {
  const { addrMan } = withTarget();
  const range = expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });
  it.each([
    ['a negative report time', () => addrMan.add([peer('1.2.3.4', -1)], SOURCE)],
    ['a report time of 2^32', () => addrMan.add([peer('1.2.3.4', 2 ** 32)], SOURCE)],
    ['a report time of half a second', () => addrMan.add([peer('1.2.3.4', 0.5)], SOURCE)],
    ['services of 2^64', () => addrMan.add([peer('1.2.3.4', START, 1, 1n << 64n)], SOURCE)],
    ['negative services', () => addrMan.setServices(TARGET, -1n)],
    ['a negative penalty', () => addrMan.add([], SOURCE, -1)],
    ['a success at 0, which would mean never', () => addrMan.good(TARGET, 0)],
    ['an attempt that is not a number', () => addrMan.attempt(TARGET, true, Number.NaN)],
    ['a connection at 2^32', () => addrMan.connected(TARGET, 2 ** 32)],
    ['a negative count', () => addrMan.getAddr(-1, 0)],
    ['a check ratio beyond a million', () => new AddrMan({ checkRatio: 1_000_001 })],
  ])('%s', (_, call) => {
    expect(call).toThrow(range);
    expect(contradictionIn(addrMan)).toBe(0);
  });

  it.each([
    ['a key of 31 bytes', () => new AddrMan({ key: new Uint8Array(31).fill(1) })],
    ['a key of zeros', () => new AddrMan({ key: new Uint8Array(32) })],
    [
      'a report whose endpoint is text',
      () => addrMan.add([{ ...peer('1.2.3.4'), service: '1.2.3.4:1' as never }], SOURCE),
    ],
    ['a source that is text', () => addrMan.add([], '1.2.3.4' as never)],
    ['a success of nothing', () => addrMan.good(undefined as never)],
    ['an attempt at an address without port', () => addrMan.attempt(SOURCE as never, true)],
    ['a connection to text', () => addrMan.connected('1.2.3.4:1' as never)],
    ['an entry of null', () => addrMan.getEntry(null as never)],
    ['a position of a number', () => addrMan.findAddressEntry(7 as never)],
    ['a network there is not', () => addrMan.select(false, ['tor' as never])],
    ['services that are a number', () => addrMan.setServices(TARGET, 9 as unknown as bigint)],
  ])('%s', (_, call) => {
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  it('nothing is learnt from a list with one bad report in it', () => {
    const { addrMan: fresh } = testAddrMan();
    const good = Array.from({ length: 9 }, (_, i) => peer(`1.2.3.${i}`));
    expect(() => fresh.add([...good, peer('1.2.3.4', -1)], SOURCE)).toThrow(range);
    expect(fresh.size()).toBe(0);
    expect(fresh.add(good, SOURCE)).toBe(true);
  });

  it('largest values are kept', () => {
    const { addrMan: fresh } = testAddrMan();
    fresh.add([peer('1.2.3.4', 2 ** 32 - 1, 65535, (1n << 64n) - 1n)], SOURCE);
    expect(fresh.getEntry(service('1.2.3.4', 65535))).toMatchObject({
      timeSeconds: 2 ** 32 - 1,
      services: (1n << 64n) - 1n,
    });
  });
});
