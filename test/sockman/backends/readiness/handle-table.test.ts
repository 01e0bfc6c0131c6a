import { describe, expect, it } from 'vitest';
import { SLOT_BITS, SLOT_MASK } from '../../../../ts/sockman/backends/backend.ts';
import { HandleTable } from '../../../../ts/sockman/backends/readiness/handle-table.ts';

const GENERATIONS = 2 ** (32 - SLOT_BITS);

describe('HandleTable', () => {
  it('finds an entry by its handle, and by no older one of the same slot', () => {
    const table = new HandleTable();
    const first = { handle: 0 };
    expect(table.add(first)).toBe(true);
    expect(table.get(first.handle)).toBe(first);
    table.remove(first);
    expect(table.get(first.handle)).toBeUndefined();
    const second = { handle: 0 };
    table.add(second);
    expect(second.handle & SLOT_MASK).toBe(first.handle & SLOT_MASK);
    expect(second.handle).not.toBe(first.handle);
    expect(table.get(first.handle)).toBeUndefined();
    expect(table.size).toBe(1);
  });

  it('knows neither 0 nor -1 nor anything else it did not give out', () => {
    const table = new HandleTable();
    for (const handle of [0, -1, 1, SLOT_MASK, 2 ** 31, 1.5, NaN]) expect(table.get(handle)).toBeUndefined();
  });

  it('repeats a handle of a slot only after all its generations, all of them 32-bit integers', () => {
    const table = new HandleTable();
    const seen = new Set<number>();
    const words = new Int32Array(1);
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const entry = { handle: 0 };
      table.add(entry);
      words[0] = entry.handle;
      expect(words[0]).toBe(entry.handle);
      expect(seen.has(entry.handle)).toBe(false);
      seen.add(entry.handle);
      table.remove(entry);
    }
    const again = { handle: 0 };
    table.add(again);
    expect(seen.has(again.handle)).toBe(true);
  });

  it('lets a slot freed in a turn rest until the turn ends, and uses the one freed first first', () => {
    const table = new HandleTable();
    const entries = [1, 2, 3].map(() => ({ handle: 0 }));
    for (const entry of entries) table.add(entry);
    const slots = entries.map(({ handle }) => handle & SLOT_MASK);
    table.beginTurn();
    table.remove(entries[1]!);
    table.remove(entries[0]!);
    const during = { handle: 0 };
    table.add(during);
    expect(slots).not.toContain(during.handle & SLOT_MASK);
    table.endTurn();
    const after = [{ handle: 0 }, { handle: 0 }];
    for (const entry of after) table.add(entry);
    expect(after.map(({ handle }) => handle & SLOT_MASK)).toEqual([slots[1], slots[0]]);
  });

  it('does not grow however often slots are used again', () => {
    const table = new HandleTable();
    const kept = Array.from({ length: 10 }, () => ({ handle: 0 }));
    for (const entry of kept) table.add(entry);
    for (let round = 0; round < 20_000; round++) {
      const entry = kept[round % 10]!;
      table.remove(entry);
      table.add(entry);
      expect(entry.handle & SLOT_MASK).toBeLessThanOrEqual(11);
    }
    expect(table.all()).toHaveLength(10);
  });
});
