// Conversion of addresses between `Service` and the texts of `node:net`.

import { NetAddress } from '../../../netaddr/net-address.ts';
import { Service } from '../../../netaddr/service.ts';
import { zoneName } from '../../../netaddr/text/zone.ts';

export function familyOf({ address }: Service): 4 | 6 {
  return address.network === 'ipv4' ? 4 : 6;
}

/** The address as `node:net` reads it: with the name of the interface where `NetAddress` has its number. */
export function hostOf({ address }: Service): string {
  const text = address.toString();
  if (address.scopeId === 0) return text;
  return `${text.slice(0, text.indexOf('%'))}%${zoneName(address.scopeId) ?? address.scopeId}`;
}

/** An endpoint as `node:net` reports it, its zone by name; undefined for an end that is gone or unnamed. */
export function serviceFrom(host: string | undefined, port: number | undefined): Service | undefined {
  if (host === undefined || port === undefined) return undefined;
  // An interface that has gone away has no number.
  const address = NetAddress.tryParse(host) ?? NetAddress.tryParse(host.split('%')[0]!);
  return address === undefined ? undefined : new Service(address, port);
}
