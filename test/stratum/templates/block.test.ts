import { describe, expect, it } from 'vitest';
import {
  doubleSha256,
  heightScript,
  meetsTarget,
  merklePathOfFirst,
  merkleRoot,
  merkleRootOf,
  targetOfBits,
  transactionId,
} from '../../../ts/stratum/templates/block.ts';
import { witnessCommitmentOutput } from '../../../ts/stratum/templates/witness-commitment.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

/** The first transaction of Bitcoin's block 0. */
const GENESIS_TRANSACTION =
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000';
const GENESIS_MERKLE_ROOT = '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a';

/** The merkle root as it is defined, level by level. */
function plainMerkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  let level = [...leaves];
  while (level.length > 1) {
    if (level.length % 2 === 1) level.push(level.at(-1)!);
    level = level.flatMap((leaf, at) => (at % 2 === 0 ? [doubleSha256(leaf, level[at + 1]!)] : []));
  }
  return level[0]!;
}

describe('a transaction id', () => {
  it('is the published one of the first transaction', () => {
    expect(toHex(transactionId(fromHex(GENESIS_TRANSACTION)))).toBe(GENESIS_MERKLE_ROOT);
  });

  it('leaves the witness out', () => {
    const plain = fromHex(GENESIS_TRANSACTION);
    const withWitness = Buffer.concat([
      plain.subarray(0, 4),
      fromHex('0001'),
      plain.subarray(4, -4),
      fromHex(`0120${'00'.repeat(32)}`),
      plain.subarray(-4),
    ]);
    expect(toHex(transactionId(withWitness))).toBe(GENESIS_MERKLE_ROOT);
  });

  it('is refused for bytes cut short at every place, and for bytes behind', () => {
    const bytes = fromHex(GENESIS_TRANSACTION);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => transactionId(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
      );
    }
    expect(() => transactionId(Buffer.concat([bytes, Uint8Array.of(0)]))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });
});

describe('a merkle path', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 100])('of the first of %i leaves leads to the root', (count) => {
    const random = seededBytes(count);
    const leaves = Array.from({ length: count }, () => random(32));
    const path = merklePathOfFirst(leaves.slice(1));
    expect(toHex(merkleRootOf(leaves[0]!, path))).toBe(toHex(plainMerkleRoot(leaves)));
    expect(toHex(merkleRoot(leaves))).toBe(toHex(plainMerkleRoot(leaves)));
  });
});

describe('a target', () => {
  it.each([
    [0x1d00ffff, `${'00'.repeat(26)}ffff${'00'.repeat(4)}`],
    [0x207fffff, `${'00'.repeat(29)}ffff7f`],
    [0x03123456, `563412${'00'.repeat(29)}`],
  ])('of bits %i is %s', (bits, target) => {
    expect(toHex(targetOfBits(bits))).toBe(target);
  });

  it('is met by itself and below, and not above', () => {
    const target = targetOfBits(0x207fffff);
    expect(meetsTarget(target, target)).toBe(true);
    const below = Uint8Array.from(target);
    below[28] = 0xff;
    below[29] = 0xfe;
    expect(meetsTarget(below, target)).toBe(true);
    const above = Uint8Array.from(target);
    above[0] = 1;
    expect(meetsTarget(above, target)).toBe(false);
  });
});

describe('a height in a coinbase script', () => {
  it.each([
    [0, '00'],
    [1, '51'],
    [16, '60'],
    [17, '0111'],
    [127, '017f'],
    [128, '028000'],
    [255, '02ff00'],
    [256, '020001'],
    [840_000, '0340d10c'],
    [8_388_608, '0400008000'],
  ])('%i is %s', (height, script) => {
    expect(toHex(heightScript(height))).toBe(script);
  });
});

describe('a witness commitment', () => {
  it('of an empty block is the published one', () => {
    // Every block without transactions on regtest, signet and mainnet has this output.
    expect(toHex(witnessCommitmentOutput([]))).toBe(
      '0000000000000000266a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9',
    );
  });
});
