// Groups of addresses that likely have one owner: by autonomous system if there is a map, otherwise by address range.
// (Bitcoin Core src/netgroup.cpp)

import { NetAddress } from '../netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../netaddr/networks/network.ts';
import type { AsMap } from './asmap/as-map.ts';

/** Groups addresses. Immutable. */
export class NetGroups {
  /** The map in use; undefined for grouping by range. */
  readonly asMap: AsMap | undefined;

  constructor(asMap?: AsMap) {
    this.asMap = asMap;
  }

  /**
   * The group of an address: `02` and the AS number, four bytes little-endian, where the map has one, so that one AS
   * is one group over IPv4 and IPv6; else as in netaddr/networks/net-group.ts.
   */
  group(address: NetAddress): Uint8Array {
    const asNumber = this.asNumber(address);
    if (asNumber === 0) return address.netGroup();
    const group = new Uint8Array(5);
    group[0] = NETWORK_NUMBERS.ipv6;
    new DataView(group.buffer).setUint32(1, asNumber, true);
    return group;
  }

  /** The autonomous system that announces an address; 0 when unknown, for other networks than IPv4 and IPv6, or without a map. */
  asNumber(address: NetAddress): number {
    if (this.asMap === undefined || (address.network !== 'ipv4' && address.network !== 'ipv6')) return 0;
    const linkedIPv4 = address.getLinkedIPv4();
    if (linkedIPv4 !== undefined) return this.asMap.lookUp(new NetAddress('ipv4', linkedIPv4).getAddrBytes());
    return address.getNetClass() === 'ipv6' ? this.asMap.lookUp(address.bytes) : 0;
  }
}
