// `version` and `verack`: each side's introduction, and what both agree on. The order of checks and of answers is
// observable, and is Bitcoin Core's. (src/net_processing.cpp, PushNodeVersion and ProcessMessage)

import type { PeerNetwork } from '../../connman/contract/net-events.ts';
import type { P2PNode } from '../../connman/node/peer.ts';
import { COMPACT_BLOCK_VERSION } from '../../p2p/messages/compact-blocks.ts';
import type { VersionAddress, VersionHead, VersionMessage } from '../../p2p/messages/version.ts';
import { NO_VERSION_ADDRESS } from '../../p2p/messages/version.ts';
import { MIN_PEER_PROTOCOL_VERSION, SENDCMPCT_VERSION, WTXIDRELAY_VERSION } from '../../p2p/protocol.ts';
import { askForAddresses } from '../addresses/address-gossip.ts';
import type { PeerContext } from '../state/peer-context.ts';
import { forgetIncompleteReconciliation, offerReconciliation } from './negotiation.ts';
import type { PeerState } from '../state/peer-state.ts';

/** The same on every private-broadcast connection of every node, so that it reveals nothing. (Core src/net_processing.cpp) */
const ANONYMOUS_USER_AGENT = '/pynode:0.0.1/';

/** Sends our `version`. */
export function sendVersion(context: PeerContext, peer: PeerState): void {
  const { node } = peer;
  peer.isVersionSent = true;
  const common = { type: 'version', protocolVersion: node.advertisedProtocolVersion, nonce: node.localNonce } as const;
  if (node.isPrivateBroadcast) {
    context.send(peer, {
      ...common,
      services: 0n,
      timeSeconds: 0,
      receiver: NO_VERSION_ADDRESS,
      sender: NO_VERSION_ADDRESS,
      userAgent: ANONYMOUS_USER_AGENT,
      startHeight: 0,
      relay: false,
    });
    return;
  }
  context.send(peer, {
    ...common,
    services: peer.ourServices,
    timeSeconds: context.nowSeconds(),
    receiver: addressAsWeKnowIt(context.network, peer),
    // Our own address is left out: it would reveal more about us than the connection does.
    sender: { ...NO_VERSION_ADDRESS, services: peer.ourServices },
    userAgent: context.network.userAgent,
    startHeight: context.bestHeight,
    relay: !context.rejectsIncomingTxs(peer),
  });
}

function addressAsWeKnowIt(network: PeerNetwork, { node }: PeerState): VersionAddress {
  const { address } = node.addr;
  const isTellable = address.isRoutable() && address.isV1Compatible() && !network.isProxy(address);
  return { services: node.addrServices, service: isTellable ? node.addr : NO_VERSION_ADDRESS.service };
}

/**
 * Checks the part that every `version` has.
 * @returns Whether to read on; otherwise the peer is marked.
 */
export function acceptVersionHead(context: PeerContext, { node }: PeerState, head: VersionHead): boolean {
  // A node's own statement replaces what others said about it.
  if (!node.isInbound && !node.isPrivateBroadcast) context.addressBook?.setServices(node.addr, head.services);
  if (node.expectsServices && !context.hasDesiredServices(head.services)) {
    const wanted = context.desiredServices(head.services);
    node.disconnect(
      `peer does not offer the expected services (${hex8(head.services)} offered, ${hex8(wanted)} expected)`,
    );
    return false;
  }
  if (head.protocolVersion < MIN_PEER_PROTOCOL_VERSION) {
    node.disconnect(`peer using obsolete version ${head.protocolVersion}`);
    return false;
  }
  return true;
}

function hex8(services: bigint): string {
  return services.toString(16).padStart(8, '0');
}

