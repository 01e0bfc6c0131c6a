// What is kept of the relay of transactions with one peer: what it wants, what it knows, what waits to be announced.
// (Bitcoin Core src/net_processing.cpp, Peer::TxRelay)

import type { RandomUint32 } from '../../util/random.ts';
import { RollingBloomFilter } from '../../util/hashing/rolling-bloom-filter.ts';
import type { TxAnnouncement } from '../contract/announcements.ts';
import type { BloomFilter } from '../contract/bloom-filter.ts';

/** Remembered announcements per peer, and how often a new one may look known. (Core, m_tx_inventory_known_filter) */
const KNOWN_TRANSACTIONS = 50_000;
const KNOWN_FALSE_POSITIVE_RATE = 0.000_001;
/**
 * Up to so many peers, as many as a node of Core has; of more, less is remembered each, down to a minimum. Such a memory is
 * half a megabyte, and thousands of peers would fill any machine. What is forgotten is at worst announced twice.
 */
const PEERS_WITH_FULL_MEMORY = 125;
const MIN_KNOWN_TRANSACTIONS = 1_000;
/** Most transactions that wait to be announced to one peer. More are not: it hears of them from others. */
const MAX_BACKLOG = 50_000;

/** What a `TxRelayState` goes by: `PeerContext` has it. */
export interface TxRelaySurroundings {
  readonly random: RandomUint32;
  readonly peers: { readonly size: number };
}

/** Relay of transactions with one peer. */
export class TxRelayState {
  /** The peer wants to hear of transactions. */
  isWanted: boolean;
  /** The peer's `feefilter`: cheaper transactions are not announced to it. */
  feeFilterSatPerKvB = 0n;
  bloomFilter: BloomFilter | undefined;
  /** It asked for everything there is. (BIP 35) */
  isMempoolWanted = false;
  /** Wall-clock milliseconds. */
  nextInvMs = 0;
  /** `announceTx` gives each transaction a number; those below this one were announced, or passed over. */
  lastInvSequence = 1;
  readonly backlog: TxAnnouncement[] = [];
  readonly #context: TxRelaySurroundings;
  /** Made when there is something to remember. */
  #known: RollingBloomFilter | undefined;

  constructor(isWanted: boolean, context: TxRelaySurroundings) {
    this.isWanted = isWanted;
    this.#context = context;
  }

  /** Whether the peer knows of it, by telling us or from us. @param hash - As the peer names transactions. */
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
  const share = Math.floor((KNOWN_TRANSACTIONS * PEERS_WITH_FULL_MEMORY) / Math.max(peerCount, PEERS_WITH_FULL_MEMORY));
  return Math.max(share, MIN_KNOWN_TRANSACTIONS);
}

/** The moments at which the inbound peers of one network are told, by network key. Wall-clock milliseconds. */
export type InboundInvTimes = Map<bigint, number>;
