import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { LANES, checksums32 } from '../../ts/p2p/hash-lanes.ts';
import { checksum32 } from '../../ts/p2p/hash.ts';

function sumsOf(messages: readonly Uint8Array[], hash = checksums32): number[] {
  const sums = new Int32Array(LANES);
  hash(messages, sums);
  return [...sums.subarray(0, messages.length)];
}

/** Bytes that differ in each lane and at each place. */
function patterned(length: number, lane: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => at * 7 + lane * 91 + length);
}

describe('checksums of several messages', () => {
  it('are those of each alone, at every length up to four blocks and for every number of them', () => {
    for (let length = 0; length <= 256; length++) {
      for (let count = 1; count <= LANES; count++) {
        const messages = Array.from({ length: count }, (_, lane) => patterned(length, lane));
        expect(sumsOf(messages), `${count} of ${length} bytes`).toEqual(messages.map(checksum32));
      }
    }
  });

  it('are those of each alone for any bytes, whether or not they take as many blocks as each other', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 140 }), { minLength: 1, maxLength: LANES });
    fc.assert(
      fc.property(messages, (some) => {
        expect(sumsOf(some)).toEqual(some.map(checksum32));
      }),
    );
  });

  it('leave the places of messages that are not there alone', () => {
    const sums = Int32Array.of(1, 2, 3, 4);
    checksums32([patterned(40, 0), patterned(40, 1)], sums);
    expect([...sums.subarray(2)]).toEqual([3, 4]);
  });
});

describe('without WebAssembly', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('they are the same', async () => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', undefined);
    const { checksums32: hash } = await import('../../ts/p2p/hash-lanes.ts');
    expect(hash).not.toBe(checksums32);
    const messages = [0, 1, 2, 3].map((lane) => patterned(56, lane));
    expect(sumsOf(messages, hash)).toEqual(messages.map(checksum32));
  });
});
