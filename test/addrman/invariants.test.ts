import { describe, expect, it } from 'vitest';
import { MAX_ENTRIES } from '../../ts/addrman/limits.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import type { NetworkName } from '../../ts/netaddr/networks/network.ts';
import { Service } from '../../ts/netaddr/service.ts';
import type { RandomUint32 } from '../../ts/util/random.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { START, address, contradictionIn, ipv4, service, testAddrMan } from './support.ts';

const NETWORKS: readonly NetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];
const BYTES = { ipv4: 4, ipv6: 16, onion: 32, i2p: 32, cjdns: 16, internal: 10 } as const;

/** One of about 25,000 endpoints over all networks. */
function randomService(random: RandomUint32): Service {
  const network = NETWORKS[random() % NETWORKS.length]!;
  const number = random() % 5000;
  const bytes = new Uint8Array(BYTES[network]).fill(number >>> 3);
  bytes.set([network === 'cjdns' ? 0xfc : network === 'ipv6' ? 0x2a : 60, number >>> 8, number]);
  return new Service(new NetAddress(network, bytes), 8333);
}

describe('100,000 random operations over five networks', () => {
  const random = seededUint32(31);
  const { addrMan, clock } = testAddrMan();
  for (let step = 0; step < 100_000; step++) {
    const target = randomService(random);
    const action = random() % 16;
    if (action < 9) {
      const record = { service: target, services: 9n, timeSeconds: clock.seconds - (random() % 2_000_000) };
      addrMan.add([record], ipv4(random()), 7200);
    } else if (action < 12) addrMan.good(target);
    else if (action < 13) addrMan.attempt(target, true);
    else if (action < 14) addrMan.connected(target);
    else if (action < 15) addrMan.resolveCollisions();
    else addrMan.select(action === 15, NETWORKS.slice(random() % 6));
    clock.seconds += random() % 60;
    if (step % 5000 === 0) expect(contradictionIn(addrMan), `step ${step}`).toBe(0);
  }

  it('leave counts by network that a recount confirms', () => {
    expect(contradictionIn(addrMan)).toBe(0);
    for (const isTried of [false, true]) {
      const unique = new Map<string, string>();
      for (const { entry } of addrMan.getEntries(isTried)) {
        unique.set(String(entry.service), entry.service.address.getNetwork());
      }
      for (const network of NETWORKS) {
        const recount = [...unique.values()].filter((counted) => counted === network).length;
        expect(recount).toBeGreaterThan(0);
        expect(addrMan.size(network, !isTried)).toBe(recount);
      }
    }
  });

  it('never make room for more entries than there can be', () => {
    expect(addrMan.tables.store.capacity).toBeLessThanOrEqual(MAX_ENTRIES);
  });
});

describe('an attacker', () => {
  it('with 1,000,000 addresses in one /16 holds no more than 4,096 new slots, and none in tried', () => {
    const { addrMan } = testAddrMan();
    const source = address('3.1.2.3');
    const random = seededUint32(37);
    for (let batch = 0; batch < 1000; batch++) {
      const records = Array.from({ length: 1000 }, () => ({
        service: new Service(ipv4(random()), random() & 0xffff),
        services: 9n,
        timeSeconds: START,
      }));
      addrMan.add(records, source, 7200);
    }
    expect(addrMan.getEntries(false).length).toBeLessThanOrEqual(64 * 64);
    expect(addrMan.getEntries(false).length).toBeGreaterThan(3500);
    expect(addrMan.size(undefined, false)).toBe(0);
    expect(contradictionIn(addrMan)).toBe(0);
    expect(addrMan.tables.store.end).toBeLessThanOrEqual(64 * 64 + 1);
  }, 120_000);
});

describe('ageing', () => {
  it('by 100,000 new addresses and successes on a moving clock leaks no entry and no id', () => {
    const { addrMan, clock } = testAddrMan();
    const random = seededUint32(41);
    for (let step = 0; step < 100_000; step++) {
      const target = new Service(ipv4(random()), 8333);
      addrMan.add([{ service: target, services: 9n, timeSeconds: clock.seconds }], ipv4(random()));
      if (step % 2 === 0) addrMan.good(target);
      if (step % 100 === 0) addrMan.resolveCollisions();
      clock.seconds += 30;
    }
    const { order, store } = addrMan.tables;
    expect(order.length).toBe(addrMan.size());
    expect(store.capacity).toBeLessThanOrEqual(MAX_ENTRIES);
    expect(store.end).toBeLessThanOrEqual(store.capacity);
    expect(contradictionIn(addrMan)).toBe(0);
  }, 60_000);
});

