// The five networks in their fixed order, and the entry for everything else.

/** Networks as the page shows them: class of the mark, word for tables, name for headings. */
export const NETWORKS = [
  { id: 'ipv4', name: 'IPv4' },
  { id: 'ipv6', name: 'IPv6' },
  { id: 'onion', name: 'Onion' },
  { id: 'i2p', name: 'I2P' },
  { id: 'cjdns', name: 'CJDNS' },
] as const;

/** The entry for addresses of this machine and of private networks. */
export const LOCAL = 'local';

/** The word and class of a network. */
export function networkWord(network: string): string {
  return NETWORKS.some(({ id }) => id === network) ? network : network === '' ? '' : LOCAL;
}

/** Words for connection types, in the order of the list. */
export const TYPES = [
  ['inbound', 'inbound'],
  ['outbound-full-relay', 'full relay'],
  ['block-relay-only', 'block relay'],
  ['manual', 'manual'],
  ['feeler', 'feeler'],
  ['addr-fetch', 'addr fetch'],
  ['private-broadcast', 'private broadcast'],
] as const;

/** The word for a type of connection. */
export function typeWord(type: string): string {
  return TYPES.find(([id]) => id === type)?.[1] ?? type;
}
