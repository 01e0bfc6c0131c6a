import { describe, expect, it } from 'vitest';
import { address, contradictionIn, peer, service, testAddrMan } from '../support.ts';

const SOURCE = address('252.2.2.2');
const TARGET = service('250.1.1.1');

describe('the consistency check', () => {
  it('stops an operation on a state that contradicts itself, and is off by default', () => {
    const { addrMan } = testAddrMan({ checkRatio: 1 });
    addrMan.add([peer('250.1.1.1')], SOURCE);
    addrMan.tables.newCount++;
    expect(() => addrMan.select()).toThrow(/code -7/);
    const { addrMan: unchecked } = testAddrMan();
    unchecked.tables.newCount++;
    expect(() => unchecked.size()).not.toThrow();
  });

  const { addrMan } = testAddrMan();
  addrMan.add([peer('250.1.1.1'), peer('250.2.1.1')], SOURCE);
  addrMan.good(TARGET);
  const { store, newTable, triedTable, newCounts, triedCounts, key } = addrMan.tables;
  const triedId = addrMan.tables.find(TARGET);
  const newId = addrMan.tables.find(service('250.2.1.1'));
  const newSlot = newTable.entries.indexOf(newId);
  const triedSlot = triedTable.entries.indexOf(triedId);

  it.each<[number, ArrayLike<number> & { [index: number]: number }, number, number]>([
    [-1, store.lastSuccess, triedId, 0],
    [-2, store.referenceCount, triedId, 1],
    [-3, store.referenceCount, newId, 9],
    [-4, store.referenceCount, newId, 0],
    [-5, store.port, newId, 1],
    [-6, store.lastTry, newId, -1],
    [-8, store.lastSuccess, newId, -1],
    [-9, store.isInTried, newId, 1],
    [-12, newTable.entries, newSlot ^ 1, newId],
    [-13, triedTable.entries, triedSlot, -1],
    [-11, triedTable.entries, triedSlot ^ 1, triedId],
    [-14, store.orderPosition, newId, 7],
    [-15, newTable.entries, newSlot, -1],
    [-16, key, 0, 0],
    [-20, triedCounts, 1, 2],
    [-21, newCounts, 1, 2],
  ])('names a broken invariant by its code: %i', (code, column, index, value) => {
    const before = column[index]!;
    column[index] = value;
    // Two slips of one value show as the earlier code: a tried entry without success is the first thing seen.
    expect(contradictionIn(addrMan)).toBe(code === -9 ? -1 : code);
    column[index] = before;
    expect(contradictionIn(addrMan)).toBe(0);
  });

  it('sees entries that are not where the hashes put them', () => {
    const moved = (slots: Int32Array, slot: number, id: number, first: number): number => {
      slots[slot] = -1;
      slots[first] = id;
      store.slots[id * 8] = first;
      const code = contradictionIn(addrMan);
      slots[first] = -1;
      slots[slot] = id;
      store.slots[id * 8] = slot;
      return code;
    };
    expect(moved(triedTable.entries, triedSlot, triedId, triedSlot ^ 64)).toBe(-17);
    expect(moved(triedTable.entries, triedSlot, triedId, triedSlot ^ 1)).toBe(-18);
    expect(moved(newTable.entries, newSlot, newId, newSlot ^ 1)).toBe(-19);
    expect(contradictionIn(addrMan)).toBe(0);
  });
});
