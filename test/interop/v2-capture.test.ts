// What somebody sees who listens in on V2: two of our nodes in processes of their own, and a wire between them that keeps
// every byte. No plaintext, no fixed pattern, no fixed length.
//
// Random bytes may look like anything. Each bound below is one that they break with a chance of less than 10^-10 for a
// whole run; a single byte that stays the same, or follows a rule, breaks one of them every time.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { MESSAGE_TYPES } from '../../ts/p2p/messages/message-types.ts';
import { noBuild } from '../harness/child.ts';
import { Program } from '../harness/labs/programs.ts';
import { RecordingRelay } from '../harness/peers/recording-relay.ts';
import { until } from '../harness/until.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');
const START_DEADLINE_MS = 30_000;

/** Chance that random bytes break one of the bounds. */
const ALPHA = 1e-10;

const CLIENTS = 4;
const CONNECTIONS_EACH = 12;
/** Bytes of each direction that are compared position by position: fewer than the least that is ever sent. */
const COMPARED_BYTES = 256;

const KEY_BYTES = 64;
const MAX_GARBAGE_BYTES = 4_095;

/**
 * The upper end of the chi-square distribution with 255 degrees of freedom that is passed with a chance of 10^-10.
 * (Wilson and Hilferty's approximation: k (1 - 2/9k + z sqrt(2/9k))^3 with z = 6.36; 429 there, a little more here)
 */
const MAX_CHI_SQUARE = 435;

/** Texts of the protocol in clear. Types of messages as both transports write them out, padded to twelve bytes. */
const PLAINTEXTS: readonly [name: string, bytes: Buffer][] = [
  ['magic of the network', Buffer.from(CHAIN_PARAMS.regtest.magic)],
  ['user agent', Buffer.from('/sockman:')],
  ...MESSAGE_TYPES.map((type) => [type, Buffer.from(type.padEnd(12, '\0'), 'latin1')] as [string, Buffer]),
  ...MESSAGE_TYPES.map((type) => [`${type}, unpadded`, Buffer.from(type, 'latin1')] as [string, Buffer]),
];

const programs: Program[] = [];
const relays: RecordingRelay[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(programs.splice(0).map((program) => program.stop()));
  for (const relay of relays.splice(0)) relay.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A node that listens, and dials nobody: its address book is empty. */
async function startServer(v2: boolean): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sockman-capture-'));
  folders.push(folder);
  const program = startNode(['--listen', '127.0.0.1:0', '--datadir', folder, '--v2transport', v2 ? '1' : '0']);
  await program.says(/listening at 127\.0\.0\.1:\d+/, START_DEADLINE_MS);
  return Number(/listening at 127\.0\.0\.1:(\d+)/.exec(program.output)![1]);
}

function startNode(args: string[]): Program {
  const program = new Program(process.execPath, [MAIN, 'node', ...args]);
  programs.push(program);
  return program;
}

/** Connections of one dialing process, once each of them has been used. */
async function record(port: number, count: number, v2: boolean): Promise<RecordingRelay[]> {
  const through: RecordingRelay[] = [];
  for (let index = 0; index < count; index++) through.push(await RecordingRelay.start(port));
  relays.push(...through);
  const client = startNode([
    ...through.flatMap(({ address }) => ['--connect', address]),
    ...['--v2transport', v2 ? '1' : '0'],
  ]);
  // Each peer has a line with its round-trip time once its ping was answered.
  for (const { address } of through) {
    await client.says(new RegExp(`${address} +manual +${v2 ? 'v2' : 'v1'} .* ms `), START_DEADLINE_MS);
  }
  await until('enough bytes in both directions', () =>
    through.every(({ toServer, toClient }) => Math.min(toServer.byteCount, toClient.byteCount) >= COMPARED_BYTES),
  );
  return through;
}

function occurrences(haystack: Buffer, needle: Buffer): number {
  let count = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) count++;
  return count;
}

/** Most occurrences of some bytes that chance explains: the least count whose excess has less than `alpha` (Poisson). */
function mostByChance(places: number, needleBytes: number, alpha: number): number {
  const mean = places / 256 ** needleBytes;
  let tail = mean;
  let count = 0;
  // mean^n / n! bounds the chance of n or more.
  while (tail > alpha) {
    count++;
    tail *= mean / (count + 1);
  }
  return count;
}

