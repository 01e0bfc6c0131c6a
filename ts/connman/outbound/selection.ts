// Which address an automatic dial goes to. (Bitcoin Core src/net.cpp, the inner loop of ThreadOpenConnections)
//
// The address book draws; here unsuitable draws are passed over. The rules that matter against an attacker: never two
// long-lived connections into one network group, and last run's anchors before anything else.

import type { SelectedAddress } from '../../addrman/records.ts';
import { isBadPort } from '../../netaddr/bad-ports.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { NetworkClass, PublicNetworkName } from '../../netaddr/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { Services } from '../../p2p/protocol.ts';
import type { AddressSource } from '../settings/address-source.ts';

/** Draws before the iteration gives up. */
const MAX_TRIES = 100;
/** From this draw on an address may be dialed that was dialed a moment ago, and one with a port of another service. */
const RETRY_RECENT_FROM_TRY = 30;
const BAD_PORT_FROM_TRY = 50;
/** An address that was tried this short a time ago rests, in seconds. */
const RECENT_SECONDS = 10 * 60;
/** Added nodes are looked for among the draws only while their list is shorter than this. */
const MAX_ADDED_NODES_LOOKED_AT = 24;

/** What the choice needs around it. */
export interface SelectionHost {
  readonly addressBook: AddressSource;
  isReachable(network: NetworkClass): boolean;
  isLocal(service: Service): boolean;
  /** Whether somebody is connected from this address, or is being dialed there. */
  isConnected(address: NetAddress): boolean;
  hasAllDesirableServiceFlags(services: bigint): boolean;
  /** The texts of added nodes: those have slots of their own. */
  addedNodes(): readonly string[];
  /** The key of an address's network group. */
  groupKey(address: NetAddress): string;
}

/** What is looked for. */
export interface SelectionRequest {
  readonly isFeeler: boolean;
  /** The networks to draw from; at least one. */
  readonly networks: readonly PublicNetworkName[];
  /** The groups of long-lived IPv4 and IPv6 connections. */
  readonly takenGroups: ReadonlySet<string>;
  /** To be taken first, from the end; those looked at are removed. */
  readonly anchors: PeerAddress[];
  readonly nowSeconds: number;
}

/** Chooses an address; undefined when nothing fits now. */
export function selectOutbound(host: SelectionHost, request: SelectionRequest): PeerAddress | undefined {
  for (let anchor = request.anchors.pop(); anchor !== undefined; anchor = request.anchors.pop()) {
    if (isSuitableAnchor(host, request, anchor)) return anchor;
  }
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const drawn = draw(host, request);
    if (drawn === undefined) return undefined;
    const { address } = drawn.address.service;
    if (!request.isFeeler && request.takenGroups.has(host.groupKey(address))) continue;
    if (!address.isValid() || host.isLocal(drawn.address.service)) return undefined;
    if (isSuitable(host, request, drawn, tries)) return drawn.address;
  }
  return undefined;
}

function isSuitableAnchor(host: SelectionHost, request: SelectionRequest, { service, services }: PeerAddress): boolean {
  const { address } = service;
  return (
    address.isValid() &&
    !host.isLocal(service) &&
    host.isReachable(address.getNetwork()) &&
    host.hasAllDesirableServiceFlags(services) &&
    !request.takenGroups.has(host.groupKey(address))
  );
}

/** A feeler first tests who is to make room in the tried table, then an address nobody has tested. */
function draw({ addressBook, isConnected }: SelectionHost, request: SelectionRequest): SelectedAddress | undefined {
  if (!request.isFeeler) return addressBook.select(false, request.networks);
  const inTheWay = addressBook.selectTriedCollision();
  if (inTheWay === undefined) return addressBook.select(true, request.networks);
  const { service } = inTheWay.address;
  if (!isConnected(service.address)) return inTheWay;
  addressBook.good(service);
  return addressBook.select(true, request.networks);
}

function isSuitable(host: SelectionHost, request: SelectionRequest, drawn: SelectedAddress, tries: number): boolean {
  const { service, services } = drawn.address;
  const { address, port } = service;
  if (!host.isReachable(address.getNetwork())) return false;
  const isRecent = request.nowSeconds - drawn.lastTrySeconds < RECENT_SECONDS;
  if (isRecent && tries < RETRY_RECENT_FROM_TRY) return false;
  if (!(request.isFeeler ? mayBeNode(services) : host.hasAllDesirableServiceFlags(services))) return false;
  if (tries < BAD_PORT_FROM_TRY && (address.isIPv4() || address.isIPv6()) && isBadPort(port)) return false;
  const added = host.addedNodes();
  const isAdded = added.includes(String(address)) || added.includes(String(service));
  return added.length >= MAX_ADDED_NODES_LOOKED_AT || !isAdded;
}

/** A feeler takes who serves any blocks: whether that is enough is seen when it is selected for more. */
function mayBeNode(services: bigint): boolean {
  return (services & (Services.NETWORK | Services.NETWORK_LIMITED)) !== 0n;
}
