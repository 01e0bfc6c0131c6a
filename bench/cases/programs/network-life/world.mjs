// Shared parts of the experiments of bench/cases/programs/network-life.mjs: seeded random numbers, a clock that is moved,
// and nodes of ours.

import { Connman } from '../../../../modules/connman/connman.js';
import { PeerManager } from '../../../../modules/peerman/peer-manager.js';

/** Steps of time, in milliseconds: the interval at which a node looks for peers to dial. */
export const STEP_MS = 500;
export const MINUTE_MS = 60_000;

/** Uniform 32-bit words that are a function of the seed (mulberry32). @param {number} seed */
export function randomWords(seed) {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (word ^ (word >>> 14)) >>> 0;
  };
}

/** @param {{ wallTimeMs(): number }} clock */
export const secondsOf = (clock) => Math.floor(clock.wallTimeMs() / 1_000);

/** Options of an address book in which a seed decides all places. */
export function bookOptions(clock, seed) {
  return { clock, random: randomWords(seed), key: new Uint8Array(32).fill(seed & 0xff || 1) };
}

/** @param {import('../../../../modules/testing.js').MemoryNetwork} net @param {number} ms */
export async function pass(net, ms) {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    net.clock.advance(STEP_MS);
    await net.clock.settle();
  }
}

/**
 * Starts a node.
 *
 * @param {import('../../../../modules/testing.js').MemoryNetwork} net
 * @param {import('../../../../modules/addrman/addr-man.js').AddrMan} addressBook
 * @param {number} seed
 * @param {import('../../../../modules/connman/settings/options.js').ConnmanOptions} options
 */
export async function startNode(net, addressBook, seed, options) {
  const common = { clock: net.clock, random: randomWords(seed), addressBook };
  const connman = new Connman({ chain: 'regtest', backend: net.createBackend, ...common, ...options });
  const peerManager = new PeerManager(common);
  await connman.start(peerManager);
  return connman;
}

/** Peers that are meant to stay. @param {Connman} connman */
export const lastingPeers = (connman) => [...connman.nodes()].filter((node) => node.isOutboundOrBlockRelay);
