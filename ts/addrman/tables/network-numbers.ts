// Networks as numbers, which is how columns and counts hold them.

import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import { invalidArg } from '../../util/errors/errors.ts';

/** Names of the networks by their numbers. */
export const NETWORK_BY_NUMBER: readonly NetworkClass[] = [
  'not_publicly_routable',
  'ipv4',
  'ipv6',
  'onion',
  'i2p',
  'cjdns',
  'internal',
];

/** Raw bytes of an address, by network number. */
export const BYTES_BY_NUMBER: readonly number[] = NETWORK_BY_NUMBER.map((name) =>
  name === 'not_publicly_routable' ? 0 : NETWORK_BYTES[name],
);

/** How many network numbers there are. */
export const NETWORK_COUNT = NETWORK_BY_NUMBER.length;

/**
 * Numbers of the networks with these names, each once.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: there is no such network.
 */
export function networkNumbers(networks: Iterable<NetworkClass>): number[] {
  const numbers: number[] = [];
  for (const network of networks) {
    const number = NETWORK_NUMBERS[network] as number | undefined;
    if (number === undefined) throw invalidArg('networks', 'names of networks', network);
    if (!numbers.includes(number)) numbers.push(number);
  }
  return numbers;
}
