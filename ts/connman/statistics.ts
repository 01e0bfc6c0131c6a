// What is known of peers and of traffic, in the words and units of Bitcoin Core's RPC answers.
//
// Field names are those of `getpeerinfo` and `getnettotals`, so that an RPC server can pass the objects on as they are; a
// field that Core leaves out is absent. (Bitcoin Core src/rpc/net.cpp)

import type { NetGroups } from '../addrman/net-groups.ts';
import type { NetworkClass, PublicNetworkName } from '../netaddr/networks/network.ts';
import { PROTOCOL_VERSION, serviceNames } from '../p2p/protocol.ts';
import type { ConnectionType } from './node/connection-types.ts';
import type { LocalAddress } from './reach/local-addresses.ts';
import type { NetworkStateStats, NodeStateStats } from './contract/net-events.ts';
import type { NetworkState } from './reach/network-state.ts';
import type { P2PNode } from './node/peer.ts';
import { PERMISSION_FLAGS, hasPermission } from './node/permission-flags.ts';
import type { PermissionName } from './node/permission-flags.ts';
import { UPLOAD_CYCLE_SECONDS } from './messages/upload-target.ts';
import type { UploadTarget } from './messages/upload-target.ts';

/** One entry of `getpeerinfo`. Times are seconds since 1970, 0 for never. */
export interface PeerStats {
  id: number;
  /** The dialed text, or the address. */
  addr: string;
  /** Our end. */
  addrbind?: string;
  /** Our address, as the peer reported it. */
  addrlocal?: string;
  network: NetworkClass;
  mapped_as?: number;
  /** 16 hex digits. */
  services: string;
  servicesnames: string[];
  relaytxes: boolean;
  last_inv_sequence: number;
  inv_to_send: number;
  lastsend: number;
  lastrecv: number;
  last_transaction: number;
  last_block: number;
  bytessent: number;
  bytesrecv: number;
  conntime: number;
  /** Seconds. */
  timeoffset: number;
  /** Round-trip times in seconds. */
  pingtime?: number;
  minping?: number;
  /** How long an outstanding ping has waited, in seconds. */
  pingwait?: number;
  version: number;
  subver: string;
  inbound: boolean;
  bip152_hb_to: boolean;
  bip152_hb_from: boolean;
  presynced_headers: number;
  synced_headers: number;
  synced_blocks: number;
  inflight: readonly number[];
  addr_relay_enabled: boolean;
  addr_processed: number;
  addr_rate_limited: number;
  permissions: PermissionName[];
  /** BTC per 1,000 virtual bytes. */
  minfeefilter: number;
  bytessent_per_msg: Record<string, number>;
  bytesrecv_per_msg: Record<string, number>;
  connection_type: ConnectionType;
  transport_protocol_type: 'detecting' | 'v1' | 'v2';
  /** Hex; empty unless V2. */
  session_id: string;
}

/** The answer of `getnettotals`. */
export interface NetTotals {
  totalbytesrecv: number;
  totalbytessent: number;
  timemillis: number;
  uploadtarget: {
    timeframe: number;
    target: number;
    target_reached: boolean;
    serve_historical_blocks: boolean;
    bytes_left_in_cycle: number;
    time_left_in_cycle: number;
  };
}

/** The answer of `getnetworkinfo`, as far as connections go: version, fees and the like are the program's. */
export interface NetworkInfo {
  subversion: string;
  protocolversion: number;
  /** 16 hex digits. */
  localservices: string;
  localservicesnames: string[];
  /** Peers may send transactions. */
  localrelay: boolean;
  /** Median of the clocks of peers that we dialed, less ours, in seconds. */
  timeoffset: number;
  networkactive: boolean;
  connections: number;
  connections_in: number;
  connections_out: number;
  networks: {
    name: PublicNetworkName;
    /** Not used for automatic connections. */
    limited: boolean;
    reachable: boolean;
    /** Empty for none. */
    proxy: string;
    proxy_randomize_credentials: boolean;
  }[];
  /** BTC per 1,000 virtual bytes. */
  relayfee: number;
  localaddresses: { address: string; port: number; score: number }[];
  warnings: string[];
}

/** In the order of Core's answer. */
const PUBLIC_NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

const SATOSHIS_PER_COIN = 1e8;
/** In satoshi per 1,000 virtual bytes. (Core, DEFAULT_MIN_RELAY_TX_FEE) */
const DEFAULT_RELAY_FEE_SAT_PER_KVB = 100;
/** The permissions, in the order in which Core shows them. */
const PERMISSION_NAMES = Object.keys(PERMISSION_FLAGS) as PermissionName[];

