// A node that knows only a DNS seed, on a network whose nodes come and go: which addresses does it learn, which peers does
// it connect to, and what do its feelers achieve? Then it is restarted, in peace and after floods of addresses.

import { AddrMan } from '../../../../modules/addrman/addr-man.js';
import { parsePeers } from '../../../../modules/addrman/file/peers-reader.js';
import { serializePeers } from '../../../../modules/addrman/file/peers-writer.js';
import { CHAIN_PARAMS } from '../../../../modules/p2p/chain-params.js';
import { MemoryNetwork } from '../../../../modules/testing.js';
import { VILLAGE_SERVICES, Village, addressesIn, isAttacker, toService } from '../../../lib/village.mjs';
import { MINUTE_MS, STEP_MS, bookOptions, lastingPeers, pass, randomWords, secondsOf, startNode } from './world.mjs';

const { magic } = CHAIN_PARAMS.regtest;
const DAY_SECONDS = 86_400;

/** Average times of a node on the network, and away from it: three in five are there at a time. */
const ONLINE_MINUTES = 720;
const OFFLINE_MINUTES = 480;
const SHARE_ONLINE = ONLINE_MINUTES / (ONLINE_MINUTES + OFFLINE_MINUTES);

/** Without a slot for feelers a node has eleven connections less one. */
const SLOTS_WITHOUT_FEELERS = 10;

/** Half of the nodes are in few networks, as with the large hosters. */
const HOSTERS = 8;

/** Number of draws to measure the quality of the addresses that a node would dial. */
const DRAWS = 1_000;
const FULL_RELAY_PEERS = 8;
const ALL_PEERS = 10;

/**
 * `sampleMinutes` are the times of the samples.
 *
 * @typedef {{ addresses: number, groups: number, minutes: number, sampleMinutes: number[], restarts: number, restartMinutes: number,
 *   flood: { addresses: number, groups: number[] } }} LifePlan
 */

/** @param {LifePlan} plan @param {number} seed @param {boolean} hasFeelers */
export async function simulateLife(plan, seed, hasFeelers) {
  const net = new MemoryNetwork({ seed });
  const random = randomWords(seed);
  const everybody = [
    ...addressesIn(plan.addresses / 2, HOSTERS, false),
    ...addressesIn(plan.addresses / 2, plan.groups - HOSTERS, false, HOSTERS),
  ];
  const chance = (share) => random() < share * 2 ** 32;
  const village = new Village(net);
  const isOnline = everybody.map(() => chance(SHARE_ONLINE));
  village.arrive(everybody.filter((_, index) => isOnline[index]));
  const pick = () => everybody[random() % everybody.length];
  const recently = () => secondsOf(net.clock) - (random() % DAY_SECONDS);
  village.gossip = () =>
    Array.from({ length: 1_000 }, () => ({
      service: toService(pick()),
      services: VILLAGE_SERVICES,
      timeSeconds: recently(),
    }));
  const passMinute = async () => {
    for (const [index, address] of everybody.entries()) {
      if (!chance(1 / (isOnline[index] ? ONLINE_MINUTES : OFFLINE_MINUTES))) continue;
      isOnline[index] = !isOnline[index];
      if (isOnline[index]) village.arrive([address]);
      else village.depart([address]);
    }
    await pass(net, MINUTE_MS);
  };

  const addressBook = new AddrMan(bookOptions(net.clock, seed));
  const lookUpHost = async () => Array.from({ length: 32 }, pick);
  const feelers = hasFeelers ? {} : { maxConnections: SLOTS_WITHOUT_FEELERS };
  const connman = await startNode(net, addressBook, seed, { listen: false, dnsSeed: true, lookUpHost, ...feelers });
  let feelerCount = 0;
  connman.on('closedConnection', ({ node }) => {
    if (node.isFeeler && node.version > 0) feelerCount++;
  });

  const samples = [];
  for (let minute = 0; minute <= plan.minutes; minute++) {
    if (plan.sampleMinutes.includes(minute)) samples.push(sample(minute, connman, addressBook, village));
    await passMinute();
  }
  await connman.stop();
  const peace = await restartOften(plan, net, addressBook, seed);
  const floods = new Map();
  for (const groups of plan.flood.groups)
    floods.set(groups, await restartFlooded(plan, net, village, addressBook, seed, groups));
  await village.leave();
  return { samples, feelerCount, peace, floods };
}

