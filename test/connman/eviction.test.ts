import { describe, expect, it } from 'vitest';
import { protectByRatio, selectNodeToEvict } from '../../ts/connman/eviction.ts';
import type { EvictionCandidate } from '../../ts/connman/eviction.ts';
import { uniformBelow } from '../../ts/util/random.ts';
import { seededUint32 } from '../helpers/seeded-uint32.ts';

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

/** Whether none of these ids is ever chosen, over many crowds. */
function areSafe(ids: readonly number[], change: (id: number) => Partial<EvictionCandidate>, count = 60): boolean {
  for (let round = 0; round < 200; round++) {
    const evicted = selectNodeToEvict(crowd(count, SEED + round, change));
    if (evicted !== undefined && ids.includes(evicted)) return false;
  }
  return true;
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
    expect(areSafe([0, 1, 2, 3], (id) => ({ keyedNetGroup: BigInt(100 - id) }))).toBe(true);
    expect(areSafe([56, 57, 58, 59], (id) => ({ keyedNetGroup: BigInt(100 - id) }))).toBe(false);
  });

  it('protects the eight lowest pings', () => {
    expect(areSafe([0, 1, 2, 3, 4, 5, 6, 7], (id) => ({ minPingTimeMs: id }))).toBe(true);
  });

  it('protects the four latest transactions, and the four latest blocks', () => {
    expect(areSafe([0, 1, 2, 3], (id) => ({ lastTxTimeSeconds: 1_000 - id }))).toBe(true);
    expect(areSafe([0, 1, 2, 3], (id) => ({ lastBlockTimeSeconds: 1_000 - id }))).toBe(true);
  });

  it('protects eight peers that relay no transactions and have the latest blocks, and four more', () => {
    const ids = Array.from({ length: 12 }, (_, id) => id);
    expect(
      areSafe(ids, (id) => ({
        lastBlockTimeSeconds: 1_000 - id,
        relaysTxs: id >= 8,
        hasAllWantedServices: true,
      })),
    ).toBe(true);
  });

  it('protects those who have been connected longest', () => {
    expect(areSafe([0, 1, 2, 3, 4, 5, 6, 7], (id) => ({ connectedAtMs: id, isLocal: false, network: 'ipv4' }))).toBe(
      true,
    );
  });

  it('protects twenty at once, by different properties', () => {
    const ids = Array.from({ length: 20 }, (_, id) => id);
    expect(
      areSafe(ids, (id) => ({
        keyedNetGroup: id < 4 ? 10_000n + BigInt(id) : BigInt(id),
        ...(id >= 4 && id < 12 ? { minPingTimeMs: -1 } : {}),
        ...(id >= 12 && id < 16 ? { lastTxTimeSeconds: 5_000 } : {}),
        ...(id >= 16 && id < 20 ? { lastBlockTimeSeconds: 5_000 } : {}),
      })),
    ).toBe(true);
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
  /** Ids left unprotected of twelve peers, the first of which is the oldest. */
  const unprotected = (change: (id: number) => Partial<EvictionCandidate>, count = 12): number[] => {
    const list = Array.from({ length: count }, (_, id) => candidate(id, change(id)));
    protectByRatio(list);
    return list.map(({ id }) => id).sort((a, b) => a - b);
  };

  it('keeps the older half where all networks are common', () => {
    expect(unprotected(() => ({}))).toEqual([6, 7, 8, 9, 10, 11]);
  });

  it('gives a quarter to onion peers, however young', () => {
    expect(unprotected((id) => ({ network: id >= 9 ? 'onion' : 'ipv4' }))).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('gives a quarter to local peers', () => {
    expect(unprotected((id) => ({ isLocal: id >= 9 }))).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('shares it between the classes there are, and lets those that are rarer go first', () => {
    // One I2P and three onion peers, all young: the I2P peer and the two older onion peers are kept.
    const network = (id: number): EvictionCandidate['network'] => (id === 11 ? 'i2p' : id >= 8 ? 'onion' : 'ipv4');
    expect(unprotected((id) => ({ network: network(id) }))).toEqual([3, 4, 5, 6, 7, 10]);
  });

  it('passes on what a class cannot use', () => {
    const network = (id: number): EvictionCandidate['network'] => (id === 15 ? 'cjdns' : id >= 12 ? 'onion' : 'ipv4');
    // Eight are protected, four of them by network: the CJDNS peer, and all three onion peers.
    expect(unprotected((id) => ({ network: network(id) }), 16)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });

  it('leaves the rest youngest first, also where it protects nobody', () => {
    const list = [candidate(7)];
    protectByRatio(list);
    expect(list.map(({ id }) => id)).toEqual([7]);
    const more = [0, 1, 2, 3].map((id) => candidate(id));
    protectByRatio(more);
    expect(more.map(({ id }) => id)).toEqual([3, 2]);
  });
});
