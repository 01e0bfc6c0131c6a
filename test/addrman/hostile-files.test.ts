// Files made by somebody who wants us to hang or to run out of memory. Checksums are right: only then is all read.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AddrMan } from '../../ts/addrman/addr-man.ts';
import { parsePeers } from '../../ts/addrman/file/peers-reader.ts';
import type { PeersOutcome } from '../../ts/addrman/file/peers-reader.ts';
import { serializePeers } from '../../ts/addrman/file/peers-writer.ts';
import { ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { REGTEST_MAGIC, START, address, contradictionIn, peer, testAddrMan } from './support.ts';

const HEADER_BYTES = 50;
const NEW_BUCKETS = 1024;

/** What one file may cost. A sound full one takes some 300 ms on a quiet machine, and the store some 14 MB. */
const MAX_MS = 15_000;
const MAX_EXTRA_BYTES = 64 * 1024 * 1024;

function header(newCount: number, triedCount: number, bucketCount = NEW_BUCKETS): ByteWriter {
  const writer = new ByteWriter(1024).bytes(REGTEST_MAGIC).uint8(4).uint8(36).bytes(new Uint8Array(32).fill(1));
  return writer
    .int32LE(newCount)
    .int32LE(triedCount)
    .int32LE(bucketCount ^ (2 ** 30));
}

function sealed(writer: ByteWriter): Uint8Array {
  const body = writer.bytes(new Uint8Array(32)).finish();
  const first = createHash('sha256').update(body).digest();
  return Buffer.concat([body, createHash('sha256').update(first).digest()]);
}

/** The address of `fileOfOne`. */
const ONLY = '1.2.3.4';

/** A sound file with one entry, but for these fields. */
function fileOfOne(attempts: number, lastSuccess: bigint): Uint8Array {
  const { addrMan } = testAddrMan();
  addrMan.add([peer(ONLY)], address('5.6.7.8'));
  const file = serializePeers(addrMan, REGTEST_MAGIC);
  const body = file.slice(0, file.length - 64);
  const entryEnd = body.length - NEW_BUCKETS * 4 - 4;
  new DataView(body.buffer).setInt32(entryEnd - 4, attempts, true);
  new DataView(body.buffer).setBigInt64(entryEnd - 12, lastSuccess, true);
  return sealed(new ByteWriter().bytes(body));
}

/** Reads a file, and fails if that takes too long or too much memory beyond the file. */
function parse(bytes: Uint8Array): PeersOutcome {
  const began = performance.now();
  const before = process.memoryUsage();
  const outcome = parsePeers(bytes, REGTEST_MAGIC);
  const after = process.memoryUsage();
  expect(performance.now() - began).toBeLessThan(MAX_MS);
  expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(MAX_EXTRA_BYTES);
  return outcome;
}

/** The bytes of one entry, cut out of a file that has just this one. */
function entryBytes(text: string): Uint8Array {
  const { addrMan } = testAddrMan();
  addrMan.add([peer(text)], address('5.6.7.8'));
  const file = serializePeers(addrMan, REGTEST_MAGIC);
  return file.subarray(HEADER_BYTES, file.length - 64 - NEW_BUCKETS * 4 - 4);
}

describe('a hostile peers.dat', () => {
  it('that announces 65,536 entries and has none is refused at its end', () => {
    expect(parse(sealed(header(65_536, 16_384))).kind).toBe('corrupt');
  });

  it('that announces one entry too many for a table is refused', () => {
    expect(parse(sealed(header(65_537, 0)))).toMatchObject({
      kind: 'corrupt',
      reason: expect.stringContaining('65537'),
    });
    expect(parse(sealed(header(0, 16_385)))).toMatchObject({
      kind: 'corrupt',
      reason: expect.stringContaining('16385'),
    });
  });

  it('whose buckets announce 2^31 - 1 entries is refused at its end', () => {
    const writer = header(0, 0);
    for (let bucket = 0; bucket < NEW_BUCKETS; bucket++) writer.int32LE(0x7fff_ffff);
    expect(parse(sealed(writer)).kind).toBe('corrupt');
    expect(parse(sealed(header(0, 0, 0x7fff_ffff))).kind).toBe('corrupt');
  });

  it('of 86 MB with the longest addresses of an unknown network is read, and all of it dropped', () => {
    const [newCount, triedCount] = [65_536, 16_384];
    const writer = header(newCount, triedCount);
    const unknown = new ByteWriter().uint8(9).varBytes(new Uint8Array(512)).finish();
    const entry = new ByteWriter().uint32LE(0x2003_5b60).uint32LE(START).compactSize(9).bytes(unknown).uint16BE(8333);
    const bytes = entry.bytes(unknown).int64LE(1n).int32LE(0).finish();
    for (let index = 0; index < newCount + triedCount; index++) writer.bytes(bytes);
    for (let bucket = 0; bucket < NEW_BUCKETS; bucket++) writer.int32LE(0);
    const file = sealed(writer);
    expect(file.length).toBeGreaterThan(86e6);
    const outcome = parse(file);
    expect(outcome.kind === 'loaded' && outcome.addrMan.size()).toBe(0);
  }, 60_000);

  it('that refers to two entries ten million times is read, each in eight slots at most', () => {
    const writer = header(2, 0).bytes(entryBytes('1.2.3.4')).bytes(entryBytes('1.2.3.5'));
    for (let bucket = 0; bucket < NEW_BUCKETS; bucket++) {
      writer.int32LE(10_000);
      for (let index = 0; index < 10_000; index++) writer.int32LE(index & 1);
    }
    const outcome = parse(sealed(writer));
    if (outcome.kind !== 'loaded') throw new Error(outcome.kind);
    expect(outcome.addrMan.getEntries(false).length).toBe(16);
    expect(contradictionIn(outcome.addrMan)).toBe(0);
  }, 60_000);

  it('with millions of buckets that are not ours takes one look at each reference', () => {
    const bucketCount = 2_000_000;
    const writer = header(1, 0, bucketCount).bytes(entryBytes('1.2.3.4'));
    for (let bucket = 0; bucket < bucketCount; bucket++) writer.int32LE(1).int32LE(0);
    const outcome = parse(sealed(writer));
    expect(outcome.kind === 'loaded' && outcome.addrMan.getEntries(false).length).toBe(1);
  }, 60_000);

  it('with negative attempts or absurd times is read as far as it makes sense', () => {
    const outcome = parse(fileOfOne(-7, 2n ** 63n - 1n));
    if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
    const [{ entry }] = outcome.addrMan.getEntries(false) as [ReturnType<AddrMan['getEntries']>[number]];
    expect(entry).toMatchObject({ attempts: 0, lastSuccessSeconds: Number.MAX_SAFE_INTEGER });
    // What was made sense of can be written again.
    expect(parsePeers(serializePeers(outcome.addrMan, REGTEST_MAGIC), REGTEST_MAGIC).kind).toBe('loaded');
  });

  it('with as many attempts as fit in their 32 bits still has something to draw after one more', () => {
    const seeded = seededUint32(1);
    let drawn = 0;
    const random = (): number => {
      if (++drawn > 10_000) throw new Error('no end of it');
      return seeded();
    };
    const outcome = parsePeers(fileOfOne(2 ** 31 - 1, 0n), REGTEST_MAGIC, { random });
    if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
    const { addrMan } = outcome;
    const { service } = peer(ONLY);
    addrMan.attempt(service, true);
    expect(addrMan.getEntry(service)!.attempts).toBe(2 ** 31 - 1);
    expect(addrMan.select()!.address.service).toEqual(service);
  });
});
