// Addresses between `Service` and the texts of `node:net`.

import { NetAddress } from '../../../netaddr/net-address.ts';
import { Service } from '../../../netaddr/service.ts';
import { nodeOs } from '../../../util/load-later.ts';

/** Whether `node:net` can have such an address: IPv4, IPv6 (CJDNS is IPv6 to a kernel) or a path. */
export function hasSocketFamily(service: Service): boolean {
  const { network } = service.address;
  return service.unixPath !== undefined || network === 'ipv4' || network === 'ipv6' || network === 'cjdns';
}

export function familyOf({ address }: Service): 4 | 6 {
  return address.network === 'ipv4' ? 4 : 6;
}

/** The address as `node:net` reads it: with the name of the interface where `NetAddress` has its number. */
export function hostOf({ address }: Service): string {
  const text = address.toString();
  if (address.scopeId === 0) return text;
  return `${text.slice(0, text.indexOf('%'))}%${interfaceName(address.scopeId) ?? address.scopeId}`;
}

/** An endpoint as `node:net` reports it; undefined for an end that is gone or has no name. */
export function serviceFrom(host: string | undefined, port: number | undefined): Service | undefined {
  if (host === undefined || port === undefined) return undefined;
  const [text = '', scope] = host.split('%');
  const scopeId = scope === undefined ? 0 : /^\d+$/.test(scope) ? Number(scope) : interfaceNumber(scope);
  const address = NetAddress.tryParse(scopeId === 0 ? text : `${text}%${scopeId}`);
  return address === undefined ? undefined : new Service(address, port);
}

function interfaceName(scopeId: number): string | undefined {
  const isScope = (info: { scopeid?: number }): boolean => info.scopeid === scopeId;
  return Object.entries(nodeOs().networkInterfaces()).find(([, infos]) => infos?.some(isScope))?.[0];
}

function interfaceNumber(name: string): number {
  for (const info of nodeOs().networkInterfaces()[name] ?? []) {
    if (info.family === 'IPv6' && info.scopeid > 0) return info.scopeid;
  }
  return 0;
}
