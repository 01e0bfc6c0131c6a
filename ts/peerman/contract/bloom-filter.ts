// The filter of a light client, which selects the transactions announced to it. (BIP 37; Bitcoin Core src/common/bloom.cpp)

import { scriptPushes, isPaidToPlainKeys } from '../../p2p/script.ts';
import { transactionIds, transactionScripts } from '../../p2p/messages/transaction.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';

/** Factor that gives each hash function another seed. (BIP 37) */
const SEED_STEP = 0xfba4c795;
const BITS_PER_BYTE = 8;
/** Bits of `flags`: whether matching outputs are inserted, so that transactions that spend them match too. (BIP 37) */
const UPDATE_MASK = 3;
const UPDATE_ALL = 1;
const UPDATE_PLAIN_KEYS = 2;

/** A Bloom filter as a peer set it up. Hashes are MurmurHash3, x86, 32 bits. */
export class BloomFilter {
  /** When matching outputs are inserted, bits 0 and 1: never, always, or only for plain keys. (BIP 37) */
  readonly flags: number;
  readonly #bytes: Uint8Array;
  readonly #hashFunctionCount: number;
  readonly #tweak: number;

  /** @param bytes - Copied. An empty filter matches everything. */
  constructor(bytes: Uint8Array, hashFunctionCount: number, tweak: number, flags: number) {
    this.#bytes = Uint8Array.from(bytes);
    this.#hashFunctionCount = hashFunctionCount;
    this.#tweak = tweak;
    this.flags = flags;
  }

  /** Adds an element: hash, key or outpoint, as in BIP 37. */
  insert(element: Uint8Array): void {
    if (this.#bytes.length === 0) return;
    for (let index = 0; index < this.#hashFunctionCount; index++) {
      const bit = this.#bit(index, element);
      this.#bytes[bit >>> 3] = this.#bytes[bit >>> 3]! | (1 << (bit & 7));
    }
  }

  /** Whether the filter contains the element, or seems to. */
  has(element: Uint8Array): boolean {
    if (this.#bytes.length === 0) return true;
    for (let index = 0; index < this.#hashFunctionCount; index++) {
      const bit = this.#bit(index, element);
      if ((this.#bytes[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  /**
   * Whether a transaction matches: its txid, an output that it spends, or data that one of its scripts pushes. Matching
   * outputs are inserted, as `flags` say.
   *
   * @param bytes - The transaction, serialized, with or without witnesses.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not a transaction.
   * @see Bitcoin Core src/common/bloom.cpp, IsRelevantAndUpdate
   */
  matchesTx(bytes: Uint8Array): boolean {
    if (this.#bytes.length === 0) return true;
    const { txid } = transactionIds(bytes);
    const { outpoints, inputScripts, outputScripts } = transactionScripts(bytes);
    let isMatch = this.has(txid);
    for (const [index, script] of outputScripts.entries()) {
      if (!this.#matchesScript(script)) continue;
      isMatch = true;
      if (this.#isUpdatedBy(script)) this.insert(outpointOf(txid, index));
    }
    return (
      isMatch ||
      outpoints.some((outpoint) => this.has(outpoint)) ||
      inputScripts.some((script) => this.#matchesScript(script))
    );
  }

  #matchesScript(script: Uint8Array): boolean {
    for (const data of scriptPushes(script)) if (this.has(data)) return true;
    return false;
  }

  #isUpdatedBy(script: Uint8Array): boolean {
    const update = this.flags & UPDATE_MASK;
    return update === UPDATE_ALL || (update === UPDATE_PLAIN_KEYS && isPaidToPlainKeys(script));
  }

  #bit(index: number, element: Uint8Array): number {
    const seed = (Math.imul(index, SEED_STEP) + this.#tweak) | 0;
    return murmurHash3(seed, element) % (this.#bytes.length * BITS_PER_BYTE);
  }
}

/** An output of a transaction, in the form in which an input refers to it. */
function outpointOf(txid: Uint8Array, index: number): Uint8Array {
  return new ByteWriter(txid.length + 4).bytes(txid).uint32LE(index).finish();
}

/** MurmurHash3_x86_32. (Appleby) @returns An unsigned 32-bit number. */
export function murmurHash3(seed: number, bytes: Uint8Array): number {
  const wordsEnd = bytes.length & ~3;
  let hash = seed | 0;
  for (let at = 0; at < wordsEnd; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash ^= mixWord(word);
    hash = Math.imul(rotateLeft(hash, 13), 5) + 0xe6546b64;
  }
  let rest = 0;
  for (let at = bytes.length - 1; at >= wordsEnd; at--) rest = (rest << 8) | bytes[at]!;
  if (wordsEnd < bytes.length) hash ^= mixWord(rest);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function mixWord(word: number): number {
  return Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
