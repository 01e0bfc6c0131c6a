// Random addresses for property tests.

import fc from 'fast-check';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { NETWORK_BYTES } from '../../ts/netaddr/networks/network.ts';
import type { NetworkName } from '../../ts/netaddr/networks/network.ts';

/** First bytes with which an address means something special. */
const PREFIXES = [
  [],
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
  [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0],
  [0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43],
  [0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24],
  [0xfc],
  [0xfe, 0x80, 0, 0, 0, 0, 0, 0],
  [0x20, 0x01, 0x0d, 0xb8],
  [0x20, 0x01, 0, 0],
  [0x20, 0x02],
  [0x20, 0x01, 0x04, 0x70],
  [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0],
];

/** Any address of the network, the special ranges well represented. */
function addressOf(network: NetworkName): fc.Arbitrary<NetAddress> {
  const length = NETWORK_BYTES[network];
  const tail = fc.uint8Array({ minLength: length, maxLength: length });
  return fc.tuple(tail, fc.constantFrom(...PREFIXES)).map(([bytes, prefix]) => {
    if (network === 'ipv6') bytes.set(prefix);
    if (network === 'cjdns') bytes[0] = 0xfc;
    return new NetAddress(network, bytes);
  });
}

/** Any address of any network. */
export function anyAddress(): fc.Arbitrary<NetAddress> {
  return fc.constantFrom<NetworkName[]>('ipv4', 'ipv6', 'onion', 'i2p', 'cjdns', 'internal').chain(addressOf);
}
