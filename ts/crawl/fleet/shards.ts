// The shard of an address is that of its group, so that one worker limits the dial rate of the whole group.

import type { AsMap } from '../../addrman/asmap/as-map.ts';
import type { Service } from '../../netaddr/service.ts';
import { networkNumberOf } from '../frontier/address-table.ts';
import { groupKeyOf } from '../frontier/group-key.ts';
import { SHARD_COUNT } from './bus/fleet-bus.ts';

/** Golden ratio of 2^32: neighbouring keys land far apart. (Knuth's multiplicative hash) */
const MULTIPLIER = 0x9e37_79b1;

/**
 * The shard of an address: the same at every worker that has the same AS map.
 *
 * @param network - Number of the network.
 * @param offset - Where in `address` the address begins.
 */
export function shardOf(asMap: AsMap | undefined, network: number, address: Uint8Array, offset: number = 0): number {
  const key = groupKeyOf(asMap, network, address, offset);
  const folded = (key >>> 0) ^ Math.floor(key / 2 ** 32);
  return (Math.imul(folded, MULTIPLIER) >>> 16) % SHARD_COUNT;
}

/** As `shardOf`. */
export function shardOfService(asMap: AsMap | undefined, { address }: Service): number {
  return shardOf(asMap, networkNumberOf(address), address.bytes);
}
