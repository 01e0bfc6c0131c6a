import { describe, expect, it } from 'vitest';
import { EntryStore } from '../../ts/addrman/tables/entry-store.ts';
import { isTerrible, selectionChance } from '../../ts/addrman/quality.ts';
import { readVectorJson } from '../harness/data/vectors.ts';
import { address, service } from './support.ts';

interface Row {
  name: string;
  now: number;
  time: number;
  lastTry: number;
  lastSuccess: number;
  attempts: number;
  isTerrible: boolean;
  chance: number;
}

const { rows } = readVectorJson<{ rows: Row[] }>('addrman_quality.json');

describe('quality of an entry', () => {
  it.each(rows)('$name', (row) => {
    const store = new EntryStore();
    const id = store.create(service('1.2.3.4'), 0, address('5.6.7.8'), row.time, 0n);
    store.lastTry[id] = row.lastTry;
    store.lastSuccess[id] = row.lastSuccess;
    store.attempts[id] = row.attempts;
    expect(isTerrible(store, id, row.now)).toBe(row.isTerrible);
    expect(selectionChance(store, id, row.now) / row.chance).toBeCloseTo(1, 12);
  });
});
