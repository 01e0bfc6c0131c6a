// Each limit of the protocol, exactly at it and one past it.

import { describe, expect, it } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { MAX_ADDRESSES } from '../../../ts/p2p/messages/addresses.ts';
import { writeBlockHeader } from '../../../ts/p2p/messages/block-header.ts';
import { MAX_BLOOM_FILTER_BYTES, MAX_FILTER_ELEMENT_BYTES } from '../../../ts/p2p/messages/bloom-filters.ts';
import { MAX_TRANSACTION_INDEX } from '../../../ts/p2p/messages/compact-blocks.ts';
import { MAX_HEADERS, MAX_LOCATOR_HASHES } from '../../../ts/p2p/messages/headers.ts';
import { MAX_INVENTORY_ITEMS, MAX_NOTFOUND_ITEMS } from '../../../ts/p2p/messages/inventory.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { Message } from '../../../ts/p2p/messages/registry.ts';
import { ByteWriter } from '../../../ts/util/bytes/bytes.ts';

const decodeError = expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' });
const outOfRange = expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });

const hash = new Uint8Array(32).fill(7);
const { genesisHeader } = CHAIN_PARAMS.main;
const address = { timeSeconds: 1, services: 9n, service: new Service(NetAddress.parse('1.2.3.4'), 8_333) };

/** A list with `count` equal elements, made by hand. */
function list(count: number, writeElement: (writer: ByteWriter) => void): ByteWriter {
  const writer = new ByteWriter().compactSize(count);
  for (let index = 0; index < count; index++) writeElement(writer);
  return writer;
}

const writeAddr = (writer: ByteWriter) =>
  void writer.uint32LE(1).uint64LE(9n).bytes(NetAddress.parse('1.2.3.4').getAddrBytes()).uint16BE(8_333);
const writeAddrV2 = (writer: ByteWriter) =>
  void writer
    .uint32LE(1)
    .compactSize(9)
    .uint8(1)
    .varBytes(Uint8Array.of(1, 2, 3, 4))
    .uint16BE(8_333);
const writeItem = (writer: ByteWriter) => void writer.uint32LE(1).bytes(hash);

/** Each list, how it looks when written by hand, and the message with `count` elements. */
const lists: {
  type: 'addr' | 'addrv2' | 'inv' | 'getdata' | 'notfound' | 'getheaders' | 'getblocks';
  limit: number;
  payload: (count: number) => Uint8Array;
  message: (count: number) => Message;
}[] = [
  ...(['addr', 'addrv2'] as const).map((type) => ({
    type,
    limit: MAX_ADDRESSES,
    payload: (count: number) => list(count, type === 'addr' ? writeAddr : writeAddrV2).finish(),
    message: (count: number) => ({ type, addresses: new Array(count).fill(address) }),
  })),
  ...(['inv', 'getdata', 'notfound'] as const).map((type) => ({
    type,
    limit: type === 'notfound' ? MAX_NOTFOUND_ITEMS : MAX_INVENTORY_ITEMS,
    payload: (count: number) => list(count, writeItem).finish(),
    message: (count: number) => ({ type, items: new Array(count).fill({ type: 1, hash }) }),
  })),
  ...(['getheaders', 'getblocks'] as const).map((type) => ({
    type,
    limit: MAX_LOCATOR_HASHES,
    payload: (count: number) => {
      const locator = list(count, (writer) => void writer.bytes(hash)).finish();
      return new ByteWriter().int32LE(70_016).bytes(locator).bytes(hash).finish();
    },
    message: (count: number) => ({ type, locator: new Array(count).fill(hash), stopHash: hash }),
  })),
];

describe.each(lists)('$type with a limit of $limit', ({ type, limit, payload, message }) => {
  it('decodes and encodes at the limit', () => {
    const decoded = decodeMessage(type, payload(limit));
    expect(decoded).not.toHaveProperty('exceedsLimit');
    expect(Buffer.compare(encodeMessage(decoded).payload, payload(limit))).toBe(0);
    expect(Buffer.compare(encodeMessage(message(limit)).payload, payload(limit))).toBe(0);
  });

  it('says so one past the limit, keeping none of the elements', () => {
    expect(decodeMessage(type, payload(limit + 1))).toMatchObject({ ...message(0), exceedsLimit: true });
  });

  it('does not decode one past the limit when cut short', () => {
    expect(() => decodeMessage(type, payload(limit + 1).subarray(0, -1))).toThrow(decodeError);
  });

  it('refuses to encode one past the limit', () => {
    expect(() => encodeMessage(message(limit + 1))).toThrow(outOfRange);
  });
});

describe('headers', () => {
  const payload = (count: number) =>
    list(count, (writer) => {
      writeBlockHeader(writer, genesisHeader);
      writer.compactSize(0);
    }).finish();

  it('decode at 2,000', () => {
    const message = decodeMessage('headers', payload(MAX_HEADERS));
    expect(message.headers.length).toBe(2_000);
    expect(message.exceedsLimit).toBeUndefined();
    expect(Buffer.compare(encodeMessage(message).payload, payload(MAX_HEADERS))).toBe(0);
  });

  it('exceed the limit at 2,001 by the count alone', () => {
    const expected = { type: 'headers', headers: [], exceedsLimit: true };
    expect(decodeMessage('headers', payload(MAX_HEADERS + 1))).toEqual(expected);
    expect(decodeMessage('headers', new ByteWriter().compactSize(MAX_HEADERS + 1).finish())).toEqual(expected);
    const headers = new Array(MAX_HEADERS + 1).fill(genesisHeader);
    expect(() => encodeMessage({ type: 'headers', headers })).toThrow(outOfRange);
  });

  it('may announce any count of transactions behind a header', () => {
    const writer = list(1, (one) => {
      writeBlockHeader(one, genesisHeader);
      one.compactSize(300);
    });
    expect(decodeMessage('headers', writer.finish()).headers).toEqual([genesisHeader]);
  });
});

