// The state of address gossip with one peer.

import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { RollingBloomFilter } from '../../util/hashing/rolling-bloom-filter.ts';
import { TokenBucket } from '../../util/time/token-bucket.ts';

/** Remembered addresses per peer, and the rate of false positives. (Bitcoin Core src/net_processing.cpp) */
const KNOWN_ADDRESSES = 5_000;
const KNOWN_FALSE_POSITIVE_RATE = 0.001;

/** Addresses of a peer that are processed: on average per second, and in a burst. (Core MAX_ADDR_RATE_PER_SECOND) */
const ADDRESSES_PER_SECOND = 0.1;
export const ADDRESS_BURST = 1_000;
/** A new peer may announce itself only. */
const START_TOKENS = 1;

/** Exists once the peer takes part in gossip. Times are wall-clock milliseconds. */
export class AddressState {
  readonly toSend: PeerAddress[] = [];
  nextGossipMs = 0;
  /** 0 before our first self-announcement. */
  nextSelfAnnounceMs = 0;
  readonly #random: RandomUint32;
  /** Created on first use: it takes 27 KB, and most peers of a large node never gossip. */
  #known: RollingBloomFilter | undefined;

  constructor(random: RandomUint32) {
    this.#random = random;
  }

  /** Whether the peer knows an address, from us or because it sent it. */
  isKnown({ service }: PeerAddress): boolean {
    return this.#known?.has(service.getKey()) === true;
  }

  noteKnown({ service }: PeerAddress): void {
    this.#known ??= new RollingBloomFilter({
      elementCount: KNOWN_ADDRESSES,
      falsePositiveRate: KNOWN_FALSE_POSITIVE_RATE,
      random: this.#random,
    });
    this.#known.insert(service.getKey());
  }

  forgetKnown(): void {
    this.#known?.reset();
  }
}

/** The bucket that limits how many addresses of a peer are processed. */
export function newAddressTokens(nowMs: number): TokenBucket {
  return new TokenBucket({
    capacity: ADDRESS_BURST,
    tokensPerSecond: ADDRESSES_PER_SECOND,
    tokens: START_TOKENS,
    nowMs,
  });
}
