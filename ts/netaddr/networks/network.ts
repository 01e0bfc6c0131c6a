// The networks an address can belong to: names, numbers, sizes.
//
// Names are those of Bitcoin Core's options and RPC; numbers are Core's `enum Network` (src/netaddress.h). The
// numbers enter network groups and keyed hashes, so they never change. BIP 155 has numbers of its own (encoding.ts).

/** A network whose addresses can be stored. */
export type NetworkName = 'ipv4' | 'ipv6' | 'onion' | 'i2p' | 'cjdns' | 'internal';

/** What an address counts as; `not_publicly_routable` stands for every address that the internet cannot reach. */
export type NetworkClass = NetworkName | 'not_publicly_routable';

/** A network that a user can name in options: all but `internal`. */
export type PublicNetworkName = Exclude<NetworkName, 'internal'>;

/** Network and raw bytes, which determine every classification. */
export interface RawAddress {
  readonly network: NetworkName;
  readonly bytes: Uint8Array;
}

/** Bytes in a raw address of each network. */
export const NETWORK_BYTES: Readonly<Record<NetworkName, number>> = {
  ipv4: 4,
  ipv6: 16,
  onion: 32,
  i2p: 32,
  cjdns: 16,
  internal: 10,
};

/** The number of each network, as it goes into network groups and keyed hashes. */
export const NETWORK_NUMBERS: Readonly<Record<NetworkClass, number>> = {
  not_publicly_routable: 0,
  ipv4: 1,
  ipv6: 2,
  onion: 3,
  i2p: 4,
  cjdns: 5,
  internal: 6,
};

const PUBLIC_NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** Reads the name of a network, in any case; undefined when there is no such network or it cannot be named. */
export function parseNetworkName(text: string): PublicNetworkName | undefined {
  const name = text.toLowerCase();
  return PUBLIC_NETWORKS.find((network) => network === name);
}