/** Result of a restart after hostile addresses were announced, each by a node in its own network. */
async function restartFlooded(plan, net, village, addressBook, seed, groups) {
  const book = reopened(serializePeers(addressBook, magic), net, seed);
  const flood = addressesIn(plan.flood.addresses, groups, true);
  const timeSeconds = secondsOf(net.clock) - 3_600;
  for (const [index, address] of flood.entries()) {
    book.add([{ service: toService(address), services: VILLAGE_SERVICES, timeSeconds }], flood[index % groups]);
  }
  village.arrive(flood);
  const outcome = await restartOften(plan, net, book, seed);
  village.depart(flood);
  let hostile = 0;
  for (let draw = 0; draw < DRAWS; draw++) if (isAttacker(book.select().address.service.address)) hostile++;
  return { ...outcome, drawn: (ALL_PEERS * hostile) / DRAWS };
}

/** An address book after a restart. */
function reopened(bytes, net, seed) {
  const outcome = parsePeers(bytes, magic, bookOptions(net.clock, seed));
  if (outcome.kind !== 'loaded') throw new Error(outcome.kind);
  return outcome.addrMan;
}

/** The state after this many minutes. */
function sample(minute, connman, addressBook, village) {
  const peers = lastingPeers(connman).map(({ addr }) => addr.address);
  const drawn = Array.from({ length: DRAWS }, () => addressBook.select()?.address.service.address);
  const reached = drawn.filter((address) => address !== undefined && village.isThere(address));
  return {
    minute,
    new: addressBook.size(undefined, true),
    tried: addressBook.size(undefined, false),
    peers: peers.length,
    networks: new Set(peers.map((address) => address.netGroup().join('.'))).size,
    reach: (100 * reached.length) / DRAWS,
  };
}

/** Average result of several restarts from the same file: ten peers are a small sample. */
async function restartOften(plan, net, addressBook, seed) {
  const bytes = serializePeers(addressBook, magic);
  const runs = [];
  for (let run = 1; run <= plan.restarts; run++) runs.push(await restart(plan, net, bytes, 1_000 * seed + run));
  const mean = (key) => runs.reduce((sum, outcome) => sum + outcome[key], 0) / runs.length;
  return { seconds: mean('seconds'), failures: mean('failures'), hostile: mean('hostile') };
}

/**
 * Restarts the node with its files except the anchors. How many dials fail, and how long does it take, until it has its
 * full-relay peers; and how many of its ten peers are hostile?
 */
async function restart(plan, net, bytes, seed) {
  const options = { listen: false, dnsSeed: false, fixedSeeds: false };
  const connman = await startNode(net, reopened(bytes, net, seed), seed, options);
  let failures = 0;
  let failuresBefore;
  let seconds;
  connman.on('failedConnection', () => failures++);
  for (let passedMs = STEP_MS; passedMs <= plan.restartMinutes * MINUTE_MS; passedMs += STEP_MS) {
    await pass(net, STEP_MS);
    const count = lastingPeers(connman).filter((node) => node.isSuccessfullyConnected).length;
    if (count >= FULL_RELAY_PEERS) {
      failuresBefore ??= failures;
      seconds ??= passedMs / 1_000;
    }
    if (count >= ALL_PEERS) break;
  }
  const hostile = lastingPeers(connman).filter(({ addr }) => isAttacker(addr.address)).length;
  await connman.stop();
  return { seconds: seconds ?? plan.restartMinutes * 60, failures: failuresBefore ?? failures, hostile };
}
