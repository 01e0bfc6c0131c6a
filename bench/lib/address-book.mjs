// Addresses and address books for bench/cases/programs/addrman.mjs, made with the built package.

import { AddrMan } from '../../modules/addrman/addr-man.js';
import { NetAddress } from '../../modules/netaddr/net-address.js';
import { Service } from '../../modules/netaddr/service.js';

export const NOW = 1_700_000_000;

/** Repeatable random words: xorshift32 (Marsaglia 2003). @param {number} seed */
function words(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** A random address in 1.0.0.0 to 9.255.255.255, where all are routable. @param {() => number} random */
export function randomIPv4(random) {
  const word = random();
  return new NetAddress('ipv4', Uint8Array.of(1 + ((word >>> 24) % 9), word >>> 16, word >>> 8, word));
}

/** A random address in 2a00::/8. @param {() => number} random */
export function randomIPv6(random) {
  const bytes = Uint8Array.from({ length: 16 }, () => random());
  bytes[0] = 0x2a;
  return new NetAddress('ipv6', bytes);
}

/** An address as a peer would gossip it. @param {NetAddress} address */
function record(address) {
  return { service: new Service(address, 8333), services: 9n, timeSeconds: NOW };
}

/**
 * As in Bitcoin Core's bench: messages of 256 random addresses from 64 sources.
 * @param {(random: () => number) => NetAddress} randomAddress
 */
export function messages(randomAddress) {
  const random = words(99);
  return Array.from({ length: 64 }, () => ({
    source: randomAddress(random),
    records: Array.from({ length: 256 }, () => record(randomAddress(random))),
  }));
}

/** An empty book on a clock that stands still. @param {import('../../modules/addrman/net-groups.js').NetGroups} [groups] */
export function emptyBook(groups) {
  const key = new Uint8Array(32).fill(7);
  return new AddrMan({ key, clock: { wallTimeMs: () => NOW * 1000 }, ...(groups && { groups }) });
}

/**
 * A book with both tables full except for a hundredth of their slots, with one onion address.
 * @param {number} part - Share of that; 1 for all of it.
 */
export function fullBook(part) {
  const book = emptyBook();
  const random = words(7);
  const onion = new NetAddress('onion', new Uint8Array(32).fill(9));
  book.add([record(onion)], randomIPv4(random));
  while (book.size(undefined, false) < 16_220 * part) {
    const target = record(randomIPv4(random));
    book.add([target], randomIPv4(random));
    book.good(target.service, NOW);
  }
  while (book.size(undefined, true) < 64_880 * part) book.add([record(randomIPv4(random))], randomIPv4(random));
  return book;
}
