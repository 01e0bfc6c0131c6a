import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { SipHash } from '../../../ts/util/hashing/siphash.ts';
import { plainSipHash } from '../../harness/data/plain-siphash.ts';
import { fromHex, readVectorCsv } from '../../harness/data/vectors.ts';

const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);

describe('the published vectors', () => {
  const rows = readVectorCsv<'k0' | 'k1' | 'data' | 'hash'>('siphash24.csv').map((row) => ({
    k0: BigInt(`0x${row.k0}`),
    k1: BigInt(`0x${row.k1}`),
    data: fromHex(row.data),
    hash: BigInt(`0x${row.hash}`),
  }));

  test('come out in one write', () => {
    for (const { k0, k1, data, hash } of rows) expect(new SipHash(k0, k1).write(data).finalize()).toBe(hash);
  });

  test('come out byte by byte', () => {
    for (const { k0, k1, data, hash } of rows) {
      const sipHash = new SipHash(k0, k1);
      for (const byte of data) sipHash.write(Uint8Array.of(byte));
      expect(sipHash.finalize()).toBe(hash);
    }
  });

  test('come out as 64-bit words with the rest behind them', () => {
    for (const { k0, k1, data, hash } of rows) {
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
      const sipHash = new SipHash(k0, k1);
      let at = 0;
      for (; at + 8 <= data.length; at += 8) sipHash.writeUint64(view.getBigUint64(at, true));
      expect(sipHash.write(data.subarray(at)).finalize()).toBe(hash);
    }
  });

  test('come out of one object that is reset', () => {
    const { k0, k1 } = rows[0]!;
    const sipHash = new SipHash(k0, k1);
    for (const row of rows.filter((other) => other.k0 === k0 && other.k1 === k1)) {
      expect(sipHash.reset().write(row.data).finalize()).toBe(row.hash);
    }
  });
});

test('hashes a block hash under the key 1, 2', () => {
  const displayed = fromHex('d21633ba23f70118185227be58a63527675641ad37967e2aa461559f577aec43');
  expect(new SipHash(1n, 2n).write(displayed.reverse()).finalize()).toBe(0x79751e980c2a0a35n);
});

test('gives the keyed values of the connection manager for the seeds 1, 2', () => {
  const randomizer = (id: bigint): SipHash => new SipHash(1n, 2n).writeUint64(id);
  expect(randomizer(0xd93e69e2bbfa5735n).writeUint64(0n).finalize()).toBe(0xb1f44b5d63505431n);
  expect(randomizer(0xd93e69e2bbfa5735n).writeUint64(7n).finalize()).toBe(0x0d227f4174c30329n);
  const netGroup = NetAddress.parse('1.2.3.4').netGroup();
  expect(randomizer(0x6c0edd8036ef4036n).write(netGroup).finalize()).toBe(0x65506c326cd9db90n);
});

test('agrees with the plain form, however the data is cut into writes', () => {
  fc.assert(
    fc.property(uint64, uint64, fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }), (k0, k1, pieces) => {
      const sipHash = new SipHash(k0, k1);
      for (const piece of pieces) sipHash.write(piece);
      const data = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
      expect(sipHash.finalize()).toBe(plainSipHash(k0, k1, data));
    }),
  );
});

test('counts the bytes modulo 256 in the last block', () => {
  for (const length of [255, 256, 257, 511, 512]) {
    const data = new Uint8Array(length).fill(length & 0xff);
    expect(new SipHash(3n, 4n).write(data).finalize()).toBe(plainSipHash(3n, 4n, data));
  }
});

test('finishing changes nothing: twice is the same, and writing goes on', () => {
  const data = fromHex('000102030405060708090a0b');
  for (let cut = 0; cut <= data.length; cut++) {
    const sipHash = new SipHash(5n, 6n).write(data.subarray(0, cut));
    expect(sipHash.finalize()).toBe(plainSipHash(5n, 6n, data.subarray(0, cut)));
    expect(sipHash.finalize()).toBe(plainSipHash(5n, 6n, data.subarray(0, cut)));
    expect(sipHash.write(data.subarray(cut)).finalize()).toBe(plainSipHash(5n, 6n, data));
  }
});

test('gives the same hash in two halves, in an array of the caller if it likes', () => {
  const target = new Uint32Array(2);
  const sipHash = new SipHash(0n, 0n).write(fromHex('ff'));
  expect(sipHash.finalizeHalves(target)).toBe(target);
  expect((BigInt(target[1]!) << 32n) | BigInt(target[0]!)).toBe(plainSipHash(0n, 0n, fromHex('ff')));
});

test('refuses a 64-bit word between the bytes of another', () => {
  for (let used = 1; used < 8; used++) {
    const sipHash = new SipHash(1n, 2n).write(new Uint8Array(used));
    expect(() => sipHash.writeUint64(1n)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  }
});

test('a copy goes on from any byte, and leaves the original and its own key alone', () => {
  fc.assert(
    fc.property(
      uint64,
      uint64,
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }),
      (k0, k1, head, tail) => {
        const original = new SipHash(k0, k1).write(head);
        const copy = new SipHash(1n, 2n).write(tail).copyFrom(original).write(tail);
        expect(copy.finalize()).toBe(plainSipHash(k0, k1, Buffer.concat([head, tail])));
        expect(original.finalize()).toBe(plainSipHash(k0, k1, head));
        expect(copy.reset().finalize()).toBe(plainSipHash(1n, 2n, new Uint8Array(0)));
      },
    ),
  );
});