describe('pending collisions', () => {
  // 250.1.1.36 finds 250.1.1.19 in its tried slot under the test key. (Bitcoin Core addrman_selecttriedcollision)
  const occupant = service('250.1.1.19', 0);
  const newcomer = service('250.1.1.36', 0);
  const source = address('252.2.2.2');

  function withCollision(): ReturnType<typeof testAddrMan> {
    const made = testAddrMan();
    for (const target of [occupant, newcomer]) {
      made.addrMan.add([{ service: target, services: 9n, timeSeconds: START }], source);
      made.addrMan.good(target);
    }
    expect(made.addrMan.selectTriedCollision()?.address.service).toEqual(occupant);
    return made;
  }

  it('die with the entry: a stranger who gets its id inherits nothing', () => {
    const { addrMan, clock } = withCollision();
    const { tables } = addrMan;
    const { store } = tables;
    const id = tables.find(newcomer);
    tables.clearNew(store.slots[id * 8]!);
    const stranger = service('99.1.1.1');
    addrMan.add([{ service: stranger, services: 9n, timeSeconds: START }], source);
    expect(tables.find(stranger)).toBe(id);
    clock.seconds += 5 * 3600;
    expect(addrMan.selectTriedCollision()).toBeUndefined();
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(stranger)?.isTried).toBe(false);
    expect(addrMan.findAddressEntry(occupant)?.isTried).toBe(true);
    expect(contradictionIn(addrMan)).toBe(0);
  });

  it('send the loser back to new, where its first source puts it, with its statistics', () => {
    const { addrMan, clock } = withCollision();
    clock.seconds += 4 * 3600;
    addrMan.attempt(occupant, true);
    const before = addrMan.getEntry(occupant);
    clock.seconds += 61;
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(newcomer)?.isTried).toBe(true);
    expect(addrMan.getEntry(occupant)).toEqual(before);
    const position = addrMan.findAddressEntry(occupant)!;
    expect(position).toMatchObject({ isTried: false, multiplicity: 1 });
    const slot = position.bucket * 64 + position.position;
    expect(addrMan.tables.newTable.entries[slot]).toBe(addrMan.tables.find(occupant));
  });

  it('send the loser back to new over the entry that is there', () => {
    const { addrMan, clock } = withCollision();
    const { tables } = addrMan;
    const slot = tables.primaryNewSlot(tables.find(occupant));
    // Somebody in the loser's way, with no other place.
    const random = seededUint32(47);
    while (tables.newTable.entries[slot] === -1) {
      const target = new Service(ipv4(0xfa010000 + (random() % 0x10000)), random() & 0xffff);
      addrMan.add([{ service: target, services: 9n, timeSeconds: clock.seconds }], source);
    }
    const inTheWay = addrMan
      .getEntries(false)
      .find(({ position }) => position.bucket * 64 + position.position === slot)!;
    expect(inTheWay.position.multiplicity).toBe(1);
    clock.seconds += 4 * 3600;
    addrMan.attempt(occupant, true);
    clock.seconds += 61;
    addrMan.resolveCollisions();
    expect(tables.newTable.entries[slot]).toBe(tables.find(occupant));
    expect(addrMan.getEntry(inTheWay.entry.service)).toBeUndefined();
    expect(contradictionIn(addrMan)).toBe(0);
  });

  /** An endpoint in the /16 of the others of which this is true. */
  function endpointWhere(isMeant: (target: Service) => boolean): Service {
    const random = seededUint32(48);
    for (;;) {
      const target = new Service(ipv4(0xfa010000 + (random() % 0x10000)), random() & 0xffff);
      if (isMeant(target)) return target;
    }
  }

  it('are decided in the order in which the entries were made, not in which they came to wait', () => {
    const { addrMan, clock } = testAddrMan();
    const triedSlot = (target: Service): number => addrMan.tables.triedSlots([target])[0]!;
    const younger = endpointWhere((target) => triedSlot(target) === triedSlot(occupant));
    const learn = (target: Service) => addrMan.add([{ service: target, services: 9n, timeSeconds: START }], source);
    for (const target of [occupant, newcomer, younger]) expect(learn(target)).toBe(true);
    for (const target of [occupant, younger, newcomer]) addrMan.good(target);
    clock.seconds += 5 * 3600;
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(newcomer)?.isTried).toBe(true);
    expect(addrMan.findAddressEntry(younger)?.isTried).toBe(false);
    expect(addrMan.selectTriedCollision()).toBeUndefined();
  });

  it('end with an entry that makes room for the loser of another one', () => {
    const { addrMan, clock } = testAddrMan();
    const { tables } = addrMan;
    const triedSlot = (target: Service): number => tables.triedSlots([target])[0]!;
    const newSlot = (target: Service): number => tables.newSlots([target], addrMan.groups.group(source))[0]!;
    // Waits for a slot of its own, in the one new slot that the occupant can have.
    const bystander = endpointWhere((target) => newSlot(target) === newSlot(occupant) && !target.equals(occupant));
    const ahead = endpointWhere((target) => triedSlot(target) === triedSlot(bystander) && !target.equals(bystander));
    for (const target of [occupant, ahead, newcomer, bystander]) {
      expect(addrMan.add([{ service: target, services: 9n, timeSeconds: START }], source)).toBe(true);
      addrMan.good(target);
    }
    expect(tables.pendingIds).toHaveLength(2);
    clock.seconds += 5 * 3600;
    addrMan.resolveCollisions();
    expect(addrMan.getEntry(bystander)).toBeUndefined();
    expect([newcomer, occupant, ahead].map((target) => addrMan.findAddressEntry(target)?.isTried)).toEqual([
      true,
      false,
      true,
    ]);
    expect(contradictionIn(addrMan)).toBe(0);
  });

  it.each([
    ['the occupant gives way when a test of it failed less than four hours ago', 4 * 3600 - 1, 'replaced', 0],
    ['a test of four hours ago tells nothing, and the newcomer waits', 4 * 3600, 'kept', 1],
  ] as const)('%s', (_, sinceTry, fate, pending) => {
    const { addrMan, clock } = withCollision();
    clock.seconds += 4 * 3600;
    addrMan.attempt(occupant, true);
    clock.seconds += sinceTry;
    addrMan.good(newcomer);
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(occupant)?.isTried).toBe(fate === 'kept');
    expect(addrMan.tables.pendingIds.length).toBe(pending);
  });

  it.each([
    ['the occupant stays when it succeeded less than four hours ago', 4 * 3600 - 1, undefined, 'kept', 0],
    ['the newcomer waits up to forty minutes for a test', 4 * 3600, -2400, 'kept', 1],
    ['the newcomer replaces an occupant that nobody tested in forty minutes', 4 * 3600, -2401, 'replaced', 0],
  ] as const)('%s', (_, elapsed, newcomerSuccess, fate, pending) => {
    const { addrMan, clock } = withCollision();
    clock.seconds += elapsed;
    if (newcomerSuccess !== undefined) addrMan.good(newcomer, clock.seconds + newcomerSuccess);
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(occupant)?.isTried).toBe(fate === 'kept');
    expect(addrMan.tables.pendingIds.length).toBe(pending);
  });

  it.each([
    ['waits for the answer of a test for a minute', 60, 'kept', 1],
    ['gives way a second later', 61, 'replaced', 0],
  ] as const)('the occupant %s', (_, sinceTry, fate, pending) => {
    const { addrMan, clock } = withCollision();
    clock.seconds += 4 * 3600;
    addrMan.attempt(occupant, true);
    addrMan.good(newcomer);
    clock.seconds += sinceTry;
    addrMan.resolveCollisions();
    expect(addrMan.findAddressEntry(occupant)?.isTried).toBe(fate === 'kept');
    expect(addrMan.tables.pendingIds.length).toBe(pending);
  });

  it('are ten at most', () => {
    const { addrMan } = testAddrMan();
    const random = seededUint32(43);
    let waiting = 0;
    for (let i = 0; i < 60_000 && waiting < 40; i++) {
      const target = new Service(ipv4(0xfa010000 + (random() % 0x10000)), random() & 0xffff);
      addrMan.add([{ service: target, services: 9n, timeSeconds: START }], ipv4(random()));
      if (addrMan.getEntry(target) !== undefined && !addrMan.good(target)) waiting++;
      expect(addrMan.tables.pendingIds.length).toBeLessThanOrEqual(10);
    }
    expect(waiting).toBe(40);
    expect(addrMan.tables.pendingIds.length).toBe(10);
  });
});
