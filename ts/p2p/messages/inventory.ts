// `inv`, `getdata`, `notfound`, `mempool`: announcements of objects, and requests for them.
//
// A list is a CompactSize count, then entries of uint32 LE type and 32-byte hash.

import { ByteReader } from '../../util/bytes/bytes.ts';
import type { ByteWriter } from '../../util/bytes/bytes.ts';
import { HASH_BYTES } from '../hash.ts';
import { emptyCodec, readHash, readLimitedVector, writeHash, writeLimitedVector } from './codec.ts';
import type { Codec, Limited } from './codec.ts';

/** Most entries of `inv` and `getdata`. More: the sender misbehaves. (Bitcoin Core src/net_processing.cpp, MAX_INV_SZ) */
export const MAX_INVENTORY_ITEMS = 50_000;

/** Most entries of a `notfound` that are looked at; a longer list counts as empty. (Core, net_processing.cpp) */
export const MAX_NOTFOUND_ITEMS = 5_016;

/** The kind of object of an entry. (Core src/protocol.h, GetDataMsg) */
export const InventoryType = {
  /** A transaction by txid. */
  TX: 1,
  BLOCK: 2,
  /** A block filtered by the bloom filter, in `getdata` only. (BIP 37) */
  FILTERED_BLOCK: 3,
  /** A compact block, in `getdata` only. (BIP 152) */
  COMPACT_BLOCK: 4,
  /** A transaction by wtxid. (BIP 339) */
  WTX: 5,
  /** A transaction by txid, with its witness, in `getdata` only. (BIP 144) */
  WITNESS_TX: 0x4000_0001,
  /** A block with witnesses, in `getdata` only. (BIP 144) */
  WITNESS_BLOCK: 0x4000_0002,
} as const;

/** Set in the types that ask for witnesses. */
export const INVENTORY_WITNESS_FLAG = 0x4000_0000;
/** What is left of a type without its flags. */
export const INVENTORY_TYPE_MASK = 0x3fff_ffff;

/** One object that is announced or asked for. */
export interface InventoryItem {
  /** One of `InventoryType`, or any other number: such entries are skipped. */
  readonly type: number;
  readonly hash: Uint8Array;
}

/** Announces what the sender has. */
export interface InvMessage extends Limited {
  readonly type: 'inv';
  readonly items: readonly InventoryItem[];
}

/** Asks for what the receiver announced. */
export interface GetDataMessage extends Limited {
  readonly type: 'getdata';
  readonly items: readonly InventoryItem[];
}

/** Lists the entries of a `getdata` that the sender does not have. */
export interface NotFoundMessage extends Limited {
  readonly type: 'notfound';
  readonly items: readonly InventoryItem[];
}

/** Asks for an `inv` of all transactions that wait for a block. (BIP 35) */
export interface MempoolMessage {
  readonly type: 'mempool';
}

export const mempoolCodec: Codec<MempoolMessage> = emptyCodec('mempool');
export const invCodec = inventoryCodec('inv', MAX_INVENTORY_ITEMS);
export const getDataCodec = inventoryCodec('getdata', MAX_INVENTORY_ITEMS);
export const notFoundCodec = inventoryCodec('notfound', MAX_NOTFOUND_ITEMS);

interface InventoryList<T> extends Limited {
  readonly type: T;
  readonly items: readonly InventoryItem[];
}

function inventoryCodec<T extends string>(type: T, limit: number): Codec<InventoryList<T>> {
  return {
    read(reader) {
      const items = readLimitedVector(reader, limit, readItem);
      return items === undefined ? { type, items: [], exceedsLimit: true } : { type, items };
    },
    write: (writer, { items }) => writeLimitedVector(writer, items, limit, writeItem),
  };
}

function readItem(reader: ByteReader): InventoryItem {
  return { type: reader.uint32LE(), hash: readHash(reader) };
}

function writeItem(writer: ByteWriter, { type, hash }: InventoryItem): void {
  writer.uint32LE(type);
  writeHash(writer, hash);
}

/** Size of an entry, in bytes. */
export const INVENTORY_ENTRY_BYTES = 4 + HASH_BYTES;

/**
 * The entries of an `inv`, `getdata` or `notfound`, read where they lie: 50,000 of them are 1.8 MB as bytes, and five times as
 * much as objects.
 */
export class InventoryEntries {
  /** How many there are, within the limit or not. */
  readonly count: number;
  /** What they lie in. */
  readonly payload: Uint8Array;
  readonly #start: number;

  /**
   * @param payload - Not copied: must not change.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: it does not hold as many entries as it says.
   */
  constructor(payload: Uint8Array) {
    const reader = new ByteReader(payload);
    this.count = reader.compactSize();
    this.#start = reader.offset;
    this.payload = payload;
    reader.skip(this.count * INVENTORY_ENTRY_BYTES);
  }

  /** @param index - 0 to `count` - 1, as for all below. */
  typeAt(index: number): number {
    const { payload } = this;
    const at = this.#start + index * INVENTORY_ENTRY_BYTES;
    return (payload[at]! | (payload[at + 1]! << 8) | (payload[at + 2]! << 16) | (payload[at + 3]! << 24)) >>> 0;
  }

  /** The hash, as a view. */
  hashAt(index: number): Uint8Array {
    const end = this.#start + (index + 1) * INVENTORY_ENTRY_BYTES;
    return this.payload.subarray(end - HASH_BYTES, end);
  }

  /** Type and hash, the hash as a view. */
  itemAt(index: number): InventoryItem {
    return { type: this.typeAt(index), hash: this.hashAt(index) };
  }

  /** The bytes of some entries that follow each other, as a view. */
  slice(from: number, to: number): Uint8Array {
    return this.payload.subarray(this.#start + from * INVENTORY_ENTRY_BYTES, this.#start + to * INVENTORY_ENTRY_BYTES);
  }
}
