// Walks over the entries of an `inv` without making objects of them.

import { ByteReader } from '../../util/bytes/bytes.ts';
import { HASH_BYTES } from '../../p2p/hash.ts';
import { INVENTORY_TYPE_MASK, InventoryType, MAX_INVENTORY_ITEMS } from '../../p2p/messages/inventory.ts';

/** Size of an entry: type and hash. */
const ENTRY_BYTES = 4 + HASH_BYTES;

/**
 * Calls back for each block and transaction.
 *
 * @param payload - Lent; the hashes lie in it.
 * @returns False for a payload that does not decode or has more entries than allowed: none of it is used.
 */
export function walkInventory(payload: Uint8Array, onItem: (isBlock: boolean, hash: Uint8Array) => void): boolean {
  const start = readStart(payload);
  if (start === undefined) return false;
  for (let at = start; at < payload.length; at += ENTRY_BYTES) {
    const type = payload[at]! | (payload[at + 1]! << 8) | (payload[at + 2]! << 16) | (payload[at + 3]! << 24);
    const kind = type & INVENTORY_TYPE_MASK;
    const isBlock = kind === InventoryType.BLOCK || kind === InventoryType.COMPACT_BLOCK;
    const isTransaction = kind === InventoryType.TX || kind === InventoryType.WTX;
    if (isBlock || isTransaction) onItem(isBlock, payload.subarray(at + 4, at + ENTRY_BYTES));
  }
  return true;
}

/** Offset of the first entry; undefined when the length does not match the count. */
function readStart(payload: Uint8Array): number | undefined {
  try {
    const reader = new ByteReader(payload);
    const count = reader.compactSize();
    const isSound = count <= MAX_INVENTORY_ITEMS && reader.remaining === count * ENTRY_BYTES;
    return isSound ? payload.length - count * ENTRY_BYTES : undefined;
  } catch {
    return undefined;
  }
}
