import { describe, expect, it } from 'vitest';
import { protectByRatio, selectNodeToEvict } from '../../../ts/connman/inbound/eviction.ts';
import type { EvictionCandidate } from '../../../ts/connman/inbound/eviction.ts';
import { shuffle, uniformBelow } from '../../../ts/util/random.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const SEED = 20_260_711;

function candidate(id: number, changes: Partial<EvictionCandidate> = {}): EvictionCandidate {
  return {
    id,
    connectedAtMs: id,
    minPingTimeMs: Infinity,
    lastBlockTimeSeconds: 0,
    lastTxTimeSeconds: 0,
    hasAllWantedServices: true,
    relaysTxs: true,
    isBloomFilterLoaded: false,
    keyedNetGroup: BigInt(id),
    preferEvict: false,
    isLocal: false,
    network: 'ipv4',
    isNoBan: false,
    connectionType: 'inbound',
    ...changes,
  };
}

/** Candidates with chance in every property, in random order. */
function crowd(count: number, seed: number, change: (id: number) => Partial<EvictionCandidate>): EvictionCandidate[] {
  const random = seededUint32(seed);
  const below = (bound: number): number => uniformBelow(random, bound);
  const list = Array.from({ length: count }, (_, id) =>
    candidate(id, {
      connectedAtMs: below(1_000_000),
      minPingTimeMs: below(5_000),
      lastBlockTimeSeconds: below(100),
      lastTxTimeSeconds: below(100),
      hasAllWantedServices: below(2) === 1,
      relaysTxs: below(2) === 1,
      isBloomFilterLoaded: below(2) === 1,
      keyedNetGroup: BigInt(below(100)),
      preferEvict: below(2) === 1,
      isLocal: below(2) === 1,
      network: (['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'] as const)[below(5)]!,
      ...change(id),
    }),
  );
  return list
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** How many nodes the crowds have, and how many crowds there are of each size. */
const CROWD_SIZES = Array.from({ length: 200 }, (_, size) => size);
const CROWDS_OF_EACH = 2;

/** Whether none of these ids is ever chosen, over many crowds. */
function areSafe(
  ids: readonly number[],
  change: (id: number) => Partial<EvictionCandidate>,
  sizes: readonly number[] = CROWD_SIZES,
): boolean {
  for (const size of sizes) {
    for (let round = 0; round < CROWDS_OF_EACH; round++) {
      const evicted = selectNodeToEvict(crowd(size, SEED + 1_000 * round + size, change));
      if (evicted !== undefined && ids.includes(evicted)) return false;
    }
  }
  return true;
}

function idsFrom(first: number, end: number): number[] {
  return Array.from({ length: end - first }, (_, index) => first + index);
}

describe('who may be evicted', () => {
  it('evicts nobody of up to 20, and always somebody of 29 and more', () => {
    for (let count = 0; count <= 20; count++) expect(selectNodeToEvict(crowd(count, SEED, () => ({})))).toBeUndefined();
    for (let count = 29; count <= 200; count++) expect(selectNodeToEvict(crowd(count, SEED, () => ({})))).toBeDefined();
  });

  it('never evicts a peer that may not be banned, nor one that we dialed', () => {
    expect(selectNodeToEvict(crowd(100, SEED, () => ({ isNoBan: true })))).toBeUndefined();
    expect(selectNodeToEvict(crowd(100, SEED, () => ({ connectionType: 'manual' })))).toBeUndefined();
  });

  it('protects the four highest keyed netgroups', () => {
    const change = (id: number) => ({ keyedNetGroup: BigInt(1_000 - id) });
    expect(areSafe([0, 1, 2, 3], change)).toBe(true);
    // The others have no such protection: of two hundred somebody is always chosen.
    expect(areSafe(idsFrom(4, 200), change)).toBe(false);
  });

  it('protects the eight lowest pings', () => {
    expect(areSafe(idsFrom(0, 8), (id) => ({ minPingTimeMs: id }))).toBe(true);
  });

  it('protects the four latest transactions, and the four latest blocks', () => {
    expect(areSafe([0, 1, 2, 3], (id) => ({ lastTxTimeSeconds: 1_000 - id }))).toBe(true);
    expect(areSafe([0, 1, 2, 3], (id) => ({ lastBlockTimeSeconds: 1_000 - id }))).toBe(true);
  });

  it('protects eight peers that relay no transactions and have the latest blocks, and four more', () => {
    expect(
      areSafe(idsFrom(0, 12), (id) => ({
        lastBlockTimeSeconds: 1_000 - id,
        relaysTxs: id >= 8,
        hasAllWantedServices: true,
      })),
    ).toBe(true);
  });

  it('protects those who have been connected longest', () => {
    // Of 60, 28 are protected by other properties, and half of the rest by age.
    const change = (id: number) => ({ connectedAtMs: id, isLocal: false, network: 'ipv4' }) as const;
    expect(areSafe(idsFrom(0, 16), change, Array(200).fill(60))).toBe(true);
  });

  it('protects twenty at once, by different properties', () => {
    expect(
      areSafe(idsFrom(0, 20), (id) => ({
        keyedNetGroup: id < 4 ? 10_000n + BigInt(id) : BigInt(id),
        ...(id >= 4 && id < 12 ? { minPingTimeMs: -1 } : {}),
        ...(id >= 12 && id < 16 ? { lastTxTimeSeconds: 5_000 } : {}),
        ...(id >= 16 && id < 20 ? { lastBlockTimeSeconds: 5_000 } : {}),
      })),
    ).toBe(true);
  });
});

describe('where times are equal', () => {
  // Of 40 like each other the twelve youngest are protected for their netgroup and their ping, being last in the list, and
  // the oldest for their age; 23 goes if those from 24 to 27 are protected beside them.
  it.each<[string, (isSpared: boolean) => Partial<EvictionCandidate>]>([
    ['that relays transactions', (isSpared) => ({ relaysTxs: isSpared, hasAllWantedServices: false })],
    ['without a Bloom filter', (isSpared) => ({ isBloomFilterLoaded: !isSpared })],
    ['with all wanted services', (isSpared) => ({ hasAllWantedServices: isSpared })],
  ])('a peer %s is protected before others', (_, change) => {
    const list = idsFrom(0, 40).map((id) => candidate(id, { keyedNetGroup: 1n, ...change(id >= 24 && id < 28) }));
    expect(selectNodeToEvict(list)).toBe(23);
    const alike = idsFrom(0, 40).map((id) => candidate(id, { keyedNetGroup: 1n, ...change(false) }));
    expect(selectNodeToEvict(alike)).toBe(27);
  });
});

describe('who of the unprotected goes', () => {
  /** Ten that take every protection but the ratio's, so that the others are on their own. */
  const rest = (extra: readonly EvictionCandidate[]): EvictionCandidate[] => [
    ...Array.from({ length: 28 }, (_, id) =>
      candidate(id, {
        connectedAtMs: -1,
        minPingTimeMs: id,
        lastTxTimeSeconds: 50 + id,
        lastBlockTimeSeconds: 50 + id,
        keyedNetGroup: 1_000n + BigInt(id),
      }),
    ),
    ...extra,
  ];

  it('is the youngest of the largest netgroup', () => {
    const extra = [
      candidate(100, { connectedAtMs: 10, keyedNetGroup: 1n }),
      candidate(101, { connectedAtMs: 11, keyedNetGroup: 1n }),
      candidate(102, { connectedAtMs: 12, keyedNetGroup: 2n }),
    ];
    expect(selectNodeToEvict(rest(extra))).toBe(101);
  });

  it('is of the group with the younger member, where groups are of one size', () => {
    const extra = [
      candidate(100, { connectedAtMs: 10, keyedNetGroup: 1n }),
      candidate(101, { connectedAtMs: 13, keyedNetGroup: 1n }),
      candidate(102, { connectedAtMs: 12, keyedNetGroup: 2n }),
      candidate(103, { connectedAtMs: 11, keyedNetGroup: 2n }),
    ];
    expect(selectNodeToEvict(rest(extra))).toBe(101);
  });

  it('is one that is preferred for it, if there is one', () => {
    const extra = [
      candidate(100, { connectedAtMs: 10, keyedNetGroup: 1n }),
      candidate(101, { connectedAtMs: 11, keyedNetGroup: 1n }),
      candidate(102, { connectedAtMs: 9, keyedNetGroup: 2n, preferEvict: true }),
    ];
    expect(selectNodeToEvict(rest(extra))).toBe(102);
  });
});

describe('protection by ratio', () => {
  /** A row: peers by age, 0 the oldest; who is of which class; who is protected. */
  type Row = [count: number, classes: Partial<Record<'local' | 'onion' | 'i2p' | 'cjdns', string>>, kept: string];
  const rows: Row[] = [
    [12, {}, '0-5'],
    [12, { onion: '3,8-11' }, '0-3,8,9'],
    [12, { local: '7-11' }, '0-2,7-9'],
    [12, { i2p: '4,9-11' }, '0-2,4,9,10'],
    [7, { local: '6', onion: '5' }, '0,1,6'],
    [8, { local: '6', onion: '5' }, '0,1,5,6'],
    [12, { local: '6,9,11', onion: '7,8,10' }, '0-2,6,7,9'],
    [12, { local: '5-8', onion: '10' }, '0-2,5,6,10'],
    [16, { local: '6,9,11,12', onion: '8,10' }, '0-3,6,8-10'],
    [16, { local: '11-15', onion: '10' }, '0-3,10-13'],
    [16, { local: '15', onion: '7-10' }, '0-3,7-9,15'],
    [12, { onion: '8,10', i2p: '6,9,11' }, '0-2,6,8,10'],
    [4, { local: '2', onion: '1', i2p: '3' }, '0,3'],
    [7, { local: '4', onion: '5', i2p: '6' }, '0,1,6'],
    [8, { local: '6', onion: '4', i2p: '5' }, '0,1,5,6'],
    [16, { local: '6,12-15', onion: '9,10', i2p: '7,11' }, '0-3,6,7,9,11'],
    [24, { local: '12', onion: '23', i2p: '15-22' }, '0-5,12,15-18,23'],
    [24, { local: '15', onion: '18-23', i2p: '12,14,17' }, '0-5,12,14,15,17-19'],
    [24, { local: '16-23', onion: '7-9', cjdns: '11-14' }, '0-5,7,8,11,12,16,17'],
    [5, { local: '3', onion: '2', i2p: '1', cjdns: '4' }, '0,4'],
    [16, { local: '6-15', onion: '8,9', i2p: '10,14', cjdns: '11,15' }, '0-3,6,8,10,11'],
    [24, { local: '13', onion: '12,14-16', i2p: '17', cjdns: '18-23' }, '0-5,12-14,17-19'],
  ];

  /** The ids that a text such as `0-3,8` names. */
  function idsOf(text = ''): number[] {
    return text.split(',').flatMap((part) => {
      const [first, last = first] = part
        .split('-')
        .filter((digits) => digits !== '')
        .map(Number);
      return first === undefined ? [] : idsFrom(first, last! + 1);
    });
  }

  it.each(rows)('of %i peers, with %j, keeps %s, in whatever order they come', (count, classes, kept) => {
    const networkOf = (id: number): EvictionCandidate['network'] =>
      (['onion', 'i2p', 'cjdns'] as const).find((name) => idsOf(classes[name]).includes(id)) ?? 'ipv4';
    const locals = idsOf(classes.local);
    const random = seededUint32(SEED);
    for (let round = 0; round < 20; round++) {
      const list = idsFrom(0, count).map((id) =>
        candidate(id, { network: networkOf(id), isLocal: locals.includes(id) }),
      );
      shuffle(random, list);
      protectByRatio(list);
      const left = list.map(({ id }) => id).sort((a, b) => a - b);
      expect(idsFrom(0, count).filter((id) => !left.includes(id))).toEqual(idsOf(kept));
      expect(left).toHaveLength(count - Math.floor(count / 2));
    }
  });

  it('protects nobody of one', () => {
    const list = [candidate(7)];
    protectByRatio(list);
    expect(list.map(({ id }) => id)).toEqual([7]);
  });
});
