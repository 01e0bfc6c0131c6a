import { describe, expect, it } from 'vitest';
import { InventoryEntries, MAX_INVENTORY_ITEMS } from '../../../ts/p2p/messages/inventory.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

function payloadOf(count: number): Uint8Array {
  const random = seededBytes('entries');
  const items = Array.from({ length: count }, (_, index) => ({ type: 0xffff_fff0 + (index % 16), hash: random(32) }));
  return encodeMessage({ type: 'inv', items }).payload;
}

describe('inventory entries', () => {
  it.each([0, 1, 252, 253, 1_000])('of a list of %i are those that decoding gives', (count) => {
    const payload = payloadOf(count);
    const entries = new InventoryEntries(payload);
    const read = Array.from({ length: entries.count }, (_, index) => entries.itemAt(index));
    expect(read).toEqual(decodeMessage('inv', payload).items);
  });

  it('count beyond the limit', () => {
    const count = MAX_INVENTORY_ITEMS + 1;
    const payload = Buffer.concat([Buffer.of(0xfd, count & 0xff, count >> 8), Buffer.alloc(36 * count)]);
    expect(new InventoryEntries(payload).count).toBe(count);
  });

  it('cut anywhere are refused as decoding refuses them', () => {
    const payload = payloadOf(3);
    for (let length = 0; length < payload.length; length++) {
      expect(() => new InventoryEntries(payload.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
      );
    }
  });
});
