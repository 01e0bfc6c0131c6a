// First addresses from DNS seeds. (Bitcoin Core src/net.cpp, ThreadDNSAddressSeed)
//
// The operator of a DNS seed learns who asks, and could answer with nodes of their own. So seeds are asked when the address
// book is empty, or when dials from it get nowhere; and a few at a time.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import { beforeAbort } from '../../util/time/before-abort.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle } from '../../util/random.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { AddressSource } from '../settings/address-source.ts';
import type { HostLookup } from '../settings/name-lookup.ts';
import { SEED_SERVICES, seedRecord } from './seed-record.ts';

/** Seeds asked before the next pause. */
const SEEDS_AT_ONCE = 3;
/** As many full-relay peers, fully connected, show that the address book works. */
const ENOUGH_PEERS = 2;
/** How long dials from the address book get before seeds are asked, in milliseconds: a large book gets more. */
const SHORT_WAIT_MS = 11_000;
const LONG_WAIT_MS = 5 * 60_000;
/** From this many addresses on the book is large. */
const LARGE_BOOK = 1_000;
/** How long seed nodes get to be of use, and how often it is looked, in milliseconds. */
const SEED_NODE_WAIT_MS = 30_000;
const SEED_NODE_STEP_MS = 500;
/** How often it is looked whether the network is on again, in milliseconds. */
const INACTIVE_STEP_MS = 1_000;
/** Most addresses taken from the answer of one seed. */
const MAX_SEED_ADDRESSES = 32;

/** Addresses from DNS seeds are made to look this old: not so fresh that they displace what peers tell. */
const AGE_DAYS = { min: 3, max: 7 };

/** DNS seeds are asked by the name, in hexadecimal, for nodes with these services. */
const SEED_NAME_PREFIX = `x${SEED_SERVICES.toString(16)}.`;

/** What asking seeds needs around it. */
export interface SeedHost {
  readonly chain: ChainParams;
  readonly addressBook: AddressSource;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly interrupt: AbortSignal;
  readonly lookUpHost: HostLookup;
  readonly logger: Logger;
  /** Ask all seeds at once, whatever the address book holds. */
  readonly forceDnsSeed: boolean;
  /** Peers that the user gave to ask for addresses go first. */
  readonly hasSeedNodes: boolean;
  /** Names are looked up by a proxy, which gives no list: seeds are then connected to and asked as peers. */
  readonly hasNameProxy: boolean;
  readonly isNetworkActive: boolean;
  /** Full-relay peers whose handshake is done. Block-relay-only ones say nothing about addresses. */
  connectedFullRelayCount(): number;
  /** Asks a peer, by name, for addresses. */
  addAddrFetch(name: string): void;
}

/** Asks DNS seeds as far as it is necessary, and says in Core's words how. Resolves when it is done, or soon after the interrupt. */
export async function askDnsSeeds(host: SeedHost): Promise<void> {
  const { addressBook, logger, random, interrupt } = host;
  const hasPeers = host.hasSeedNodes && (await waitForPeers(host, SEED_NODE_WAIT_MS, SEED_NODE_STEP_MS));
  const seeds = [...host.chain.dnsSeeds];
  shuffle(random, seeds);
  let atOnce = host.forceDnsSeed || addressBook.size() === 0 ? seeds.length : 0;
  if (hasPeers && atOnce === 0) return logger.info('P2P peers available. Finished fetching data from seed nodes.');
  const waitMs = addressBook.size() >= LARGE_BOOK ? LONG_WAIT_MS : SHORT_WAIT_MS;
  let foundCount = 0;
  for (const seed of seeds) {
    if (atOnce === 0) {
      atOnce = SEEDS_AT_ONCE;
      if (addressBook.size() > 0) {
        logger.info(`Waiting ${waitMs / 1_000} seconds before querying DNS seeds.`);
        const isEnough = await waitForPeers(host, waitMs, SHORT_WAIT_MS);
        if (isEnough)
          return logger.info(`P2P peers available. ${foundCount > 0 ? 'Finished' : 'Skipped'} DNS seeding.`);
      }
    }
    while (!host.isNetworkActive && !interrupt.aborted) await sleep(host.clock, INACTIVE_STEP_MS, interrupt);
    if (interrupt.aborted) return;
    logger.info(`Loading addresses from DNS seed ${seed}`);
    foundCount += await askSeed(host, seed);
    atOnce--;
  }
  logger.info(`${foundCount} addresses found from DNS seeds`);
}

/** Waits in steps. @returns Whether there came to be peers enough. */
async function waitForPeers(host: SeedHost, totalMs: number, stepMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < totalMs && !host.interrupt.aborted; waitedMs += stepMs) {
    await sleep(host.clock, Math.min(stepMs, totalMs - waitedMs), host.interrupt);
    if (host.connectedFullRelayCount() >= ENOUGH_PEERS) return true;
  }
  return false;
}

/** @returns How many addresses it knew; those that it is asked for as a peer do not count. */
async function askSeed(host: SeedHost, seed: string): Promise<number> {
  const name = SEED_NAME_PREFIX + seed;
  const found = host.hasNameProxy ? [] : await beforeAbort(host.lookUpHost(name), host.interrupt);
  if (found === undefined) return 0;
  if (found.length === 0) {
    host.addAddrFetch(seed);
    return 0;
  }
  const services = found.slice(0, MAX_SEED_ADDRESSES).map((address) => new Service(address, host.chain.p2pPort));
  const records = services.map((service) => seedRecord(host, service, AGE_DAYS));
  host.addressBook.add(records, NetAddress.fromInternalName(name));
  return records.length;
}
