// The state of transaction relay with one peer: what it wants, what it knows, what waits to be announced. (Bitcoin Core
// src/net_processing.cpp, Peer::TxRelay)

import type { RandomUint32 } from '../../util/random.ts';
import { RollingBloomFilter } from '../../util/hashing/rolling-bloom-filter.ts';
import type { TxAnnouncement } from '../contract/announcements.ts';
import type { BloomFilter } from '../contract/bloom-filter.ts';
import { peerShare } from './peer-share.ts';

/** Remembered announcements per peer, and the rate of false positives. (Core, m_tx_inventory_known_filter) */
const KNOWN_TRANSACTIONS = 50_000;
const KNOWN_FALSE_POSITIVE_RATE = 0.000_001;
/**
 * With very many peers each remembers less, down to this. A full memory is half a megabyte, and thousands of them would fill any
 * machine. A forgotten transaction is at worst announced twice.
 */
const MIN_KNOWN_TRANSACTIONS = 1_000;
/** Most transactions that wait to be announced to one peer. Further ones are dropped: it hears of them from others. */
const MAX_BACKLOG = 50_000;

/** What a `TxRelayState` depends on: `PeerContext` has it. */
export interface TxRelaySurroundings {
  readonly random: RandomUint32;
  readonly peers: { readonly size: number };
}

/** Relay of transactions with one peer. */
export class TxRelayState {
  /** The peer wants transactions. */
  isWanted: boolean;
  /** The peer's `feefilter`: cheaper transactions are not announced to it. */
  feeFilterSatPerKvB = 0n;
  bloomFilter: BloomFilter | undefined;
  /** The peer asked for the whole mempool. (BIP 35) */
  isMempoolWanted = false;
  /** Wall-clock milliseconds. */
  nextInvMs = 0;
  /** `announceTx` numbers transactions; those below this number were announced, or skipped. */
  lastInvSequence = 1;
  readonly backlog: TxAnnouncement[] = [];
  readonly #context: TxRelaySurroundings;
  /** Created on first use. */
  #known: RollingBloomFilter | undefined;

  constructor(isWanted: boolean, context: TxRelaySurroundings) {
    this.isWanted = isWanted;
    this.#context = context;
  }

  /**
   * Whether the peer knows a transaction, from us or because it announced it.
   *
   * @param hash - The hash by which the peer identifies transactions.
   */
  isKnown(hash: Uint8Array): boolean {
    return this.#known?.has(hash) === true;
  }

  noteKnown(hash: Uint8Array): void {
    this.#known ??= new RollingBloomFilter({
      elementCount: knownCapacity(this.#context.peers.size),
      falsePositiveRate: KNOWN_FALSE_POSITIVE_RATE,
      random: this.#context.random,
    });
    this.#known.insert(hash);
  }

  queue(transaction: TxAnnouncement): void {
    if (this.backlog.length < MAX_BACKLOG) this.backlog.push(transaction);
  }
}

/** Announcements to remember for each peer, by the number of peers. */
export function knownCapacity(peerCount: number): number {
  return peerShare(KNOWN_TRANSACTIONS, MIN_KNOWN_TRANSACTIONS, peerCount);
}

/** The next announcements to the inbound peers of each network, by network key. Wall-clock milliseconds. */
export type InboundInvTimes = Map<bigint, number>;
