import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Checksum, checksum32, doubleSha256, hashFromHex, hashToHex, sha256 } from '../../ts/p2p/hash.ts';
import { fromHex, toHex } from '../harness/data/vectors.ts';

function referenceSha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

describe('hashes', () => {
  it('agree with hash objects of node:crypto for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const twice = referenceSha256(referenceSha256(bytes));
        expect(toHex(sha256(bytes))).toBe(toHex(referenceSha256(bytes)));
        expect(toHex(doubleSha256(bytes))).toBe(toHex(twice));
        expect(checksum32(bytes)).toBe(new DataView(twice.buffer, twice.byteOffset).getInt32(0, true));
      }),
    );
  });

  it('have the checksum of no bytes that every V1 verack carries', () => {
    expect(toHex(doubleSha256(new Uint8Array(0)).subarray(0, 4))).toBe('5df6e0e2');
  });

  it('sum up pieces as they sum up the whole', () => {
    const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256);
    const checksum = new Checksum();
    for (let at = 0; at < bytes.length; at += 37) checksum.update(bytes.subarray(at, at + 37));
    expect(checksum.finish()).toBe(checksum32(bytes));
  });
});

describe('hashToHex and hashFromHex', () => {
  const hash = fromHex('6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000');
  const text = '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f';

  it('show a hash reversed and read it back', () => {
    expect(hashToHex(hash)).toBe(text);
    expect(hashFromHex(text)).toEqual(hash);
    expect(hashFromHex(text.toUpperCase())).toEqual(hash);
    expect(toHex(hash).startsWith('6fe28c0a')).toBe(true);
  });

  it.each(['', text.slice(1), `${text}0`, `${text.slice(1)}g`, ` ${text}`, `${text}\n`])('refuse %j', (wrong) => {
    expect(() => hashFromHex(wrong)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});
