// Addresses from peers: processed up to a rate, added to the address book, relayed to one or two other peers. (Bitcoin Core
// src/net_processing.cpp, ProcessAddrs; BIP 155)

import type { Service } from '../../netaddr/service.ts';
import type { AddressEntries, PeerAddress } from '../../p2p/messages/addresses.ts';
import { MAX_ADDRESSES } from '../../p2p/messages/addresses.ts';
import { shuffle } from '../../util/random.ts';
import { queueAddress, setUpGossip } from './address-gossip.ts';
import type { PeerContext } from '../state/peer-context.ts';
import { mayHaveUsefulAddressBook } from '../state/desired-services.ts';
import type { PeerState } from '../state/peer-state.ts';
import { relayTargets } from './relay-targets.ts';

/** How old a relayed address may be, and how far in the future its time may be, in seconds. */
const FRESH_SECONDS = 600;
/** Messages with more addresses than this are answers and not relayed. */
const MAX_NEWS_RECORDS = 10;
/** Times up to this one (in 1973) are invalid. */
const LAST_NONSENSE_TIME_SECONDS = 100_000_000;
/** Assumed age of an address with an invalid time. */
const DEFAULT_AGE_SECONDS = 5 * 86_400;
/** Subtracted from the times of gossiped addresses when they enter the address book. */
const HEARSAY_PENALTY_SECONDS = 2 * 3_600;

/** `addr` or `addrv2`: both are accepted, whatever was negotiated. */
export function takeAddresses(
  context: PeerContext,
  peer: PeerState,
  type: 'addr' | 'addrv2',
  entries: AddressEntries,
): void {
  const gossip = setUpGossip(context, peer);
  if (gossip === undefined) return;
  if (entries.count > MAX_ADDRESSES) {
    context.misbehaving(peer, `${type} message size = ${entries.count}`);
    return;
  }
  const { addressBook, network, clock } = context;
  const nowSeconds = context.nowSeconds();
  peer.addressTokens.refill(clock.wallTimeMs());
  // In a random order, so that the sender cannot choose which ones pass the rate limit.
  const order = Array.from({ length: entries.count }, (_, index) => index);
  shuffle(context.random, order);
  const isNews = !peer.isGetAddrOut && entries.count <= MAX_NEWS_RECORDS;
  const wanted: PeerAddress[] = [];
  for (const index of order) {
    if (!peer.addressTokens.tryTake() && !peer.node.hasPermission('addr')) {
      peer.addressesRateLimited++;
      context.counts.addressesRateLimited++;
      continue;
    }
    const record = entries.at(index);
    if (!mayHaveUsefulAddressBook(record.services) && !context.hasDesiredServices(record.services)) continue;
    const address = withSaneTime(record, nowSeconds);
    gossip.noteKnown(address);
    if (isUnwelcome(context, address.service)) continue;
    peer.addressesProcessed++;
    context.counts.addressesProcessed++;
    const isReachable = network.isReachable(address.service.address.getNetwork());
    const isFresh = address.timeSeconds > nowSeconds - FRESH_SECONDS;
    if (isNews && isFresh && address.service.address.isRoutable()) relay(context, peer, address, isReachable);
    if (isReachable) wanted.push(address);
  }
  if (wanted.length > 0) addressBook?.add(wanted, peer.node.addr.address, HEARSAY_PENALTY_SECONDS);
  if (entries.count < MAX_ADDRESSES) peer.isGetAddrOut = false;
  if (peer.node.isAddrFetch && entries.count > 1) peer.node.disconnect('addr-fetch: it answered');
}

function isUnwelcome({ bans }: PeerContext, { address }: Service): boolean {
  return bans !== undefined && (bans.isBanned(address) || bans.isDiscouraged(address));
}

function withSaneTime(record: PeerAddress, nowSeconds: number): PeerAddress {
  const { timeSeconds } = record;
  if (timeSeconds > LAST_NONSENSE_TIME_SECONDS && timeSeconds <= nowSeconds + FRESH_SECONDS) return record;
  return { ...record, timeSeconds: nowSeconds - DEFAULT_AGE_SECONDS };
}

function relay(context: PeerContext, from: PeerState, record: PeerAddress, isReachable: boolean): void {
  if (!context.settings.relaysAddresses || (!isReachable && !record.service.address.isRelayable())) return;
  for (const peer of relayTargets(context, from, record, isReachable)) queueAddress(context, peer, record);
}
