// Records of a round that never was: every network, outcome and oddity, the same for the same seed.

import type { PublicNetworkName } from '../../../ts/netaddr/networks/network.ts';
import type { Outcome } from '../../../ts/crawl/record/outcome.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { encodeBase32 } from '../../../ts/netaddr/text/base32.ts';

/** 29 November 2026, 06:00 UTC. */
export const ROUND_START = Date.UTC(2026, 10, 29, 6);

/** A 32-bit generator with a seed (xorshift), 0 to 1. */
export function seeded(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Share of a network among addresses, its share of reachable ones, and its typical time to connect. */
const NETWORKS: readonly (readonly [PublicNetworkName, number, number, number])[] = [
  ['ipv4', 0.5, 0.15, 48],
  ['ipv6', 0.2, 0.1, 44],
  ['onion', 0.25, 0.4, 1_830],
  ['i2p', 0.045, 0.3, 4_240],
  ['cjdns', 0.005, 0.3, 96],
];

const FAILURES: readonly Outcome[] = [
  ...new Array<Outcome>(40).fill('timeout'),
  ...new Array<Outcome>(20).fill('refused'),
  ...new Array<Outcome>(8).fill('unreachable'),
  'full',
  'full',
  'silent',
  'wrong-network',
  'not-bitcoin',
  'protocol-error',
  'disconnected',
  'proxy-failed',
  'self',
];

const USER_AGENTS = [
  '/Satoshi:30.0.0/',
  '/Satoshi:29.1.0/',
  '/Satoshi:28.1.0/',
  '/Satoshi:27.0.0/',
  '/btcwire:0.5.0/btcd:0.24.2/',
];

/** What an attacker calls himself. */
export const HOSTILE_USER_AGENTS = [
  '<script>document.title="owned"</script>',
  '"><img src=x onerror=alert(1)>',
  '</style></svg><iframe src=//evil.example>',
  '=HYPERLINK("http://evil.example",\'click\')',
  '/Satoshi\u202e:gnp.exe/',
  '/with,comma"quote/\\u000a',
];

/** Makes the records of a round. */
export function* sampleRecords(count: number, { round = 1, seed = 1, hostile = false } = {}): Generator<CrawlRecord> {
  const random = seeded(seed * 7_919 + round);
  for (let at = 0; at < count; at++) yield record(at, count, round, random, hostile);
}

function record(at: number, count: number, round: number, random: () => number, hostile: boolean): CrawlRecord {
  let pick = random();
  const [network, , share, connect] = NETWORKS.find(([, part]) => (pick -= part) < 0) ?? NETWORKS[0]!;
  const base = {
    time: ROUND_START + (round - 1) * 600_000 + Math.floor((at / count) * 432_000),
    round,
    address: addressOf(network, at),
    port: network === 'i2p' ? 0 : random() < 0.9 ? 8333 : 1_024 + Math.floor(random() * 60_000),
    network,
    ...(network === 'ipv4' || network === 'ipv6' ? { asn: 64_496 + Math.floor(random() ** 3 * 400) } : {}),
    source: '203.0.113.7:8333',
    attempts: 1,
  };
  const spread = Math.exp((random() + random() + random() - 1.5) * 1.2);
  if (random() >= share) {
    const outcome = FAILURES[Math.floor(random() * FAILURES.length)]!;
    return {
      ...base,
      outcome,
      ...(outcome === 'not-bitcoin' ? { code: ['http', 'tls', 'ssh', 'other'][at % 4]! } : {}),
    };
  }
  const isOdd = hostile && random() < 0.2;
  return {
    ...base,
    outcome: 'reachable',
    step: 'done',
    transport: random() < 0.8 ? 2 : 1,
    connectMs: Number((connect * spread).toFixed(1)),
    handshakeMs: Number((connect * spread * 2.2).toFixed(1)),
    pingMs: Number((connect * spread * 1.1).toFixed(1)),
    protocolVersion: random() < 0.95 ? 70_016 : 70_015 - Math.floor(random() * 8),
    services: '0000000000000c09',
    serviceNames: ['NETWORK', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2'],
    userAgent: isOdd
      ? HOSTILE_USER_AGENTS[Math.floor(random() * HOSTILE_USER_AGENTS.length)]!
      : USER_AGENTS[Math.floor(random() ** 2 * USER_AGENTS.length)]!,
    startHeight: 925_000 + Math.floor(random() * 10),
    relay: true,
    timeOffsetSeconds: -1,
    features: ['wtxidrelay', 'sendaddrv2'],
    addressCount: 1_000,
    newAddressCount: Math.floor(random() * 50),
    addressAges: Math.floor(random() ** 2 * 14 * 86_400),
    bytesReceived: 32_000,
    bytesSent: 300,
  };
}

function addressOf(network: PublicNetworkName, at: number): string {
  const bytes = Uint8Array.from({ length: 32 }, (_, place) => (at >>> ((place % 4) * 8)) & 0xff);
  switch (network) {
    case 'ipv4':
      return `${1 + (at >>> 16)}.${(at >>> 8) & 0xff}.${at & 0xff}.1`;
    case 'ipv6':
      return `2a00:${(at >>> 16).toString(16)}:${(at & 0xffff).toString(16)}::1`;
    case 'cjdns':
      return `fc00:${(at >>> 16).toString(16)}:${(at & 0xffff).toString(16)}::1`;
    case 'onion':
      return `${encodeBase32(bytes).padEnd(56, 'a').slice(0, 56)}.onion`;
    case 'i2p':
      return `${encodeBase32(bytes).slice(0, 52)}.b32.i2p`;
  }
}
