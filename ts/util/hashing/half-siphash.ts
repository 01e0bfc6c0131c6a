// HalfSipHash-2-4 with 32-bit result: SipHash on words of 32 bits, for the hash tables of one process.
//
// By the authors of SipHash, for processors of 32 bits, which is what JavaScript's integers are: a quarter of the cost of
// the whole one (bench/cases/programs/addrman.mjs). Its key is short; use `SipHash` for what anybody could attack at leisure.

const INITIAL_V2 = 0x6c79_6765;
const INITIAL_V3 = 0x7465_6462;

const WORD_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/** Messages of up to this many words are hashed without an allocation. */
const scratch = new Uint32Array(16);

/**
 * Hashes a message.
 *
 * @param k0 - Bytes 0 to 3 of the key, read little-endian; any 32 bits.
 * @param k1 - Bytes 4 to 7.
 * @returns An unsigned number of 32 bits.
 */
export function halfSipHash(k0: number, k1: number, message: Uint8Array): number {
  const wordCount = message.length >> 2;
  const words = wordCount < scratch.length ? scratch : new Uint32Array(wordCount + 1);
  for (let at = 0; at < wordCount; at++) words[at] = wordAt(message, at * 4);
  words[wordCount] = lastWord(message);
  return halfSipHashWords(k0, k1, words, 0, wordCount + 1);
}

/**
 * Hashes a message that lies in words already, read little-endian.
 *
 * @param start - Where in `words` it begins.
 * @param count - Its words. The last one has the up to three bytes behind the whole ones, and in its top byte the length in bytes
 *   modulo 256.
 * @returns As `halfSipHash` for the same bytes.
 */
export function halfSipHashWords(k0: number, k1: number, words: Uint32Array, start: number, count: number): number {
  let v0 = k0 | 0;
  let v1 = k1 | 0;
  let v2 = k0 ^ INITIAL_V2;
  let v3 = k1 ^ INITIAL_V3;
  // The words of the message, and a zero that ends it.
  for (let index = 0; index <= count; index++) {
    const isEnd = index === count;
    const word = isEnd ? 0 : words[start + index]! | 0;
    if (isEnd) v2 ^= 0xff;
    v3 ^= word;
    for (let round = isEnd ? FINAL_ROUNDS : WORD_ROUNDS; round > 0; round--) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  return (v1 ^ v3) >>> 0;
}

/** Four bytes as a little-endian number, in two's complement. */
function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The up to three bytes behind the last whole word, and the length modulo 256. */
function lastWord(bytes: Uint8Array): number {
  let word = bytes.length << 24;
  for (let at = bytes.length & ~3, shift = 0; at < bytes.length; at++, shift += 8) word |= bytes[at]! << shift;
  return word;
}
