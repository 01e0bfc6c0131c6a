import { expect, test } from 'vitest';
import { halfSipHash } from '../../../ts/util/hashing/half-siphash.ts';

/** By length: the hash of the message 00 01 02 … under the key 00 … 07, from the authors' reference vectors. */
const PUBLISHED: Readonly<Record<number, string>> = {
  0: 'a9359f5b',
  1: '27475ab8',
  2: 'fa62a603',
  3: '8afee704',
  4: '2a6e4689',
  5: 'c5fab669',
  6: '5863fc23',
  7: '8bcf63c5',
  8: 'd0b8848f',
  13: '77e663ff',
  16: 'd9b5ac84',
  19: '7befe387',
  32: 'fee72112',
  35: 'fe28b729',
  63: '59ea4a74',
};

test.each(Object.entries(PUBLISHED))('hashes %i bytes as published', (length, hash) => {
  const message = Uint8Array.from({ length: Number(length) }, (_, at) => at);
  expect(halfSipHash(0x0302_0100, 0x0706_0504, message)).toBe(Buffer.from(hash, 'hex').readUInt32LE());
});

test('depends on every bit of the key and of the message', () => {
  const message = Uint8Array.from({ length: 7 }, (_, at) => at);
  const hashes = new Set([halfSipHash(1, 2, message)]);
  for (let bit = 0; bit < 32; bit++) {
    hashes.add(halfSipHash(1 ^ (1 << bit), 2, message)).add(halfSipHash(1, 2 ^ (1 << bit), message));
  }
  for (let bit = 0; bit < message.length * 8; bit++) {
    const flipped = Uint8Array.from(message);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    hashes.add(halfSipHash(1, 2, flipped));
  }
  expect(hashes.size).toBe(1 + 64 + 56);
});
