// Chooses the address of an automatic dial. (Bitcoin Core src/net.cpp, the inner loop of ThreadOpenConnections)
//
// The address book draws; here unsuitable draws are passed over. The rules that matter against an attacker: never two
// long-lived connections into one network group, and last run's anchors before anything else.

import type { NetGroups } from '../../addrman/net-groups.ts';
import type { SelectedAddress } from '../../addrman/records.ts';
import { isBadPort } from '../../netaddr/bad-ports.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { Services } from '../../p2p/protocol.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { LocalAddresses } from '../reach/local-addresses.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { AddressSource } from '../settings/address-source.ts';
import type { AddedNodes } from './added-nodes.ts';
import type { Dialing } from './dialing.ts';

/** Draws before the iteration gives up. */
const MAX_TRIES = 100;
/** From this draw on, recently dialed addresses and ports of other services are accepted. */
const RETRY_RECENT_FROM_TRY = 30;
const BAD_PORT_FROM_TRY = 50;
/** How long an address rests after a try, in seconds. */
const RECENT_SECONDS = 10 * 60;
/** Draws are compared with added nodes only if their list is shorter than this. */
const MAX_ADDED_NODES_LOOKED_AT = 24;

/** What the choice depends on. */
export interface SelectionParts {
  readonly addressBook: AddressSource;
  readonly network: Pick<NetworkState, 'isReachable'>;
  readonly localAddresses: Pick<LocalAddresses, 'has'>;
  readonly table: Pick<NodeTable, 'hasAddress'>;
  readonly dialing: Pick<Dialing, 'isDialing'>;
  readonly netEvents: Pick<NetEvents, 'hasAllDesirableServiceFlags'>;
  /** They have their own slots. */
  readonly addedNodes: Pick<AddedNodes, 'names'>;
  readonly netGroups: Pick<NetGroups, 'group'>;
}

/** The wanted kind of address. */
export interface SelectionRequest {
  readonly isFeeler: boolean;
  /** The networks to draw from; at least one. */
  readonly networks: readonly PublicNetworkName[];
  /** The groups of long-lived IPv4 and IPv6 connections. */
  readonly takenGroups: ReadonlySet<string>;
  /** Taken first, from the end; checked ones are removed. */
  readonly anchors: PeerAddress[];
  readonly nowSeconds: number;
}

/** Chooses an address; undefined if none fits now. */
export function selectOutbound(parts: SelectionParts, request: SelectionRequest): PeerAddress | undefined {
  for (let anchor = request.anchors.pop(); anchor !== undefined; anchor = request.anchors.pop()) {
    if (isSuitableAnchor(parts, request, anchor)) return anchor;
  }
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const drawn = draw(parts, request);
    if (drawn === undefined) return undefined;
    const { address } = drawn.address.service;
    if (!request.isFeeler && request.takenGroups.has(groupKey(parts.netGroups, address))) continue;
    if (!address.isValid() || parts.localAddresses.has(drawn.address.service)) return undefined;
    if (isSuitable(parts, request, drawn, tries)) return drawn.address;
  }
  return undefined;
}

function isSuitableAnchor(parts: SelectionParts, request: SelectionRequest, anchor: PeerAddress): boolean {
  const { network, localAddresses, netEvents, netGroups } = parts;
  const { address } = anchor.service;
  return (
    address.isValid() &&
    !localAddresses.has(anchor.service) &&
    network.isReachable(address.getNetwork()) &&
    netEvents.hasAllDesirableServiceFlags(anchor.services) &&
    !request.takenGroups.has(groupKey(netGroups, address))
  );
}

/** A feeler first tests an address that may have to make room in the tried table, then an untested one. */
function draw(parts: SelectionParts, request: SelectionRequest): SelectedAddress | undefined {
  const { addressBook, table, dialing } = parts;
  if (!request.isFeeler) return addressBook.select(false, request.networks);
  const inTheWay = addressBook.selectTriedCollision();
  if (inTheWay === undefined) return addressBook.select(true, request.networks);
  const { service } = inTheWay.address;
  const isConnected = table.hasAddress(service.address) || dialing.isDialing(service.address);
  if (!isConnected) return inTheWay;
  addressBook.good(service);
  return addressBook.select(true, request.networks);
}

function isSuitable(parts: SelectionParts, request: SelectionRequest, drawn: SelectedAddress, tries: number): boolean {
  const { network, netEvents, addedNodes } = parts;
  const { service, services } = drawn.address;
  const { address, port } = service;
  if (!network.isReachable(address.getNetwork())) return false;
  const isRecent = request.nowSeconds - drawn.lastTrySeconds < RECENT_SECONDS;
  if (isRecent && tries < RETRY_RECENT_FROM_TRY) return false;
  if (!(request.isFeeler ? mayBeNode(services) : netEvents.hasAllDesirableServiceFlags(services))) return false;
  if (tries < BAD_PORT_FROM_TRY && (address.isIPv4() || address.isIPv6()) && isBadPort(port)) return false;
  const added = addedNodes.names();
  const isAdded = added.includes(String(address)) || added.includes(String(service));
  return added.length >= MAX_ADDED_NODES_LOOKED_AT || !isAdded;
}

/** A feeler accepts any node with blocks: whether that suffices is checked when it is selected later. */
function mayBeNode(services: bigint): boolean {
  return (services & (Services.NETWORK | Services.NETWORK_LIMITED)) !== 0n;
}

/** An address's network group as a key. */
export function groupKey(netGroups: Pick<NetGroups, 'group'>, address: NetAddress): string {
  return Buffer.from(netGroups.group(address)).toString('latin1');
}
