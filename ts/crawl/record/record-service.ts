// The address and port of a record. A record from a file or another program may name no node at all.

import { Service } from '../../netaddr/service.ts';
import type { CrawlRecord } from './record.ts';

/** The parts of a record that say where the node is. */
export type RecordEndpoint = Pick<CrawlRecord, 'address' | 'port' | 'network'>;

/** The endpoint of a record; undefined when the network it names has no such address. */
export function serviceOfRecord({ address, port, network }: RecordEndpoint): Service | undefined {
  const parsed = Service.tryParse(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`, port);
  // An address that begins with fc is CJDNS only where the record says so.
  const service = network === 'cjdns' ? parsed?.toCJDNSIfInRange() : parsed;
  return service?.address.network === network ? service : undefined;
}
