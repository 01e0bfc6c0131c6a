import { describe, expect, it } from 'vitest';
import { AddressIndex } from '../../../ts/addrman/tables/address-index.ts';
import { EntryStore } from '../../../ts/addrman/tables/entry-store.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { address, ipv4, service } from '../support.ts';

const SOURCE = address('5.6.7.8');
const NOBODY = -1;

function find(index: AddressIndex, target: Service): number {
  return index.find(target, index.hash(target));
}

describe('the lookup by address and port', () => {
  it('agrees with a Map through 50,000 random insertions and removals', () => {
    const random = seededUint32(2);
    const store = new EntryStore();
    const index = new AddressIndex(store, random);
    const oracle = new Map<string, number>();
    for (let step = 0; step < 50_000; step++) {
      const target = new Service(ipv4(0x01000000 + (random() % 2000)), random() % 3);
      const key = String(target);
      const known = oracle.get(key);
      expect(find(index, target)).toBe(known ?? NOBODY);
      if (known === undefined) {
        const id = store.create(target, index.hash(target), SOURCE, 0, 0n);
        index.insert(id);
        oracle.set(key, id);
      } else {
        index.remove(known);
        store.free(known);
        oracle.delete(key);
      }
    }
    expect(store.end).toBeLessThanOrEqual(6000);
  });

  it('tells networks apart whose bytes are the same, and ports', () => {
    const store = new EntryStore();
    const index = new AddressIndex(store, seededUint32(2));
    const bytes = Uint8Array.from({ length: 32 }, (_, at) => at + 1);
    const targets = [
      new NetAddress('onion', bytes),
      new NetAddress('i2p', bytes),
      new NetAddress('ipv6', bytes.slice(0, 16)),
      new NetAddress('cjdns', bytes.slice(0, 16)),
    ].map((target) => new Service(target, 7));
    const ids = targets.map((target) => store.create(target, index.hash(target), SOURCE, 0, 0n));
    ids.forEach((id) => index.insert(id));
    targets.forEach((target, at) => expect(find(index, target)).toBe(ids[at]));
    expect(find(index, new Service(targets[0]!.address, 8))).toBe(NOBODY);
    expect(find(index, new Service(NetAddress.UNSPECIFIED, 7))).toBe(NOBODY);
  });

  it('lets a later duplicate take the place of the first, and either removal take it out', () => {
    const store = new EntryStore();
    const index = new AddressIndex(store, seededUint32(2));
    const target = service('1.2.3.4');
    const [first, second] = [1, 2].map(() => store.create(target, index.hash(target), SOURCE, 0, 0n));
    index.insert(first!);
    index.insert(second!);
    expect(find(index, target)).toBe(second);
    index.remove(first!);
    expect(find(index, target)).toBe(NOBODY);
    index.remove(second!);
  });

  it('is not slowed down by 80,000 addresses that collide under a hash without a key', () => {
    // Same low bits, and sums and products that are the same: what simple hashes look at.
    const crafted = (at: number): Service => {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setUint32(0, 0x2a000000 + at);
      new DataView(bytes.buffer).setUint32(4, -at);
      return new Service(new NetAddress('ipv6', bytes), 8333);
    };
    // Milliseconds a thousand, of the quickest of the thousands at the end: the others met the garbage collector.
    const cost = (make: (at: number) => Service): number => {
      const store = new EntryStore();
      const index = new AddressIndex(store, seededUint32(3));
      let quickest = Number.POSITIVE_INFINITY;
      for (let thousand = 0; thousand < 80; thousand++) {
        const began = performance.now();
        for (let at = thousand * 1000; at < (thousand + 1) * 1000; at++) {
          const target = make(at);
          index.insert(store.create(target, index.hash(target), SOURCE, 0, 0n));
        }
        if (thousand >= 60) quickest = Math.min(quickest, performance.now() - began);
      }
      return quickest;
    };
    const random = seededUint32(4);
    const ordinary = (): Service => {
      const bytes = Uint8Array.from({ length: 16 }, () => random());
      return new Service(new NetAddress('ipv6', bytes), 8333);
    };
    expect(cost(crafted)).toBeLessThan(cost(ordinary) * 5 + 1);
  });
});
