// The frontier: whose turn it is, how often and how fast, and whose word counts.

import { beforeEach, describe, expect, it } from 'vitest';

import { Exclusions } from '../../../ts/crawl/frontier/exclusions.ts';
import { Frontier } from '../../../ts/crawl/frontier/frontier.ts';
import type { FrontierOptions } from '../../../ts/crawl/frontier/frontier.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const NOW_SECONDS = 1_900_000_000;
const DAY_SECONDS = 86_400;
/** A port of a mail server. */
const BAD_PORT = 25;

function makeFrontier(options: Partial<FrontierOptions> = {}): Frontier {
  return new Frontier({
    groups: { rate: 10, concurrency: 64, overlayConcurrency: 16 },
    attempts: 3,
    retryDelayMs: 5_000,
    perSource: 10_000,
    followsLocal: false,
    hasRoute: () => true,
    exclusions: Exclusions.NONE,
    leftAlone: undefined,
    asMap: undefined,
    random: seededUint32(1),
    onPromoted: () => undefined,
    ...options,
  });
}

/** Learns of an address, by its text. */
function learn(
  frontier: Frontier,
  text: string,
  told: { source?: number; time?: number; services?: number } = {},
): number {
  const { address, port } = Service.parse(text);
  const network = NETWORK_NUMBERS[address.network];
  const { source = 0, time = NOW_SECONDS, services = 9 } = told;
  return frontier.learn(network, address.bytes, 0, port, time, services, source, NOW_SECONDS);
}

const seed = (frontier: Frontier, text: string): number => frontier.addSeed(Service.parse(text), undefined, 'given');

describe('a frontier', () => {
  let frontier: Frontier;
  beforeEach(() => {
    frontier = makeFrontier();
    seed(frontier, '1.1.1.1:8333');
  });

  it('knows an address once, on every network and port', () => {
    const onion = new NetAddress('onion', new Uint8Array(32).fill(7));
    const i2p = new NetAddress('i2p', new Uint8Array(32).fill(7));
    const texts = ['2.2.2.2:8333', '2.2.2.2:8334', '[2a00::2]:8333', `${onion}:8333`, `${i2p}:0`];
    for (const text of texts) expect(learn(frontier, text)).toBeGreaterThan(0);
    for (const text of texts) expect(learn(frontier, text)).toBe(-1);
    expect(frontier.knownCount).toBe(1 + texts.length);
    for (let row = 1; row <= texts.length; row++) expect(String(frontier.table.serviceOf(row))).toBe(texts[row - 1]);
    expect(frontier.sourceOf(0)).toBe('given');
    expect(frontier.sourceOf(1)).toBe('1.1.1.1:8333');
  });

  it.each(['10.0.0.1:8333', '127.0.0.1:8333', '[fe80::1]:8333', '[2001:db8::1]:8333', '2.2.2.2:0', '0.0.0.0:8333'])(
    'does not follow %s, where nobody can be',
    (text) => {
      expect(learn(frontier, text)).toBe(-1);
      expect(seed(frontier, text)).toBe(-1);
      expect(frontier.counts.unroutable).toBe(2);
    },
  );

  it('follows loopback where it is told so, and nothing else that is unroutable', () => {
    frontier = makeFrontier({ followsLocal: true });
    expect(learn(frontier, '127.0.0.1:8333')).toBe(0);
    expect(learn(frontier, '10.0.0.1:8333')).toBe(-1);
  });

  it('follows a bad port when a second source tells it, not when the same does again', () => {
    learn(frontier, '3.3.3.3:8333');
    expect(learn(frontier, `2.2.2.2:${BAD_PORT}`)).toBeGreaterThan(0);
    learn(frontier, `2.2.2.2:${BAD_PORT}`);
    expect(frontier.waitingCount).toBe(2);
    expect(frontier.counts.badPort).toBe(1);
    learn(frontier, `2.2.2.2:${BAD_PORT}`, { source: 1 });
    expect(frontier.waitingCount).toBe(3);
    expect(frontier.counts.badPort).toBe(0);
  });

  it.each([
    [-10 * DAY_SECONDS, true],
    [-10 * DAY_SECONDS - 1, false],
    [600, true],
    [601, false],
  ])('follows an address that was last seen %i seconds from now: %j', (offset, isFollowed) => {
    learn(frontier, '2.2.2.2:8333', { time: NOW_SECONDS + offset });
    expect(frontier.waitingCount).toBe(isFollowed ? 2 : 1);
    expect(frontier.counts.badTime).toBe(isFollowed ? 0 : 1);
    learn(frontier, '2.2.2.2:8333', { source: 1 });
    expect(frontier.waitingCount).toBe(2);
    expect(frontier.counts.badTime).toBe(0);
  });

  it('takes no more from one source than it may introduce', () => {
    frontier = makeFrontier({ perSource: 3 });
    seed(frontier, '1.1.1.1:8333');
    for (let last = 1; last <= 5; last++) learn(frontier, `2.2.2.${last}:8333`);
    expect(frontier.knownCount).toBe(4);
    expect(frontier.counts.beyondSource).toBe(2);
    expect(learn(frontier, '2.2.2.9:8333', { source: 1 })).toBe(4);
  });

  it('leaves out who is excluded, by address, subnet and network', () => {
    frontier = makeFrontier({
      exclusions: Exclusions.parse('# asked\n2.2.0.0/16 # all of it\n3.3.3.3\n\nfc00::1\n'),
      hasRoute: (network) => network !== NETWORK_NUMBERS.onion,
    });
    const cjdns = new Service(NetAddress.parse('fc00::1').toCJDNSIfInRange(), 8_333);
    expect(learn(frontier, '2.2.200.1:8333')).toBe(-1);
    expect(learn(frontier, '3.3.3.3:8333')).toBe(-1);
    expect(frontier.addSeed(cjdns, undefined, 'given')).toBe(-1);
    expect(learn(frontier, '3.3.3.4:8333')).toBe(0);
    expect(learn(frontier, `${new NetAddress('onion', new Uint8Array(32))}:8333`)).toBe(-1);
    expect(frontier.counts).toMatchObject({ excluded: 3, noRoute: 1 });
  });

  it('refuses a list of exclusions that it does not understand', () => {
    expect(() => Exclusions.parse('2.2.2.2\nsomebody')).toThrow(/line 2/);
  });
});

