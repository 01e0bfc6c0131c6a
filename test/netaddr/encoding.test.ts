import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  readAddressV1,
  readAddressV2,
  readServiceV1,
  readServiceV2,
  writeAddressV1,
  writeAddressV2,
  writeServiceV1,
  writeServiceV2,
} from '../../ts/netaddr/encoding.ts';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { ByteReader, ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { DecodeError } from '../../ts/util/errors/errors.ts';
import { fromHex, readVectorCsv, readVectorJson, toHex } from '../harness/data/vectors.ts';
import { anyAddress } from './arbitraries.ts';
import { encoded } from './encoded.ts';
import { vectorAddress } from './vector-address.ts';

describe('the vectors', () => {
  test.each(readVectorCsv<'address' | 'network' | 'addrv1' | 'addrv2'>('netaddr_encode.csv'))(
    'writes and reads $address',
    (row) => {
      const parsed = vectorAddress(row.address);
      const address = row.network === 'cjdns' ? parsed.toCJDNSIfInRange() : parsed;
      expect(address.network).toBe(row.network);
      expect(toHex(encoded(writeAddressV1, address))).toBe(row.addrv1);
      expect(toHex(encoded(writeAddressV2, address))).toBe(row.addrv2);
      expect(readAddressV2(new ByteReader(fromHex(row.addrv2))).equals(address)).toBe(true);
      const legacy = readAddressV1(new ByteReader(fromHex(row.addrv1)));
      expect(legacy.equals(address.isV1Compatible() ? address : NetAddress.UNSPECIFIED)).toBe(true);
    },
  );

  test.each(readVectorCsv<'input' | 'outcome' | 'network' | 'valid' | 'text' | 'note'>('addrv2_decode.csv'))(
    'reads $input: $outcome, $note',
    (row) => {
      const reader = new ByteReader(fromHex(row.input));
      if (row.outcome === 'error') {
        expect(() => readAddressV2(reader)).toThrow(DecodeError);
        return;
      }
      const address = readAddressV2(reader);
      expect(reader.remaining).toBe(0);
      expect(address.isValid()).toBe(row.valid === '1');
      if (row.network === '') expect(address.equals(NetAddress.UNSPECIFIED)).toBe(true);
      else expect(address.network).toBe(row.network);
      if (row.text !== '') expect(String(address)).toBe(row.text);
    },
  );

  test('reads and writes the entries of addr and addrv2', () => {
    type Entry = { time: number; services: string; address: string; port: number };
    const vectors = readVectorJson<{ entries: Entry[]; addr: string; addrv2: string }>('addr_messages.json');
    const v1 = new ByteReader(fromHex(vectors.addr));
    const v2 = new ByteReader(fromHex(vectors.addrv2));
    expect([v1.compactSize(), v2.compactSize()]).toEqual([3, 3]);
    const writtenV1 = new ByteWriter().compactSize(3);
    const writtenV2 = new ByteWriter().compactSize(3);
    for (const { time, services, address, port } of vectors.entries) {
      expect([v1.uint32LE(), v1.uint64LE()]).toEqual([time, BigInt(services)]);
      expect(String(readServiceV1(v1))).toBe(`[${address}]:${port}`);
      expect([v2.uint32LE(), v2.compactNumber()]).toEqual([time, BigInt(services)]);
      expect(String(readServiceV2(v2))).toBe(`[${address}]:${port}`);
      writeServiceV1(writtenV1.uint32LE(time).uint64LE(BigInt(services)), Service.parse(`[${address}]:${port}`));
      writeServiceV2(writtenV2.uint32LE(time).compactSize(BigInt(services)), Service.parse(`[${address}]:${port}`));
    }
    expect(toHex(writtenV1.finish())).toBe(vectors.addr);
    expect(toHex(writtenV2.finish())).toBe(vectors.addrv2);
  });

  type SeedList = { network: string; data: string; entries: { networkId: number; address: string; port: number }[] };
  test.each(readVectorJson<SeedList[]>('fixed_seeds_sample.json'))('reads the fixed seeds of $network', (list) => {
    const reader = new ByteReader(fromHex(list.data));
    const writer = new ByteWriter();
    for (const { networkId, address, port } of list.entries) {
      expect(fromHex(list.data)[reader.offset]).toBe(networkId);
      const service = readServiceV2(reader);
      expect([String(service.address), service.port]).toEqual([address, port]);
      writeServiceV2(writer, service);
    }
    expect(reader.remaining).toBe(0);
    expect(toHex(writer.finish())).toBe(list.data);
  });
});

test('every address comes back from BIP 155, and from the legacy form if that can hold it', () => {
  fc.assert(
    fc.property(anyAddress(), fc.nat(65535), (address, port) => {
      const service = new Service(address, port);
      // An IPv6 address that stands for another network's does not come back as IPv6.
      const canonical = address.isIPv6() ? NetAddress.fromIPv6Bytes(address.bytes) : address;
      const v2 = readServiceV2(new ByteReader(encoded(writeServiceV2, new Service(canonical, port))));
      expect(v2.equals(new Service(canonical, port))).toBe(true);
      const v1 = readServiceV1(new ByteReader(encoded(writeServiceV1, service)));
      expect(v1.address.equals(address.isV1Compatible() ? canonical : NetAddress.UNSPECIFIED)).toBe(true);
      expect(v1.port).toBe(port);
    }),
  );
});

test('what was read does not change with the buffer it was read from', () => {
  for (const hex of ['010401020304', '0210200102030405060708090a0b0c0d0e0f', `0420${'ab'.repeat(32)}`]) {
    const input = fromHex(hex);
    const address = readAddressV2(new ByteReader(input));
    const text = String(address);
    input.fill(0xff);
    expect(String(address)).toBe(text);
  }
  const legacy = fromHex('200102030405060708090a0b0c0d0e0f');
  const address = readAddressV1(new ByteReader(legacy));
  legacy.fill(0xff);
  expect(String(address)).toBe('2001:203:405:607:809:a0b:c0d:e0f');
});

describe('hostile input', () => {
  test('a service cut at any byte is an error', () => {
    for (const text of [
      '1.2.3.4:1',
      '[2001::1]:2',
      'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:3',
    ]) {
      const v2 = encoded(writeServiceV2, Service.parse(text));
      for (let cut = 0; cut < v2.length; cut++) {
        expect(() => readServiceV2(new ByteReader(v2.subarray(0, cut)))).toThrow(DecodeError);
      }
    }
    const v1 = encoded(writeServiceV1, Service.parse('1.2.3.4:1'));
    for (let cut = 0; cut < v1.length; cut++) {
      expect(() => readServiceV1(new ByteReader(v1.subarray(0, cut)))).toThrow(DecodeError);
    }
  });

  test('an unknown network may have 512 bytes, not 513, and reading goes on behind it', () => {
    const write = (id: number, byteCount: number): Uint8Array => {
      const writer = new ByteWriter().uint8(id).varBytes(new Uint8Array(byteCount));
      writeAddressV2(writer, NetAddress.parse('9.9.9.9'));
      return writer.finish();
    };
    for (const id of [0, 3, 7, 8, 255]) {
      const reader = new ByteReader(write(id, 512));
      expect(readAddressV2(reader).isValid()).toBe(false);
      expect(String(readAddressV2(reader))).toBe('9.9.9.9');
    }
    for (const id of [0, 1, 2, 3, 4, 5, 6, 7, 8, 255]) {
      expect(() => readAddressV2(new ByteReader(write(id, 513)))).toThrow(DecodeError);
    }
  });

  test('a known network with any other length than its own is an error', () => {
    const lengths: Record<number, number> = { 1: 4, 2: 16, 4: 32, 5: 32, 6: 16 };
    for (const [id, length] of Object.entries(lengths)) {
      for (const byteCount of [0, 1, length - 1, length + 1, 64, 512]) {
        const input = new ByteWriter().uint8(Number(id)).varBytes(new Uint8Array(byteCount)).finish();
        expect(() => readAddressV2(new ByteReader(input))).toThrow(expect.objectContaining({ offset: 1 }));
      }
    }
  });

  test('a length in a longer form than needed is an error', () => {
    expect(() => readAddressV2(new ByteReader(fromHex('01fd040001020304')))).toThrow(DecodeError);
    expect(() => readAddressV2(new ByteReader(fromHex('01fe0400000001020304')))).toThrow(DecodeError);
  });

  test('garbage gives an address or a DecodeError', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.uint8Array({ maxLength: 64 }), (id, rest) => {
        try {
          expect(readServiceV2(new ByteReader(Uint8Array.of(id, ...rest)))).toBeInstanceOf(Service);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
