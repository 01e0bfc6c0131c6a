import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { parsePeers } from '../../../ts/addrman/file/peers-reader.ts';
import type { PeersOutcome } from '../../../ts/addrman/file/peers-reader.ts';
import { serializePeers } from '../../../ts/addrman/file/peers-writer.ts';
import { PEERS_FILE_VECTORS, peersFileBytes, peersFileVector } from '../../harness/data/peers-vectors.ts';
import type { PeersFileEntry, PeersFileVector } from '../../harness/data/peers-vectors.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';
import { toHex } from '../../harness/data/vectors.ts';
import { ManualClock, REGTEST_MAGIC, contradictionIn, groups, sampleMap } from '../support.ts';

function bytesOf(file: PeersFileVector): Uint8Array {
  const bytes = peersFileBytes(file);
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
  return bytes;
}

function fileNamed(name: string): Uint8Array {
  return bytesOf(peersFileVector(name));
}

function parse(bytes: Uint8Array, hasMap = false): PeersOutcome {
  const random = seededUint32(1);
  return parsePeers(bytes, REGTEST_MAGIC, { groups: groups(hasMap), clock: new ManualClock(), random });
}

function load(bytes: Uint8Array, hasMap = false): AddrMan {
  const outcome = parse(bytes, hasMap);
  if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
  return outcome.addrMan;
}

/** All that a file keeps of every slot, as the vectors list it. */
function listing(addrMan: AddrMan): PeersFileEntry[] {
  return [false, true].flatMap((isTried) =>
    addrMan.getEntries(isTried).map(({ entry, position }) => ({
      table: isTried ? ('tried' as const) : ('new' as const),
      bucket: position.bucket,
      position: position.position,
      address: String(entry.service.address),
      net: entry.service.address.network,
      port: entry.service.port,
      time: entry.timeSeconds,
      services: String(entry.services),
      source: String(entry.source),
      sourceNet: entry.source.network,
      lastSuccess: entry.lastSuccessSeconds,
      attempts: entry.attempts,
      multiplicity: position.multiplicity,
    })),
  );
}

describe('a peers.dat', () => {
  it.each(PEERS_FILE_VECTORS.map((file) => [file.name, file.note, file] as const))('%s: %s', (name, _, file) => {
    const outcome = parse(bytesOf(file), file.asmap);
    expect(outcome.kind).toBe(file.outcome === 'ok' ? 'loaded' : file.outcome);
    if (outcome.kind !== 'loaded') return;
    const { addrMan } = outcome;
    expect(contradictionIn(addrMan)).toBe(0);
    // The one place where we do better than Bitcoin Core 31: a file from release 30 with the same map keeps its buckets.
    const isKept = name === 'v4-asmap-v30-hash';
    const entries = isKept ? [{ ...file.entries[0]!, bucket: 368, position: 54 }] : file.entries;
    expect(listing(addrMan)).toEqual(entries);
    expect(addrMan.size(undefined, true)).toBe(file.newCount);
    expect(addrMan.size(undefined, false)).toBe(file.triedCount);
    for (const [network, counts] of Object.entries(file.networkCounts)) {
      expect(addrMan.size(network as 'ipv4', true)).toBe(counts.new);
      expect(addrMan.size(network as 'ipv4', false)).toBe(counts.tried);
    }
  });

  it('is written as it was read, byte for byte', () => {
    for (const name of ['v4-empty', 'v4-mixed', 'v4-restore-bucket', 'v4-port-zero', 'v4-private-ipv4']) {
      const bytes = fileNamed(name);
      expect(toHex(serializePeers(load(bytes), REGTEST_MAGIC)), name).toBe(toHex(bytes));
    }
  });

  it('of an older format is written in the current one, with nothing lost', () => {
    for (const { name, asmap, outcome } of PEERS_FILE_VECTORS) {
      if (outcome !== 'ok') continue;
      const addrMan = load(fileNamed(name), asmap);
      const written = serializePeers(addrMan, REGTEST_MAGIC);
      expect([...written.subarray(4, 6)]).toEqual([4, 36]);
      expect(listing(load(written, asmap)), name).toEqual(listing(addrMan));
    }
  });

  it('carries the version of the map it was written with', () => {
    const bytes = serializePeers(load(fileNamed('v4-asmap-v30-hash'), true), REGTEST_MAGIC);
    expect(toHex(bytes.subarray(-64, -32))).toBe(toHex(sampleMap().version));
  });

  it('written with another map, with one more or with one less is put into new buckets', () => {
    const withMap = load(fileNamed('v4-asmap-v31-match'), true);
    const withoutMap = load(fileNamed('v4-asmap-v31-match'), false);
    expect(listing(withMap)[0]!.bucket).not.toBe(listing(withoutMap)[0]!.bucket);
    const [entry] = withoutMap.getEntries(false);
    expect(withoutMap.findAddressEntry(entry!.entry.service)).toEqual(entry!.position);
  });
});

describe('a damaged peers.dat', () => {
  const mixed = fileNamed('v4-mixed');

  // Of the bucket lists, which are nearly all zeros, one bit of each byte unless all are asked for (a minute).
  const bucketLists = { start: mixed.length - 64 - 1024 * 4 - 12 * 4, end: mixed.length - 64 };

  it('is refused with any one bit flipped', () => {
    for (let bit = 0; bit < mixed.length * 8; bit++) {
      const byte = bit >>> 3;
      const isInLists = byte >= bucketLists.start && byte < bucketLists.end;
      if (isInLists && byte % 8 !== bit % 8 && process.env['SOCKMAN_EXHAUSTIVE'] === undefined) continue;
      const flipped = Uint8Array.from(mixed);
      flipped[byte]! ^= 1 << (bit & 7);
      const { kind } = parse(flipped);
      // The lowest compatible format is looked at before anything else, and may come to lie above ours.
      const mayBeNewer = byte === 5;
      if (!mayBeNewer || kind !== 'newerFormat') expect(kind, `bit ${bit}`).toBe('corrupt');
    }
  }, 120_000);

  it('is refused cut short after any byte', () => {
    for (let end = 0; end < mixed.length; end++) expect(parse(mixed.subarray(0, end)).kind, `${end}`).toBe('corrupt');
  });

  it('of random bytes behind a sound header is refused, and never throws', () => {
    const random = seededUint32(9);
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from(mixed);
      const start = 38 + (random() % (bytes.length - 38));
      for (let at = start; at < Math.min(bytes.length, start + 40); at++) bytes[at] = random();
      expect(parse(bytes).kind).toBe('corrupt');
    }
  });
});