describe('bloom filters', () => {
  const filterLoad = (filterBytes: number, hashFunctionCount: number): Message => ({
    type: 'filterload',
    filter: new Uint8Array(filterBytes),
    hashFunctionCount,
    tweak: 0,
    flags: 0,
  });
  const payload = (filterBytes: number, hashFunctionCount: number) =>
    new ByteWriter().varBytes(new Uint8Array(filterBytes)).uint32LE(hashFunctionCount).uint32LE(0).uint8(0).finish();

  it('may have 36,000 bytes and 50 functions', () => {
    expect(encodeMessage(filterLoad(MAX_BLOOM_FILTER_BYTES, 50)).payload).toEqual(payload(36_000, 50));
    expect(decodeMessage('filterload', payload(36_000, 50)).exceedsLimit).toBeUndefined();
  });

  it.each([
    [36_001, 50],
    [36_000, 51],
    [0, 0xffff_ffff],
  ])('exceed the limit with %i bytes and %i functions', (filterBytes, hashFunctionCount) => {
    expect(decodeMessage('filterload', payload(filterBytes, hashFunctionCount)).exceedsLimit).toBe(true);
    expect(() => encodeMessage(filterLoad(filterBytes, hashFunctionCount))).toThrow(outOfRange);
  });

  it('take elements of 520 bytes, and say so at 521', () => {
    const element = (byteCount: number) => new ByteWriter().varBytes(new Uint8Array(byteCount)).finish();
    expect(decodeMessage('filteradd', element(MAX_FILTER_ELEMENT_BYTES)).exceedsLimit).toBeUndefined();
    expect(decodeMessage('filteradd', element(MAX_FILTER_ELEMENT_BYTES + 1)).exceedsLimit).toBe(true);
    expect(() => encodeMessage({ type: 'filteradd', element: new Uint8Array(521) })).toThrow(outOfRange);
  });
});

describe('compact blocks', () => {
  const compactBlock = (shortIdCount: number, prefilledCount: number): Uint8Array => {
    const writer = new ByteWriter();
    writeBlockHeader(writer, genesisHeader);
    writer
      .uint64LE(1n)
      .compactSize(shortIdCount)
      .bytes(new Uint8Array(6 * shortIdCount));
    return writer.compactSize(prefilledCount).finish();
  };

  it('may have 65,535 transactions in all', () => {
    const message = decodeMessage('cmpctblock', compactBlock(65_000, 535));
    expect([message.shortIds.length, message.prefilledCount]).toEqual([390_000, 535]);
  });

  it.each([
    [65_000, 536],
    [65_536, 0],
    [0, 65_536],
  ])('do not decode with %i short ids and %i whole transactions', (shortIdCount, prefilledCount) => {
    expect(() => decodeMessage('cmpctblock', compactBlock(shortIdCount, prefilledCount))).toThrow(decodeError);
  });

  const request = (...gaps: number[]): Uint8Array => {
    const writer = new ByteWriter().bytes(hash).compactSize(gaps.length);
    for (const gap of gaps) writer.compactSize(gap);
    return writer.finish();
  };

  it('are asked for by indexes up to 65,535', () => {
    expect(decodeMessage('getblocktxn', request(0, 0, 65_533)).indexes).toEqual([0, 1, MAX_TRANSACTION_INDEX]);
    expect(() => decodeMessage('getblocktxn', request(65_536))).toThrow(decodeError);
    expect(() => decodeMessage('getblocktxn', request(0, 65_535))).toThrow(decodeError);
    expect(() => decodeMessage('getblocktxn', request(65_535, 0))).toThrow(decodeError);
  });

  it.each([[[65_536]], [[1, 1]], [[2, 1]], [[-1]], [[0.5]]])('cannot be asked for by the indexes %j', (indexes) => {
    expect(() => encodeMessage({ type: 'getblocktxn', blockHash: hash, indexes })).toThrow(outOfRange);
  });
});

describe('feature', () => {
  const payload = (idBytes: number, dataBytes: number): Uint8Array =>
    new ByteWriter().varBytes(new Uint8Array(idBytes).fill(0x61)).varBytes(new Uint8Array(dataBytes)).finish();
  const message = (idBytes: number, dataBytes: number): Message => ({
    type: 'feature',
    featureId: 'a'.repeat(idBytes),
    featureData: new Uint8Array(dataBytes),
  });

  it.each([
    [4, 0],
    [80, 512],
  ])('may have an id of %i bytes and %i bytes of data', (idBytes, dataBytes) => {
    expect(decodeMessage('feature', payload(idBytes, dataBytes))).toEqual(message(idBytes, dataBytes));
    expect(encodeMessage(message(idBytes, dataBytes)).payload).toEqual(payload(idBytes, dataBytes));
  });

  it.each([
    [3, 0],
    [81, 0],
    [4, 513],
  ])('does not decode or encode with an id of %i bytes and %i bytes of data', (idBytes, dataBytes) => {
    expect(() => decodeMessage('feature', payload(idBytes, dataBytes))).toThrow(decodeError);
    expect(() => encodeMessage(message(idBytes, dataBytes))).toThrow(outOfRange);
  });
});

describe('hashes', () => {
  it.each([new Uint8Array(31), new Uint8Array(33), 'ab', undefined])(
    'are refused for sending when they are %s',
    (wrong) => {
      const items = [{ type: 1, hash: wrong as Uint8Array }];
      expect(() => encodeMessage({ type: 'inv', items })).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    },
  );
});
