// How the vector files write addresses.

import { NetAddress } from '../../ts/netaddr/net-address.ts';

/** An address as the vectors write it: `internal:name` and `(default)` besides text. */
export function vectorAddress(text: string): NetAddress {
  if (text === '(default)') return NetAddress.UNSPECIFIED;
  return text.startsWith('internal:') ? NetAddress.fromInternalName(text.slice(9)) : NetAddress.parse(text);
}
