// Messages of results: the records that are written are read, and nothing else is.

import { describe, expect, it } from 'vitest';
import { ResultsWriter, decodeResults, encodeResults } from '../../../ts/crawl/fleet/results-message.ts';
import { RECORD_KEYS } from '../../../ts/crawl/record/record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const FULL: CrawlRecord = {
  time: 1_800_000_000_000,
  round: 3,
  address: '1.2.3.4',
  port: 8_333,
  network: 'ipv4',
  asn: 64_512,
  outcome: 'reachable',
  code: 'x',
  step: 'addresses',
  transport: 2,
  connectMs: 0.25,
  handshakeMs: 90.5,
  pingMs: 45,
  protocolVersion: 70_016,
  services: '0000000000000c09',
  serviceNames: ['NETWORK', 'WITNESS'],
  userAgent: '/Satoshi:30.0.0/',
  startHeight: -1,
  relay: false,
  timeOffsetSeconds: -3,
  ourAddress: '127.0.0.1:1',
  features: ['wtxidrelay', 'sendaddrv2'],
  addressCount: 1_000,
  newAddressCount: 0,
  addressAges: 1_000.5,
  bytesReceived: 20_000,
  bytesSent: 1_000,
  source: '1.1.1.1:8333',
  attempts: 3,
};
const BARE: CrawlRecord = { time: 1, round: 3, address: '::1', port: 1, network: 'ipv6', outcome: 'timeout' };

const message = (...rows: unknown[]): Uint8Array => Buffer.from(JSON.stringify(rows));

function faultsOf(bytes: Uint8Array): number {
  let count = 0;
  expect(decodeResults(bytes, () => count++)).toEqual([]);
  return count;
}

describe('a message of results', () => {
  it('gives every field of its records back, and leaves absent ones absent', () => {
    expect(Object.keys(FULL)).toEqual(RECORD_KEYS);
    expect(decodeResults(encodeResults([FULL, BARE, FULL]))).toEqual([FULL, BARE, FULL]);
  });

  it('keeps a text that reads like a list, a number or an end of line apart from those', () => {
    const records = ['["NETWORK","WITNESS"]', '0', '\n', '"', '\\u0000', 'é', ''].map((userAgent) => ({
      ...FULL,
      userAgent,
      code: userAgent,
    }));
    expect(decodeResults(encodeResults(records))).toEqual(records);
  });

  it('writes a text that many records share once', () => {
    const one = encodeResults([FULL]).length;
    const hundred = encodeResults(Array.from({ length: 100 }, () => FULL)).length;
    expect(hundred - one).toBeLessThan(99 * 150);
  });

  it('is full at 250 records, and at its longest text', () => {
    const writer = new ResultsWriter(3);
    for (let count = 0; count < 250; count++) {
      expect(writer.isFull).toBe(false);
      writer.add(BARE);
    }
    expect(writer.isFull).toBe(true);
    const long = new ResultsWriter(3);
    let count = 0;
    for (; !long.isFull; count++) long.add({ ...FULL, userAgent: String(count).padStart(1_500) });
    expect(count).toBeLessThan(100);
  });

  it('of another form or version has no records, and says so', () => {
    const texts = ['ipv4', 'timeout'];
    const row = [1, '1.2.3.4', 8_333, 0, null, 1];
    expect(decodeResults(message(1, 3, texts, row))).toHaveLength(1);
    const bad = [
      message(2, 3, texts, row),
      message(1, 0, texts, row),
      message(1, 3, 'ipv4', row),
      message(1, 3, ['ipv4'], row),
      message(1, 3, texts, [...row, 2]),
      message(1, 3, texts, [1, '1.2.3.4', 8_333, 1, null, 0]),
      message(1, 3, texts, [8.64e15 + 1, ...row.slice(1)]),
      message(1, 3, texts, { time: 1 }),
      message(1, 3, texts, null),
      Buffer.from('{"version":1}'),
      Buffer.from('null'),
      Buffer.from(''),
    ];
    expect(bad.map(faultsOf)).toEqual(bad.map(() => 1));
    expect(faultsOf(message(1, 3, texts, 1, 'two', []))).toBe(3);
  });

  it('that is cut off or random is read as none', () => {
    const bytes = encodeResults([FULL, BARE]);
    for (let length = 0; length < bytes.length; length++) expect(faultsOf(bytes.subarray(0, length))).toBe(1);
    const random = seededBytes(9);
    for (let length = 0; length < 300; length++) expect(faultsOf(random(length))).toBe(1);
  });
});
