// Addresses that we send to peers: answers to `getaddr`, relayed ones, and our own, each at its time. (Bitcoin Core
// src/net_processing.cpp: SetupAddressRelay, PushAddress, MaybeSendAddr)

import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { MAX_ADDRESSES } from '../../p2p/messages/addresses.ts';
import { exponentialMs, uniformBelow } from '../../util/random.ts';
import { ADDRESS_BURST, AddressState } from '../state/address-state.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** Mean intervals of self-announcements and of gossip messages, in milliseconds. (Core AVG_…_INTERVAL) */
const SELF_ANNOUNCE_MEAN_MS = 24 * 3_600_000;
const GOSSIP_MEAN_MS = 30_000;
/** Largest share of the address book given to one peer, in percent. (Core MAX_PCT_ADDR_TO_SEND) */
const MAX_PERCENT_TO_SEND = 23;

/**
 * Lets a peer take part in gossip, unless its connection type excludes it.
 * Peers that we dialed take part from their `version` on; inbound ones once they show interest, because others would drop
 * what they are sent.
 */
export function setUpGossip({ random }: PeerContext, peer: PeerState): AddressState | undefined {
  if (!peer.node.mayRelayAddresses) return undefined;
  peer.gossip ??= new AddressState(random);
  return peer.gossip;
}

/** Asks a peer that we dialed for addresses, and allows it a long answer. */
export function askForAddresses(context: PeerContext, peer: PeerState): void {
  if (setUpGossip(context, peer) === undefined) return;
  context.send(peer, { type: 'getaddr' });
  peer.isGetAddrOut = true;
  peer.addressTokens.add(ADDRESS_BURST);
}

/**
 * `getaddr`. Answered only for inbound peers: from others an attacker could read back planted addresses, and recognise us.
 */
export function answerGetAddr(context: PeerContext, peer: PeerState): void {
  const { node } = peer;
  if (!node.isInbound) return;
  const gossip = setUpGossip(context, peer);
  if (gossip === undefined) return;
  if (peer.hasAskedForAddresses) {
    context.logger.debug(`Ignoring repeated "getaddr". peer=${node.id}`);
    return;
  }
  peer.hasAskedForAddresses = true;
  gossip.toSend.length = 0;
  const { network } = context;
  const addresses = node.hasPermission('addr')
    ? network.getAddressesUnsafe(MAX_ADDRESSES, MAX_PERCENT_TO_SEND)
    : network.getAddresses(node, MAX_ADDRESSES, MAX_PERCENT_TO_SEND);
  for (const record of addresses) queueAddress(context, peer, record);
}

/** Whether an address fits into the peer's form of address message. */
export function canTakeAddress(peer: PeerState, { service }: PeerAddress): boolean {
  return peer.wantsAddrV2 || service.address.isV1Compatible();
}

/** Adds an address to the next gossip message. */
export function queueAddress({ random }: PeerContext, peer: PeerState, record: PeerAddress): void {
  const { gossip } = peer;
  if (gossip === undefined || !record.service.address.isValid() || !canTakeAddress(peer, record)) return;
  if (gossip.isKnown(record)) return;
  if (gossip.toSend.length < MAX_ADDRESSES) gossip.toSend.push(record);
  else gossip.toSend[uniformBelow(random, MAX_ADDRESSES)] = record;
}

/** Announces our address, and sends queued ones, each if it is time. */
export function maybeSendAddresses(context: PeerContext, peer: PeerState): void {
  const { gossip } = peer;
  if (gossip === undefined) return;
  const nowMs = context.clock.wallTimeMs();
  maybeAnnounceSelf(context, peer, gossip, nowMs);
  if (nowMs <= gossip.nextGossipMs) return;
  gossip.nextGossipMs = nowMs + exponentialMs(context.random, GOSSIP_MEAN_MS);
  const news: PeerAddress[] = [];
  for (const record of gossip.toSend) {
    if (gossip.isKnown(record)) continue;
    gossip.noteKnown(record);
    news.push(record);
  }
  gossip.toSend.length = 0;
  if (news.length > 0) sendAddresses(context, peer, news);
}

function maybeAnnounceSelf(context: PeerContext, peer: PeerState, gossip: AddressState, nowMs: number): void {
  const { network, hooks } = context;
  if (gossip.nextSelfAnnounceMs >= nowMs) return;
  if (!network.isListening || hooks.isInitialBlockDownload?.() === true) return;
  const isFirst = gossip.nextSelfAnnounceMs === 0;
  gossip.nextSelfAnnounceMs = nowMs + exponentialMs(context.random, SELF_ANNOUNCE_MEAN_MS);
  if (!isFirst) gossip.forgetKnown();
  const service = network.getLocalAddrForPeer(peer.node);
  if (service === undefined) return;
  const record = { timeSeconds: context.nowSeconds(), services: peer.ourServices, service };
  // The first announcement is sent alone and at once: of a new peer's message only one address is processed, and ours could
  // be lost among others.
  if (!isFirst) queueAddress(context, peer, record);
  else if (canTakeAddress(peer, record)) sendAddresses(context, peer, [record]);
}

function sendAddresses(context: PeerContext, peer: PeerState, addresses: readonly PeerAddress[]): void {
  context.send(peer, { type: peer.wantsAddrV2 ? 'addrv2' : 'addr', addresses });
}