/** The entry of one peer. */
export function peerStats(node: P2PNode, state: NodeStateStats, groups: NetGroups): PeerStats {
  const { transportType, sessionId } = node.transport.getInfo();
  const { addrBind, addrLocal, lastPingTimeMs, minPingTimeMs } = node;
  const mappedAs = groups.asNumber(node.addr.address);
  return {
    id: node.id,
    addr: node.addrName,
    ...(addrBind?.address.isValid() === true ? { addrbind: String(addrBind) } : {}),
    ...(addrLocal?.address.isValid() === true ? { addrlocal: String(addrLocal) } : {}),
    network: node.connectedThroughNetwork,
    ...(mappedAs === 0 ? {} : { mapped_as: mappedAs }),
    services: servicesHex(state.services),
    servicesnames: serviceNames(state.services),
    relaytxes: state.relayTransactions,
    last_inv_sequence: state.lastInvSequence,
    inv_to_send: state.invToSend,
    lastsend: wholeSeconds(node.lastSendMs),
    lastrecv: wholeSeconds(node.lastReceiveMs),
    last_transaction: node.lastTxTimeSeconds,
    last_block: node.lastBlockTimeSeconds,
    bytessent: node.sentBytes,
    bytesrecv: node.receivedBytes,
    conntime: wholeSeconds(node.connectedAtMs),
    timeoffset: state.timeOffsetSeconds,
    ...positiveSeconds('pingtime', lastPingTimeMs),
    ...(minPingTimeMs === Infinity ? {} : { minping: inSeconds(minPingTimeMs) }),
    ...positiveSeconds('pingwait', state.pingWaitMs),
    version: node.version,
    subver: node.cleanSubVer,
    inbound: node.isInbound,
    bip152_hb_to: node.isBip152HighBandwidthTo,
    bip152_hb_from: node.isBip152HighBandwidthFrom,
    presynced_headers: state.presyncedHeaders,
    synced_headers: state.syncedHeaders,
    synced_blocks: state.syncedBlocks,
    inflight: state.inFlight,
    addr_relay_enabled: state.isAddrRelayEnabled,
    addr_processed: state.addrProcessed,
    addr_rate_limited: state.addrRateLimited,
    permissions: PERMISSION_NAMES.filter((name) => hasPermission(node.permissions, name)),
    minfeefilter: state.minFeeFilterSatPerKvB / SATOSHIS_PER_COIN,
    bytessent_per_msg: sortedByType(node.sentBytesByType),
    bytesrecv_per_msg: sortedByType(node.receivedBytesByType),
    connection_type: node.connectionType,
    transport_protocol_type: transportType,
    session_id: transportType === 'v2' && sessionId !== undefined ? Buffer.from(sessionId).toString('hex') : '',
  };
}

/** The answer about traffic. */
export function netTotals(
  traffic: { readonly totalReceivedBytes: number; readonly totalSentBytes: number },
  target: UploadTarget,
  nowMs: number,
): NetTotals {
  return {
    totalbytesrecv: traffic.totalReceivedBytes,
    totalbytessent: traffic.totalSentBytes,
    timemillis: Math.floor(nowMs),
    uploadtarget: {
      timeframe: UPLOAD_CYCLE_SECONDS,
      target: target.limitBytes,
      target_reached: target.isReached(),
      serve_historical_blocks: !target.isReached(true),
      bytes_left_in_cycle: target.bytesLeft,
      time_left_in_cycle: target.secondsLeft,
    },
  };
}

/** What the answer about the network is made of. */
export interface NetworkInfoSource {
  readonly userAgent: string;
  readonly localServices: bigint;
  readonly inboundCount: number;
  readonly outboundCount: number;
  readonly network: NetworkState;
  readonly localAddresses: readonly LocalAddress[];
  readonly state: NetworkStateStats;
}

/** The answer about the network. */
export function networkInfo(source: NetworkInfoSource): NetworkInfo {
  const { network, localServices, inboundCount, outboundCount, state } = source;
  return {
    subversion: source.userAgent,
    protocolversion: PROTOCOL_VERSION,
    localservices: servicesHex(localServices),
    localservicesnames: serviceNames(localServices),
    localrelay: !state.ignoresIncomingTxs,
    timeoffset: state.timeOffsetSeconds,
    networkactive: network.isActive,
    connections: inboundCount + outboundCount,
    connections_in: inboundCount,
    connections_out: outboundCount,
    networks: PUBLIC_NETWORKS.map((name) => {
      const proxy = network.proxyFor(name);
      return {
        name,
        limited: !network.isReachable(name),
        reachable: network.isReachable(name),
        proxy: proxy === undefined ? '' : String(proxy.endpoint),
        proxy_randomize_credentials: proxy?.streamIsolation ?? false,
      };
    }),
    relayfee: (state.minRelayFeeRateSatPerKvB ?? DEFAULT_RELAY_FEE_SAT_PER_KVB) / SATOSHIS_PER_COIN,
    localaddresses: source.localAddresses.map(({ service, score }) => ({
      address: String(service.address),
      port: service.port,
      score,
    })),
    warnings: [...state.warnings],
  };
}

/** Services as RPC answers show them. */
export function servicesHex(services: bigint): string {
  return services.toString(16).padStart(16, '0');
}

/** In the order of Core, which sorts the names of types. */
function sortedByType(bytes: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...bytes].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A field that is left out where there is nothing to tell, as Core does. */
function positiveSeconds<Name extends string>(name: Name, ms = 0): Partial<Record<Name, number>> {
  const seconds = inSeconds(ms);
  return seconds > 0 ? ({ [name]: seconds } as Record<Name, number>) : {};
}

/** To the microsecond. */
function inSeconds(ms: number): number {
  return Math.round(ms * 1_000) / 1e6;
}

function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
