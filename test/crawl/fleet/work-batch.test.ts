// Messages of work: what is written is read, and nothing else is.

import { describe, expect, it } from 'vitest';
import {
  MAX_BATCH_ADDRESSES,
  V2_NOT_OFFERED,
  V2_OFFERED,
  V2_UNKNOWN,
  WorkBatchReader,
  WorkBatchWriter,
} from '../../../ts/crawl/fleet/work-batch.ts';
import { NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const randomBytes = seededBytes(4);
const ADDRESSES = [
  [NETWORK_NUMBERS.ipv4, randomBytes(4), 8_333, V2_OFFERED, '1.1.1.1:8333'],
  [NETWORK_NUMBERS.ipv6, randomBytes(16), 65_535, V2_NOT_OFFERED, 'dns-seed'],
  [NETWORK_NUMBERS.onion, randomBytes(32), 1, V2_UNKNOWN, `${'a'.repeat(56)}.onion:65535`],
  [NETWORK_NUMBERS.i2p, randomBytes(32), 0, V2_OFFERED, '1.1.1.1:8333'],
  [NETWORK_NUMBERS.cjdns, randomBytes(16), 18_444, V2_UNKNOWN, ''],
] as const;

function written(round: number = 7): Uint8Array {
  const writer = new WorkBatchWriter(round);
  for (const [network, address, port, v2, source] of ADDRESSES) writer.add(network, address, port, v2, source);
  return writer.finish();
}

function read(bytes: Uint8Array): unknown[] | undefined {
  const reader = WorkBatchReader.open(bytes);
  if (reader === undefined) return undefined;
  const all: unknown[] = [];
  while (reader.next()) {
    const { network, offset, port, v2, source } = reader;
    const length = ADDRESSES.find(([number]) => number === network)![1].length;
    all.push([network, Uint8Array.from(bytes.subarray(offset, offset + length)), port, v2, source]);
  }
  return all;
}

describe('a message of work', () => {
  it('says of every network what was put into it', () => {
    expect(read(written())).toEqual(ADDRESSES);
    expect(WorkBatchReader.open(written(2 ** 40))!.round).toBe(2 ** 40);
  });

  it('holds as many addresses as it may, with a source each, and is none with one more', () => {
    const writer = new WorkBatchWriter(1);
    for (let index = 0; index < MAX_BATCH_ADDRESSES; index++) {
      expect(writer.isFull).toBe(false);
      writer.add(NETWORK_NUMBERS.onion, new Uint8Array(32).fill(index), index, 0, `source ${index}`);
    }
    expect(writer.isFull).toBe(true);
    const full = writer.finish();
    const reader = WorkBatchReader.open(full)!;
    for (let index = 0; index < MAX_BATCH_ADDRESSES; index++) {
      expect(reader.next()).toBe(true);
      expect([reader.port, reader.source]).toEqual([index, `source ${index}`]);
    }
    expect(reader.next()).toBe(false);
    const last = full.subarray(-37);
    expect(WorkBatchReader.open(Buffer.concat([full, last]))).toBeUndefined();
  });

  it('that is cut off, too long, of another version or of an unknown network is not read at all', () => {
    const bytes = written();
    for (let length = 0; length < bytes.length; length++) {
      const cut = read(bytes.subarray(0, length));
      // Cut between two addresses it is a message of fewer.
      if (cut !== undefined) expect(cut).toEqual(ADDRESSES.slice(0, cut.length));
    }
    expect(read(Buffer.concat([bytes, Uint8Array.of(0)]))).toBeUndefined();
    expect(read(Uint8Array.from(bytes, (byte, at) => (at === 0 ? 2 : byte)))).toBeUndefined();
    expect(read(Buffer.from('{"round":1}'))).toBeUndefined();
    const random = seededBytes(6);
    for (let length = 0; length < 200; length++) {
      const garbage = random(length);
      if (length > 0) garbage[0] = 1;
      expect(() => read(garbage)).not.toThrow();
    }
  });
});