/** How often the most frequent of the values occurs. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values());
}

/** Least number of equal bytes among `count` random ones that chance reaches at any of `positions` with less than alpha. */
function tooManyEqual(count: number, positions: number, alpha: number): number {
  // Ways to choose `equal` of them, times the chance that all these are the same.
  let chance = 256 * positions;
  for (let equal = 1; equal <= count; equal++) {
    chance *= (count - equal + 1) / equal / 256;
    if (chance < alpha) return equal;
  }
  throw new Error('too few connections for any bound');
}

function chiSquare(bytes: Buffer): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]!++;
  const expected = bytes.length / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe.skipIf(noBuild !== undefined)(`the wire ${noBuild === undefined ? '' : `(skipped: ${noBuild})`}`, () => {
  it('shows everything with V1: the recorder sees what there is', { timeout: 60_000 }, async () => {
    const [relay] = await record(await startServer(false), 1, false);
    for (const { bytes } of [relay!.toServer, relay!.toClient]) {
      expect(bytes.subarray(0, 4)).toEqual(Buffer.from(CHAIN_PARAMS.regtest.magic));
      expect(chiSquare(bytes)).toBeGreaterThan(MAX_CHI_SQUARE);
      for (const text of ['version\0', 'verack\0', 'ping\0', '/sockman:']) expect(bytes.includes(text)).toBe(true);
    }
  });

  it('shows random bytes of random length with V2, and nothing else', { timeout: 120_000 }, async () => {
    const port = await startServer(true);
    const recorded: RecordingRelay[] = [];
    for (let client = 0; client < CLIENTS; client++) recorded.push(...(await record(port, CONNECTIONS_EACH, true)));
    const directions = [recorded.map(({ toServer }) => toServer), recorded.map(({ toClient }) => toClient)];

    // No plaintext.
    const everything = directions.flat().map(({ bytes }) => bytes);
    const places = everything.reduce((sum, { length }) => sum + length, 0);
    for (const [name, needle] of PLAINTEXTS) {
      const count = everything.reduce((sum, bytes) => sum + occurrences(bytes, needle), 0);
      const alpha = ALPHA / PLAINTEXTS.length;
      expect(count, name).toBeLessThanOrEqual(mostByChance(places, needle.length, alpha));
    }

    const tooMany = tooManyEqual(recorded.length, 2 * COMPARED_BYTES, ALPHA);
    for (const recordings of directions) {
      // No pattern: at no position do the connections prefer a byte, nor anywhere.
      const heads = recordings.map(({ bytes }) => bytes.subarray(0, COMPARED_BYTES));
      for (let position = 0; position < COMPARED_BYTES; position++) {
        const values = heads.map((head) => head[position]!);
        expect(mostFrequent(values), `position ${position}`).toBeLessThan(tooMany);
      }
      expect(chiSquare(Buffer.concat(heads))).toBeLessThan(MAX_CHI_SQUARE);
      expect(chiSquare(Buffer.concat(recordings.map(({ bytes }) => bytes)))).toBeLessThan(MAX_CHI_SQUARE);
    }

    // No length: what the initiator says first, key and garbage, is anything from 64 to 4,159 bytes. Of 48 lengths drawn
    // from 4,096 nine pairs are equal, or all in one quarter, with a chance below 10^-10. What follows it is as long in
    // every connection, so the length of the whole differs by the garbage too.
    const lengths = directions[0]!.map(({ firstChunk }) => firstChunk.length);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(KEY_BYTES);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(KEY_BYTES + MAX_GARBAGE_BYTES);
    for (const recordings of directions) {
      const firsts = recordings.map(({ firstChunk }) => firstChunk.length);
      expect(new Set(firsts).size).toBeGreaterThanOrEqual(recorded.length - 8);
      expect(Math.max(...firsts) - Math.min(...firsts)).toBeGreaterThan(MAX_GARBAGE_BYTES / 4);
    }
  });
});
