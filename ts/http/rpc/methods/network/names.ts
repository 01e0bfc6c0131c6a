// Names that the help of several methods lists.

/** The networks, in the order in which Bitcoin Core names them. */
export const NETWORK_NAMES = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'] as const;

export const NETWORKS = NETWORK_NAMES.join(', ');
export const NETWORKS_AND_LOCAL = `${NETWORKS}, not_publicly_routable`;

/** Satoshis of an amount in bitcoins, as an integer. */
export function satoshisOf(coins: number): bigint {
  return BigInt(Math.round(coins * 1e8));
}
