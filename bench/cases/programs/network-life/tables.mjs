// An attacker announces addresses, which all answer, to a node that knows many others: what share of its dials do they get
// at once, and what share of its tried table after a week of feelers?

import { AddrMan } from '../../../../modules/addrman/addr-man.js';
import { parsePeers } from '../../../../modules/addrman/file/peers-reader.js';
import { serializePeers } from '../../../../modules/addrman/file/peers-writer.js';
import { CHAIN_PARAMS } from '../../../../modules/p2p/chain-params.js';
import { VILLAGE_SERVICES, addressesIn, isAttacker, toService } from '../../../lib/village.mjs';
import { bookOptions, randomWords } from './world.mjs';

const { magic } = CHAIN_PARAMS.regtest;

/** Apparent age of the announced addresses. */
const AGE_SECONDS = 3_600;
/** One in ten honest nodes has been connected to, as after some weeks, and three in five are there at a time. */
const TRIED_ONE_IN = 10;
const SHARE_ONLINE = 0.6;
const FEELER_SECONDS = 120;

/** @typedef {{ honest: { addresses: number, groups: number }, draws: number, feelers: number }} TablesPlan */

/** A clock that stands still until it is set. */
class ManualClock {
  seconds = 1_900_000_000;
  wallTimeMs() {
    return this.seconds * 1_000;
  }
}

/** Announces each address from a node in its own network. */
function tell(book, addresses, groups, seconds) {
  for (const [index, address] of addresses.entries()) {
    const record = { service: toService(address), services: VILLAGE_SERVICES, timeSeconds: seconds - AGE_SECONDS };
    book.add([record], addresses[index % groups]);
  }
}

/** The file of a node before the attack. @param {TablesPlan} plan @param {number} seed */
export function bytesBefore({ honest }, seed) {
  const clock = new ManualClock();
  const book = new AddrMan(bookOptions(clock, seed));
  const addresses = addressesIn(honest.addresses, honest.groups, false);
  tell(book, addresses, honest.groups, clock.seconds);
  for (const [index, address] of addresses.entries()) {
    if (index % TRIED_ONE_IN === 0) book.good(toService(address), clock.seconds - AGE_SECONDS);
  }
  return serializePeers(book, magic);
}

/** @param {TablesPlan} plan @param {Uint8Array} before @param {number} seed @param {number} count @param {number} groups */
export function attackTables(plan, before, seed, count, groups) {
  const clock = new ManualClock();
  const outcome = parsePeers(before, magic, bookOptions(clock, seed));
  if (outcome.kind !== 'loaded') throw new Error(outcome.kind);
  const { addrMan: book } = outcome;
  tell(book, addressesIn(count, groups, true), groups, clock.seconds);
  const slots = hostileEntries(book, false).length;
  let chosen = 0;
  for (let draw = 0; draw < plan.draws; draw++) if (isAttacker(book.select().address.service.address)) chosen++;
  sendFeelers(book, clock, plan.feelers, randomWords(seed));
  const triedShare = hostileEntries(book, true).length / book.size(undefined, false);
  return { slots, share: chosen / plan.draws, triedShare };
}

function hostileEntries(book, isTried) {
  return book.getEntries(isTried).filter(({ entry }) => isAttacker(entry.service.address));
}

/**
 * Sends feelers as the outbound policy does, with test before evict. Honest nodes answer three times in five, hostile ones
 * always.
 */
function sendFeelers(book, clock, count, random) {
  for (let feeler = 0; feeler < count; feeler++) {
    clock.seconds += FEELER_SECONDS;
    book.resolveCollisions();
    const { service } = (book.selectTriedCollision() ?? book.select(true))?.address ?? {};
    if (service === undefined) continue;
    book.attempt(service, true);
    if (isAttacker(service.address) || random() < SHARE_ONLINE * 2 ** 32) book.good(service);
  }
}