describe('the turns of a frontier', () => {
  it('go round the groups, first come, first served in each', () => {
    const frontier = makeFrontier();
    for (const text of ['1.1.0.1:1000', '1.1.0.2:1000', '2.2.0.1:1000', '1.1.0.3:1000', '3.3.0.1:1000'])
      seed(frontier, text);
    const taken = (nowMs: number): string[] => {
      const rows: number[] = [];
      for (let row = frontier.take(nowMs); row !== -1; row = frontier.take(nowMs)) rows.push(row);
      return rows.map((row) => String(frontier.table.serviceOf(row).address));
    };
    expect(taken(0)).toEqual(['1.1.0.1', '2.2.0.1', '3.3.0.1']);
    expect(taken(99)).toEqual([]);
    expect(frontier.nextTimeMs).toBe(100);
    expect(taken(100)).toEqual(['1.1.0.2']);
    expect(taken(200)).toEqual(['1.1.0.3']);
  });

  it('never give a group more than its rate in any second, whatever fails and comes', () => {
    const frontier = makeFrontier({ groups: { rate: 7, concurrency: 1_000, overlayConcurrency: 1 } });
    const random = seededUint32(4);
    const dials: number[][] = [[], [], []];
    let inFlight: number[] = [];
    for (let nowMs = 0; nowMs < 20_000; nowMs += 5) {
      if (random() % 3 === 0) seed(frontier, `1.${1 + (random() % 3)}.${random() % 250}.${random() % 250}:8333`);
      for (let row = frontier.take(nowMs); row !== -1; row = frontier.take(nowMs)) {
        dials[frontier.table.serviceOf(row).address.bytes[1]! - 1]!.push(nowMs);
        inFlight.push(row);
      }
      inFlight = inFlight.filter((row) => {
        if (random() % 4 !== 0) return true;
        frontier.finish(row, random() % 2 === 0, nowMs);
        return false;
      });
    }
    for (const times of dials) {
      expect(times.length).toBeGreaterThan(120);
      for (let index = 7; index < times.length; index++)
        expect(times[index]! - times[index - 7]!).toBeGreaterThanOrEqual(1_000);
    }
  });

  it.each([
    ['1.1', 3],
    ['onion', 2],
  ])('never give the group of %s more than it may have at once', (group, limit) => {
    const frontier = makeFrontier({ groups: { rate: 1_000, concurrency: 3, overlayConcurrency: 2 } });
    for (let last = 0; last < 10; last++) {
      const key = new Uint8Array(32).fill(last);
      key[0] = 0x10;
      if (group === 'onion') frontier.addSeed(new Service(new NetAddress('onion', key), 8_333), undefined, 'given');
      else seed(frontier, `1.1.1.${last}:8333`);
    }
    const rows: number[] = [];
    const takeAll = (fromMs: number): void => {
      for (let nowMs = fromMs; nowMs < fromMs + 100; nowMs++) {
        const row = frontier.take(nowMs);
        if (row !== -1) rows.push(row);
      }
    };
    takeAll(0);
    expect(rows).toHaveLength(limit);
    frontier.finish(rows[0]!, false, 100);
    takeAll(100);
    expect(rows).toHaveLength(limit + 1);
  });

  it('come again for an address that failed, three times in all and not too soon', () => {
    const frontier = makeFrontier();
    seed(frontier, '1.1.1.1:8333');
    expect(frontier.take(0)).toBe(0);
    expect(frontier.finish(0, true, 10)).toBe(false);
    expect(frontier.take(5_009)).toBe(-1);
    expect(frontier.nextTimeMs).toBe(5_010);
    expect(frontier.take(5_010)).toBe(0);
    expect(frontier.finish(0, true, 5_010)).toBe(false);
    expect(frontier.take(20_000)).toBe(0);
    expect(frontier.attemptsOf(0)).toBe(3);
    expect(frontier.isEmpty).toBe(false);
    expect(frontier.finish(0, true, 20_000)).toBe(true);
    expect(frontier.isEmpty).toBe(true);
    expect(frontier.take(99_999)).toBe(-1);
  });

  it('do not come for an address that is done already', () => {
    const frontier = makeFrontier();
    seed(frontier, '1.1.1.1:8333');
    seed(frontier, '1.1.1.2:8333');
    frontier.markDone(Service.parse('1.1.1.1:8333'));
    expect(frontier.take(0)).toBe(1);
    expect(frontier.finish(1, false, 0)).toBe(true);
    expect(frontier.isEmpty).toBe(true);
    expect(frontier.doneCount).toBe(2);
  });
});

