// First addresses from DNS seeds. (Bitcoin Core src/net.cpp, ThreadDNSAddressSeed)
//
// The operator of a DNS seed learns who asks, and could answer with nodes of their own. So seeds are asked only if the
// address book is empty, or if dials from it fail, and a few at a time.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { SEED_SERVICES } from '../../p2p/protocol.ts';
import { beforeAbort } from '../../util/time/before-abort.ts';
import { shuffle } from '../../util/random.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { AddressSource } from '../settings/address-source.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import type { OpenConnections } from './open-connections.ts';
import { seedRecord } from './seed-record.ts';

/** Seeds asked before the next pause. */
const SEEDS_AT_ONCE = 3;
/** This many ready full-relay peers show that the address book works. */
const ENOUGH_PEERS = 2;
/** How long dials from the address book get before seeds are asked, in milliseconds: a large book gets more. */
const SHORT_WAIT_MS = 11_000;
const LONG_WAIT_MS = 5 * 60_000;
/** From this many addresses on the book is large. */
const LARGE_BOOK = 1_000;
/** How long seed nodes get to be of use, and the interval between looks, in milliseconds. */
const SEED_NODE_WAIT_MS = 30_000;
const SEED_NODE_STEP_MS = 500;
/** Interval between looks whether the network is on again, in milliseconds. */
const INACTIVE_STEP_MS = 1_000;
/** Most addresses taken from the answer of one seed. */
const MAX_SEED_ADDRESSES = 32;

/** Addresses from DNS seeds get an age in this range: not so fresh that they displace what peers tell. */
const AGE_DAYS = { min: 3, max: 7 };

/** DNS seeds are asked by the name, in hexadecimal, for nodes with these services. */
const SEED_NAME_PREFIX = `x${SEED_SERVICES.toString(16)}.`;

/** What asking DNS seeds depends on. */
export interface DnsSeedParts {
  readonly settings: Pick<
    ResolvedConnmanOptions,
    'chain' | 'clock' | 'random' | 'logger' | 'lookUpHost' | 'forceDnsSeed' | 'seedNode'
  >;
  readonly addressBook: AddressSource;
  readonly table: Pick<NodeTable, 'countReady'>;
  readonly network: Pick<NetworkState, 'isActive' | 'nameProxy'>;
  /** Asks seeds as peers if they cannot be looked up; undefined if only given peers are dialed. */
  readonly openConnections: Pick<OpenConnections, 'addAddrFetch'> | undefined;
  readonly interrupt: AbortSignal;
}

/** Asks DNS seeds as far as necessary, and logs it in Core's words. Resolves when done, or soon after the interrupt. */
export async function askDnsSeeds(parts: DnsSeedParts): Promise<void> {
  const { settings, addressBook, network, interrupt } = parts;
  const { clock, random, logger } = settings;
  // Seed nodes of the user go first.
  const hasSeedNodes = settings.seedNode.length > 0;
  const hasPeers = hasSeedNodes && (await waitForPeers(parts, SEED_NODE_WAIT_MS, SEED_NODE_STEP_MS));
  const seeds = [...settings.chain.dnsSeeds];
  shuffle(random, seeds);
  let atOnce = settings.forceDnsSeed || addressBook.size() === 0 ? seeds.length : 0;
  if (hasPeers && atOnce === 0) return logger.info('P2P peers available. Finished fetching data from seed nodes.');
  const waitMs = addressBook.size() >= LARGE_BOOK ? LONG_WAIT_MS : SHORT_WAIT_MS;
  let foundCount = 0;
  for (const seed of seeds) {
    if (atOnce === 0) {
      atOnce = SEEDS_AT_ONCE;
      if (addressBook.size() > 0) {
        logger.info(`Waiting ${waitMs / 1_000} seconds before querying DNS seeds.`);
        const isEnough = await waitForPeers(parts, waitMs, SHORT_WAIT_MS);
        if (isEnough)
          return logger.info(`P2P peers available. ${foundCount > 0 ? 'Finished' : 'Skipped'} DNS seeding.`);
      }
    }
    while (!network.isActive && !interrupt.aborted) await sleep(clock, INACTIVE_STEP_MS, interrupt);
    if (interrupt.aborted) return;
    logger.info(`Loading addresses from DNS seed ${seed}`);
    foundCount += await askSeed(parts, seed);
    atOnce--;
  }
  logger.info(`${foundCount} addresses found from DNS seeds`);
}

/** Waits in steps. @returns Whether enough peers were found. */
async function waitForPeers(parts: DnsSeedParts, totalMs: number, stepMs: number): Promise<boolean> {
  const { settings, table, interrupt } = parts;
  for (let waitedMs = 0; waitedMs < totalMs && !interrupt.aborted; waitedMs += stepMs) {
    await sleep(settings.clock, Math.min(stepMs, totalMs - waitedMs), interrupt);
    // Block-relay-only peers do not send addresses.
    if (table.countReady('outbound-full-relay') >= ENOUGH_PEERS) return true;
  }
  return false;
}

/** @returns The number of addresses; those from asking it as a peer do not count. */
async function askSeed(parts: DnsSeedParts, seed: string): Promise<number> {
  const { settings, addressBook, network, openConnections, interrupt } = parts;
  const name = SEED_NAME_PREFIX + seed;
  // A proxy that looks up names returns no list: the seed is then dialed and asked as a peer.
  const hasNameProxy = network.nameProxy !== undefined;
  const found = hasNameProxy ? [] : await beforeAbort(settings.lookUpHost(name), interrupt);
  if (found === undefined) return 0;
  if (found.length === 0) {
    openConnections?.addAddrFetch(seed);
    return 0;
  }
  const services = found.slice(0, MAX_SEED_ADDRESSES).map((address) => new Service(address, settings.chain.p2pPort));
  const records = services.map((service) => seedRecord(settings, service, AGE_DAYS));
  addressBook.add(records, NetAddress.fromInternalName(name));
  return records.length;
}
