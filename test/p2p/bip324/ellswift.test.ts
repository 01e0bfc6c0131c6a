import { createECDH, getCurves, randomBytes } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { GROUP_ORDER } from '../../../ts/p2p/bip324/curve.ts';
import {
  createKeyPair,
  decodeX,
  ecdhXOnly,
  encodePublicKey,
  encodeX,
  inverseX,
} from '../../../ts/p2p/bip324/ellswift.ts';
import { FIELD_PRIME } from '../../../ts/p2p/bip324/field.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { fromHex, readVectorCsv, toHex } from '../../harness/data/vectors.ts';

const bytes32 = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'));
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** The X coordinate of the public key, as OpenSSL computes it. */
function opensslPublicX(privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(privateKey);
  return ecdh.getPublicKey(null, 'compressed').subarray(1);
}

function opensslSharedX(x: Uint8Array, privateKey: Uint8Array): Uint8Array {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(privateKey);
  return ecdh.computeSecret(join(Uint8Array.of(2), x));
}

/** The ends of the range, sparse and dense bit patterns, and random ones. */
const privateKeys = [
  ...[
    1n,
    2n,
    3n,
    15n,
    16n,
    17n,
    GROUP_ORDER - 1n,
    GROUP_ORDER - 2n,
    (GROUP_ORDER + 1n) / 2n,
    2n ** 128n,
    2n ** 64n - 1n,
  ],
  ...[2n ** 255n, 2n ** 192n, BigInt(`0x${'0f'.repeat(32)}`), BigInt(`0x${'f0'.repeat(32)}`)],
]
  .map(bytes32)
  .concat(Array.from({ length: 40 }, () => createKeyPair(randomBytes).privateKey));

describe('decodeX', () => {
  it.each(readVectorCsv<'ellswift' | 'x' | 'comment'>('ellswift_decode.csv'))('decodes $ellswift ($comment)', (row) => {
    expect(toHex(decodeX(fromHex(row.ellswift)))).toBe(row.x);
  });

  it('takes exactly 64 bytes', () => {
    for (const length of [0, 63, 65]) {
      expect(() => decodeX(new Uint8Array(length))).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    }
  });
});

describe('inverseX', () => {
  const rows = readVectorCsv<string>('xswiftec_inv.csv');
  it.each(rows)('finds exactly the encodings of x=$x with u=$u', (row) => {
    const [x, u] = [fromHex(row['x']!), fromHex(row['u']!)];
    for (let caseNumber = 0; caseNumber < 8; caseNumber++) {
      const t = inverseX(x, u, caseNumber);
      expect(t === undefined ? '' : toHex(t), `case ${caseNumber}`).toBe(row[`case${caseNumber}_t`]);
      if (t !== undefined) expect(toHex(decodeX(join(u, t)))).toBe(row['x']);
    }
  });

  it('finds none for u = 0, in either form', () => {
    const x = decodeX(new Uint8Array(64));
    for (const u of [0n, FIELD_PRIME]) {
      for (let caseNumber = 0; caseNumber < 8; caseNumber++) {
        expect(inverseX(x, bytes32(u), caseNumber)).toBeUndefined();
      }
    }
  });
});

describe('encodeX', () => {
  it('encodes one key in a thousand different ways that all decode to it', () => {
    const x = opensslPublicX(bytes32(7n));
    const encodings = Array.from({ length: 1_000 }, () => encodeX(x, randomBytes));
    expect(new Set(encodings.map(toHex)).size).toBe(1_000);
    for (const encoding of encodings) expect(toHex(decodeX(encoding))).toBe(toHex(x));
  });

  it('uses all eight cases, and draws u and the case anew for each try', () => {
    const x = opensslPublicX(bytes32(7n));
    const tries: Uint8Array[] = [];
    const seeded = seededBytes('cases');
    const usedCases = new Set<number>();
    for (let i = 0; i < 200; i++) {
      encodeX(x, (byteCount) => {
        tries.push(seeded(byteCount));
        return tries.at(-1)!;
      });
      usedCases.add(tries.at(-1)![32]! % 8);
    }
    expect([...usedCases].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(new Set(tries.map(toHex)).size).toBe(tries.length);
    expect(tries.length / 200).toBeGreaterThan(3);
    expect(tries.length / 200).toBeLessThan(5);
  });

  it('is reproducible from a seed', () => {
    const encode = (): string => toHex(createKeyPair(seededBytes(1)).publicKey);
    expect(encode()).toBe(encode());
  });
});

describe('createKeyPair', () => {
  it('keeps a copy of the draw as private key, and overwrites the draw', () => {
    const draw = Buffer.alloc(32, 5);
    const seeded = seededBytes(3);
    const draws = [draw];
    const { privateKey } = createKeyPair((byteCount) => draws.shift() ?? seeded(byteCount));
    expect(toHex(draw)).toBe('00'.repeat(32));
    expect(toHex(privateKey)).toBe('05'.repeat(32));
  });

  it('draws again for a private key that is 0 or not below the group order', () => {
    const draws = [bytes32(0n), bytes32(GROUP_ORDER), bytes32(2n ** 256n - 1n), bytes32(GROUP_ORDER - 1n)];
    const seeded = seededBytes(2);
    const { privateKey } = createKeyPair((byteCount) => draws.shift() ?? seeded(byteCount));
    expect(toHex(privateKey)).toBe(toHex(bytes32(GROUP_ORDER - 1n)));
  });
});

describe.skipIf(!getCurves().includes('secp256k1'))('curve arithmetic, compared with OpenSSL', () => {
  it.each(privateKeys.map((key) => ({ key, hex: toHex(key) })))('multiplies the generator by $hex', ({ key }) => {
    expect(toHex(decodeX(encodePublicKey(key, randomBytes)))).toBe(toHex(opensslPublicX(key)));
  });

  it('agrees on the shared secret, for random encodings and all private keys', () => {
    for (const privateKey of privateKeys) {
      const theirs = randomBytes(64);
      expect(toHex(ecdhXOnly(theirs, privateKey))).toBe(toHex(opensslSharedX(decodeX(theirs), privateKey)));
    }
  });
});

describe('ecdhXOnly', () => {
  it('gives both sides the same', () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = seededBytes(`ecdh ${seed}`);
      const [alice, bob] = [createKeyPair(random), createKeyPair(random)];
      expect(toHex(ecdhXOnly(alice.publicKey, bob.privateKey))).toBe(toHex(ecdhXOnly(bob.publicKey, alice.privateKey)));
    }
  });

  it.each([0n, GROUP_ORDER, 2n ** 256n - 1n])('refuses the private key %d without showing it', (value) => {
    const error: unknown = (() => {
      try {
        return ecdhXOnly(new Uint8Array(64), bytes32(value));
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ code: 'ERR_SOCKMAN_INVALID_ARG' });
    expect(String(error)).not.toContain(value.toString());
  });
});
