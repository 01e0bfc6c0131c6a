// Peers as rows of plain values, and the changes between two looks.

import type { AddrMan } from '../../addrman/addr-man.ts';
import type { NodeView as ConnectedNode } from '../../connman/node/peer.ts';
import { PERMISSION_FLAGS } from '../../connman/node/permission-flags.ts';
import type { PermissionName } from '../../connman/node/permission-flags.ts';
import { Services, serviceNames } from '../../p2p/protocol.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import type { PeerDetail, PeerRow } from './wire.ts';

/** Longest text of a peer that is sent to the page, in characters. */
export const MAX_TEXT_CHARS = 256;

/** Sources of knowledge about peers, besides their nodes. */
export interface PeerKnowledge {
  readonly peerManager: PeerManager | undefined;
  readonly addrMan: AddrMan | undefined;
}

const SERVICE_LETTERS: readonly (readonly [bigint, string])[] = [
  [Services.NETWORK, 'n'],
  [Services.BLOOM, 'b'],
  [Services.WITNESS, 'w'],
  [Services.COMPACT_FILTERS, 'c'],
  [Services.NETWORK_LIMITED, 'l'],
  [Services.P2P_V2, '2'],
];

const PERMISSION_NAMES = Object.keys(PERMISSION_FLAGS) as PermissionName[];

/** The row of a peer. */
export function rowOf(node: ConnectedNode, { peerManager, addrMan }: PeerKnowledge): PeerRow {
  const services = peerManager?.getNodeStateStats(node.id)?.services ?? 0n;
  const { minPingTimeMs, lastPingTimeMs } = node;
  return {
    id: node.id,
    inbound: node.isInbound,
    type: node.connectionType,
    network: node.connectedThroughNetwork,
    address: node.addrName.slice(0, MAX_TEXT_CHARS),
    transport: node.transportInfo.transportType,
    services: services === 0n ? '' : lettersOf(services),
    agent: node.cleanSubVer.slice(0, MAX_TEXT_CHARS),
    since: seconds(node.connectedAtMs),
    lastReceive: seconds(node.lastReceiveMs),
    lastSend: seconds(node.lastSendMs),
    ping: lastPingTimeMs === undefined ? null : rounded(lastPingTimeMs),
    minPing: minPingTimeMs === Infinity ? null : rounded(minPingTimeMs),
    received: node.receivedBytes,
    sent: node.sentBytes,
    queue: node.receivedMemoryBytes + node.sendMemoryBytes,
    permissions: node.permissions === 0 ? '' : permissionsOf(node),
    as: addrMan?.groups.asNumber(node.addr.address) ?? 0,
  };
}

/** The details of an open row: bytes by message type, most first, and facts of the peer. */
export function detailOf(node: ConnectedNode, { peerManager }: PeerKnowledge): PeerDetail {
  const state = peerManager?.getNodeStateStats(node.id);
  return {
    id: node.id,
    address: node.addrName.slice(0, MAX_TEXT_CHARS),
    agent: node.cleanSubVer.slice(0, MAX_TEXT_CHARS),
    version: node.version,
    services: state === undefined ? [] : serviceNames(state.services),
    ours: node.addrLocal === undefined ? '' : String(node.addrLocal).slice(0, MAX_TEXT_CHARS),
    timeOffset: state?.timeOffsetSeconds ?? null,
    minFeeRate: state?.minFeeFilterSatPerKvB ?? null,
    addressesProcessed: state?.addrProcessed ?? null,
    addressesRateLimited: state?.addrRateLimited ?? null,
    received: mostFirst(node.receivedBytesByType),
    sent: mostFirst(node.sentBytesByType),
  };
}

/** The fields in which a row differs from the one before; undefined if none does. */
export function changesOf(before: PeerRow, now: PeerRow): Partial<PeerRow> | undefined {
  let changes: Record<string, unknown> | undefined;
  for (const name of Object.keys(now) as (keyof PeerRow)[]) {
    if (now[name] !== before[name]) (changes ??= { id: now.id })[name] = now[name];
  }
  return changes;
}

function lettersOf(services: bigint): string {
  return SERVICE_LETTERS.map(([bit, letter]) => ((services & bit) === 0n ? '' : letter)).join('');
}

function permissionsOf(node: ConnectedNode): string {
  return PERMISSION_NAMES.filter((name) => node.hasPermission(name)).join(', ');
}

function mostFirst(bytes: ReadonlyMap<string, number>): [string, number][] {
  return [...bytes].sort(([, a], [, b]) => b - a).map(([type, count]) => [type.replaceAll('*', ''), count]);
}

const seconds = (ms: number): number => Math.floor(ms / 1_000);

/** To the tenth of a millisecond. */
const rounded = (ms: number): number => Math.round(ms * 10) / 10;
