// The villagers of a village, drawn from a seed: the same seed gives the same village.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Services } from '../../p2p/protocol.ts';
import { addressOfDestination, encodeI2PBase64 } from '../../sockman/dial/i2p-destination.ts';
import { shuffle, uniformBelow } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { speaksV2 } from './villager.ts';
import type { Villager, VillagerKind } from './villager.ts';

/** Default weights of the kinds. */
export const DEFAULT_MIX: Readonly<Partial<Record<VillagerKind, number>>> = {
  both: 40,
  v1: 14,
  v2: 4,
  'v1-claims-v2': 2,
  old: 4,
  full: 4,
  'full-reset': 2,
  refusing: 8,
  silent: 3,
  tarpit: 1,
  'ends-in-version': 2,
  'resets-at-verack': 2,
  'resets-at-getaddr': 2,
  'wrong-network': 2,
  http: 2,
  tls: 1,
  ssh: 1,
  echo: 1,
  'too-long': 1,
  'time-liar': 1,
  'hostile-agent': 2,
  'huge-agent': 1,
};

/** Weights of the networks on which villagers live. */
export type NetworkMix = Readonly<Partial<Record<PublicNetworkName, number>>>;

/** What a population is drawn from. */
export interface PopulationRequest {
  readonly count: number;
  readonly mix: Readonly<Partial<Record<VillagerKind, number>>>;
  readonly networks: NetworkMix;
  /** First byte of IPv4 addresses: 127 for loopback. */
  readonly firstByte: number;
  /** Number of /16 ranges over which the IPv4 addresses are spread. */
  readonly groups: number;
  readonly port: number;
  /** A port without a listener. */
  readonly deadPort: number;
  readonly random: RandomUint32;
}

/** User agents of ordinary villagers. */
const AGENTS = [
  '/Satoshi:31.0.0/',
  '/Satoshi:30.2.0/',
  '/Satoshi:29.1.0/',
  '/Satoshi:28.1.0/',
  '/Satoshi:27.0.0(villager)/',
  '/bcoin:2.2.0/',
  '/btcwire:0.5.0/btcd:0.24.2/',
];
const HOSTILE_AGENT = '/<script>alert(1)</script>\x1b[31m"quoted",=1+1\r\n\u202eevil/';
const HUGE_AGENT_BYTES = 4_000;

/**
 * Kinds that never live behind a proxy: the proxy would report a refusal itself, and a tarpit would finish within the longer
 * deadline.
 */
const ONLY_DIRECT: ReadonlySet<VillagerKind> = new Set<VillagerKind>(['refusing', 'tarpit']);

/** Draws the villagers. The first one is an honest node: it serves as the seed. */
export function drawPopulation(request: PopulationRequest): Villager[] {
  const { count, random } = request;
  const kinds = shares(count, request.mix, 'both');
  const networks = shares(count, request.networks, 'ipv4');
  shuffle(random, kinds);
  shuffle(random, networks);
  // A crawl must find an honest node at its start.
  const honest = kinds.indexOf('both');
  if (honest > 0) [kinds[0], kinds[honest]] = [kinds[honest]!, kinds[0]!];
  const direct = networks.indexOf('ipv4');
  if (direct > 0) [networks[0], networks[direct]] = [networks[direct]!, networks[0]!];
  return kinds.map((kind, index) => {
    const network = ONLY_DIRECT.has(kind) ? 'ipv4' : networks[index]!;
    return drawVillager(request, index, kind, network);
  });
}

function drawVillager(
  request: PopulationRequest,
  index: number,
  kind: VillagerKind,
  network: PublicNetworkName,
): Villager {
  const { random, count } = request;
  const { address, destination } = drawAddress(request, index, network);
  const port = network === 'i2p' ? 0 : kind === 'refusing' ? request.deadPort : request.port;
  return {
    index,
    kind,
    service: new Service(address, port),
    destination,
    services: drawServices(kind, random),
    protocolVersion: kind === 'old' ? 70_015 : 70_016,
    userAgent: agentOf(kind, random),
    startHeight: 900_000 + uniformBelow(random, 1_000),
    relay: uniformBelow(random, 10) > 0,
    tellsFrom: uniformBelow(random, count),
    isPresent: true,
  };
}

function drawServices(kind: VillagerKind, random: RandomUint32): bigint {
  const blocks = uniformBelow(random, 5) === 0 ? 0n : Services.NETWORK;
  const extra = uniformBelow(random, 8) === 0 ? Services.COMPACT_FILTERS : 0n;
  const claimsV2 = kind === 'v1-claims-v2' || speaksV2(kind);
  return blocks | extra | Services.WITNESS | Services.NETWORK_LIMITED | (claimsV2 ? Services.P2P_V2 : 0n);
}

function agentOf(kind: VillagerKind, random: RandomUint32): Uint8Array {
  if (kind === 'hostile-agent') return Buffer.from(HOSTILE_AGENT, 'utf8');
  if (kind === 'huge-agent') return Buffer.alloc(HUGE_AGENT_BYTES, '/huge');
  return Buffer.from(AGENTS[uniformBelow(random, AGENTS.length)]!, 'latin1');
}

function drawAddress(
  { firstByte, groups, random }: PopulationRequest,
  index: number,
  network: PublicNetworkName,
): { address: NetAddress; destination: string | undefined } {
  const host = 1 + Math.floor(index / groups);
  switch (network) {
    case 'ipv4': {
      const bytes = Uint8Array.of(firstByte, 1 + (index % groups), (host >> 8) & 0xff, host & 0xff);
      return { address: new NetAddress('ipv4', bytes), destination: undefined };
    }
    case 'i2p': {
      const destination = drawBytes(random, 391);
      destination.set([5, 0, 4, 0, 7, 0, 0], 384);
      return { address: addressOfDestination(destination), destination: encodeI2PBase64(destination) };
    }
    case 'onion':
      return { address: new NetAddress('onion', drawBytes(random, 32)), destination: undefined };
    case 'ipv6':
    case 'cjdns': {
      const bytes = drawBytes(random, 16);
      bytes.set(network === 'cjdns' ? [0xfc] : [0x2a, 0x02, index % groups]);
      return { address: new NetAddress(network, bytes), destination: undefined };
    }
  }
}

function drawBytes(random: RandomUint32, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random() & 0xff);
}

/** A list of `count` names in the given shares, filled up with `otherwise`. */
function shares<Name extends string>(
  count: number,
  weights: Readonly<Partial<Record<Name, number>>>,
  otherwise: Name,
): Name[] {
  const entries = Object.entries(weights) as [Name, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  const names = entries.flatMap(([name, weight]) => Array<Name>(Math.floor((count * weight) / total)).fill(name));
  while (names.length < count) names.push(otherwise);
  return names;
}
