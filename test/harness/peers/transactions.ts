// A transaction, hashes and inventories, for tests that do not care which.

import type { InventoryItem } from '../../../ts/p2p/messages/inventory.ts';
import { fromHex } from '../data/vectors.ts';

/** One input, one output, one witness. */
export const SEGWIT_TX = fromHex(
  '02000000' +
    '0001' +
    '01' +
    '11'.repeat(36) +
    '00' +
    'ffffffff' +
    '01' +
    '22'.repeat(8) +
    '00' +
    '010133' +
    '00000000',
);

/** The hash that begins with this number. */
export function hash(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Inventory entries of one type, with the hashes 0..count-1. */
export function items(type: number, count: number): InventoryItem[] {
  return Array.from({ length: count }, (_, index) => ({ type, hash: hash(index) }));
}