/** Accepts the peer's `version`, and answers it. */
export function takeVersion(context: PeerContext, peer: PeerState, message: VersionMessage): void {
  const { node } = peer;
  if (node.isInbound) {
    if (!context.network.checkIncomingNonce(message.nonce)) {
      node.disconnect('connected to self');
      return;
    }
    const ourService = message.receiver.service;
    if (ourService.address.isRoutable()) context.network.seenLocal(ourService);
    sendVersion(context, peer);
  }
  noteVersion(context, peer, message);
  if (node.isPrivateBroadcast) {
    if (message.relay) context.send(peer, { type: 'verack' });
    else node.disconnect('takes no transactions');
    return;
  }

  if (node.commonVersion >= WTXIDRELAY_VERSION) {
    context.send(peer, { type: 'wtxidrelay' });
    context.send(peer, { type: 'sendaddrv2' });
    offerReconciliation(context, peer);
  }
  context.send(peer, { type: 'verack' });
  context.chainCounts.set(peer.chain, 'isPreferredDownload', isPreferredDownload(peer));
  if (!node.isInbound) {
    askForAddresses(context, peer);
    context.addressBook?.good(node.addr);
    context.clockOffset.add(peer.timeOffsetSeconds);
  }
  if (node.isFeeler) node.disconnect('feeler connection completed');
}

function noteVersion(context: PeerContext, peer: PeerState, message: VersionMessage): void {
  const { node } = peer;
  node.setCommonVersion(Math.min(message.protocolVersion, node.advertisedProtocolVersion));
  node.version = message.protocolVersion;
  node.hasAllWantedServices = context.hasDesiredServices(message.services);
  node.cleanSubVer = message.userAgent;
  node.setAddrLocal(message.receiver.service);
  peer.theirServices = message.services;
  peer.timeOffsetSeconds = message.timeSeconds - context.nowSeconds();
  peer.noteRelayWish(message.relay, context);
  logVersion(context, node, message);
}

function logVersion({ logger, network }: PeerContext, node: P2PNode, message: VersionMessage): void {
  const { receiver, startHeight, relay } = message;
  const who = node.cleanSubVer === '' ? '<no user agent>' : node.cleanSubVer;
  const facts = `version ${node.version}, blocks=${startHeight}, us=${receiver.service}, txrelay=${Number(relay)}`;
  logger.debug(`receive version message: ${who}: ${facts}, ${network.nameInLog(node)}${asIn(network, node)}`);
}

/** Peers to sync from before others: those that we chose or trust. */
function isPreferredDownload(peer: PeerState): boolean {
  const { node } = peer;
  return (!node.isInbound || node.hasPermission('noban')) && !node.isAddrFetch && peer.servesBlocks;
}

/** Accepts the peer's `verack`: from here on the connection is usable. */
export function takeVerack(context: PeerContext, peer: PeerState): void {
  const { node } = peer;
  if (node.isSuccessfullyConnected) {
    context.logger.debug(`ignoring redundant verack message from peer=${node.id}`);
    return;
  }
  const hasBlocks = context.hooks.onChainMessage !== undefined;
  if (hasBlocks && node.commonVersion >= SENDCMPCT_VERSION) {
    context.send(peer, { type: 'sendcmpct', announce: 0, version: COMPACT_BLOCK_VERSION });
  }
  forgetIncompleteReconciliation(peer);
  node.isSuccessfullyConnected = true;
  logNewPeer(context, node);
  context.events.emit('peerReady', { nodeId: node.id, node });
  context.hooks.onPeerReady?.(node);
}

/** A peer's autonomous system for the log, if there is a map. */
function asIn(network: PeerContext['network'], node: P2PNode): string {
  const asNumber = network.asNumberOf(node);
  return asNumber === 0 ? '' : `, mapped_as=${asNumber}`;
}

/** A peer that we dialed is always logged; inbound ones could fill the log. */
function logNewPeer({ logger, network }: PeerContext, node: P2PNode): void {
  const { transportType } = node.transport.getInfo();
  const facts = `transport: ${transportType}, version: ${node.version}, ${network.nameInLog(node)}${asIn(network, node)}`;
  logger[node.isInbound ? 'debug' : 'info'](`New ${node.connectionType} peer connected: ${facts}`);
}
