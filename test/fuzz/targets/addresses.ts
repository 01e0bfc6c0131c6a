// Addresses, endpoints and subnets as people write them: what is accepted is written back in a form that means the same.

import { Service } from '../../../ts/netaddr/service.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { parseNamedEndpoint } from '../../../ts/netaddr/named-endpoint.ts';
import { splitHostPort } from '../../../ts/netaddr/text/split-host-port.ts';
import { Subnet } from '../../../ts/netaddr/subnet.ts';
import { readVectorCsv } from '../../harness/data/vectors.ts';
import { attempt, bytesOf, same, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const REFUSALS = ['ERR_SOCKMAN_INVALID_ADDRESS', 'ERR_SOCKMAN_INVALID_ARG', 'ERR_SOCKMAN_OUT_OF_RANGE'];

function survives(what: string, text: string, parse: (text: string) => { toString(): string }): void {
  const value = attempt(REFUSALS, () => parse(text));
  if (value === undefined) return;
  const written = value.toString();
  same(`${what} reads otherwise when written`, parse(written).toString(), written);
}

export const target: FuzzTarget = {
  words: ['.onion', '.b32.i2p', '::ffff:', 'fc00::', '/32', '%eth0', 'unix:'],
  seeds() {
    const columns = [
      ...readVectorCsv<'input'>('subnet_parse.csv').map(({ input }) => input),
      ...readVectorCsv<'input'>('split_host_port.csv').map(({ input }) => input),
    ];
    return columns.map(bytesOf);
  },
  run(input) {
    const text = textOf(input);
    survives('an address', text, (from) => NetAddress.parse(from));
    survives('an endpoint', text, (from) => Service.parse(from, 8_333));
    survives('a subnet', text, (from) => Subnet.parse(from, false));
    // Where CJDNS is reachable, ff1f::/6 is written as fc00::/6, which is refused: as in Bitcoin Core.
    attempt(REFUSALS, () => Subnet.parse(text, true));
    attempt(REFUSALS, () => splitHostPort(text, 8_333));
    attempt(REFUSALS, () => parseNamedEndpoint(text, 8_333));
  },
};