describe('an address of a frontier that waits in its group', () => {
  it.each<[string, (frontier: Frontier, row: number) => void]>([
    [
      'held and admitted',
      (frontier, row) => {
        expect(frontier.hold(row)).toBe(true);
        expect(frontier.admit(row)).toBe(true);
      },
    ],
    [
      'done elsewhere and wanted again',
      (frontier, row) => {
        expect(frontier.markDone(frontier.table.serviceOf(row))).toBe(row);
        frontier.again(row);
      },
    ],
  ])('is taken once when it is %s, and so are those behind it', (_what, change) => {
    for (let changed = 0; changed < 3; changed++) {
      const frontier = makeFrontier();
      for (let last = 1; last <= 3; last++) seed(frontier, `1.1.1.${last}:8333`);
      change(frontier, changed);
      change(frontier, changed);
      expect(frontier.waitingCount).toBe(3);
      const rows: number[] = [];
      for (let nowMs = 0; nowMs <= 1_000; nowMs += 100) {
        const row = frontier.take(nowMs);
        if (row !== -1) rows.push(row);
      }
      expect(rows.sort()).toEqual([0, 1, 2]);
      for (const row of rows) frontier.finish(row, false, 1_000);
      expect(frontier.isEmpty).toBe(true);
    }
  });

  it('goes on resting when it is held and admitted meanwhile, and stays held when it is not admitted', () => {
    const frontier = makeFrontier();
    for (const last of [1, 2]) {
      const row = seed(frontier, `${last}.1.1.1:8333`);
      expect(frontier.take(0)).toBe(row);
      frontier.finish(row, true, 0);
      expect(frontier.hold(row)).toBe(true);
    }
    frontier.hold(0);
    frontier.admit(0);
    expect(frontier.take(4_999)).toBe(-1);
    expect(frontier.take(5_000)).toBe(0);
    expect(frontier.take(99_999)).toBe(-1);
    frontier.admit(1);
    expect(frontier.take(99_999)).toBe(1);
    for (const row of [0, 1]) frontier.finish(row, false, 99_999);
    expect(frontier.isEmpty).toBe(true);
  });
});

describe('the memory of a frontier', () => {
  it('holds 200,000 addresses in less than 120 bytes each', () => {
    const frontier = makeFrontier({ perSource: 1_000_000 });
    const random = seededUint32(6);
    const bytes = new Uint8Array(4);
    while (frontier.knownCount < 200_000) {
      for (let index = 0; index < 4; index++) bytes[index] = 20 + (random() % 80);
      frontier.learn(NETWORK_NUMBERS.ipv4, bytes, 0, 1_024 + (random() % 9_000), NOW_SECONDS, 9, 0, NOW_SECONDS);
    }
    expect(frontier.memoryBytes / frontier.knownCount).toBeLessThan(120);
  });
});
