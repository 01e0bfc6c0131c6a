// Records for tests: one of every field, and one of nothing but what each must have.

import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';

/** Every field there is. The keys stand in another order than in a file. */
export const FULL_RECORD: CrawlRecord = {
  attempts: 2,
  source: '127.0.0.9:18444',
  bytesSent: 312,
  bytesReceived: 31_245,
  addressAges: 3_600,
  newAddressCount: 17,
  addressCount: 1_000,
  features: ['wtxidrelay', 'sendaddrv2', 'feature:test'],
  ourAddress: '127.0.0.1:54321',
  timeOffsetSeconds: -3,
  relay: true,
  startHeight: 900_000,
  userAgent: '/Satoshi:31.0.0/',
  serviceNames: ['NETWORK', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2'],
  services: '0000000000000c09',
  protocolVersion: 70_017,
  pingMs: 1.25,
  handshakeMs: 12.5,
  connectMs: 0.5,
  transport: 2,
  step: 'done',
  code: 'deadline',
  outcome: 'reachable',
  asn: 64_512,
  network: 'ipv4',
  port: 8_333,
  address: '203.0.113.7',
  round: 3,
  time: 1_893_456_000_000,
};

/** What every record has. */
export const SHORT_RECORD: CrawlRecord = {
  time: 1_893_456_000_001,
  round: 3,
  address: '203.0.113.8',
  port: 8_333,
  network: 'ipv4',
  outcome: 'refused',
};
