// Where the RPC server listens and who may connect, from the texts of `-rpcbind` and `-rpcallowip`. (Bitcoin Core src/httpserver.cpp)

import { NetAddress } from '../netaddr/net-address.ts';
import { Service } from '../netaddr/service.ts';
import { splitHostPort } from '../netaddr/text/split-host-port.ts';
import { Subnet } from '../netaddr/subnet.ts';

/** Addresses the server listens on by default. */
const LOOPBACK = ['::1', '127.0.0.1'];

/** Where to listen and who may connect, in the words of Bitcoin Core's options. */
export interface EndpointTexts {
  /** `host`, `host:port`, `[v6]:port`; counts only together with `rpcAllowIp`. */
  rpcBind?: readonly string[];
  /** A single IP, `network/prefix`, IPv4 `network/netmask`. */
  rpcAllowIp?: readonly string[];
  /** Port where a text has none. */
  rpcPort: number;
  /** Whether fc00::/8 is CJDNS here; then it is not accepted as a subnet. */
  cjdnsReachable?: boolean;
}

/** Options for `HttpServer` with the warnings to log, or the reason why the start fails. */
export type Endpoints =
  { ok: true; bind: Service[]; allowIp: Subnet[]; warnings: string[] } | { ok: false; errmsg: string };

/** Parses the texts. Binds nothing and looks up no name. */
export function readEndpoints(texts: EndpointTexts): Endpoints {
  const { rpcBind = [], rpcAllowIp = [], rpcPort, cjdnsReachable = false } = texts;
  const allowIp: Subnet[] = [];
  for (const text of rpcAllowIp) {
    const subnet = Subnet.tryParse(text, cjdnsReachable);
    // CJDNS addresses have no subnets, and nobody connects from one by TCP.
    if (subnet === undefined || !(subnet.base.isIPv4() || subnet.base.isIPv6())) {
      const valid =
        'a single IP (e.g. 1.2.3.4), a network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24)';
      return {
        ok: false,
        errmsg: `Invalid -rpcallowip subnet specification: ${text}. Valid values are ${valid}, all IPv4 (0.0.0.0/0), or all IPv6 (::/0).`,
      };
    }
    allowIp.push(subnet);
  }
  const services: Service[] = [];
  for (const text of rpcBind) {
    const service = serviceOf(text, rpcPort);
    if (service === undefined) return { ok: false, errmsg: `Invalid port specified in -rpcbind: '${text}'` };
    services.push(service);
  }
  if (rpcBind.length === 0 || rpcAllowIp.length === 0) {
    return {
      ok: true,
      bind: LOOPBACK.map((host) => serviceOf(host, rpcPort)!),
      allowIp,
      warnings: halfWarning(rpcBind, rpcAllowIp),
    };
  }
  const open = services.filter(({ address }) => address.isBindAny());
  const warnings = open.map(
    (to) => `The RPC server listens at ${to}, for every network: it is not safe to expose it to untrusted ones`,
  );
  return { ok: true, bind: services, allowIp, warnings };
}

/** Warns when only one of the two options was given. */
function halfWarning(rpcBind: readonly string[], rpcAllowIp: readonly string[]): string[] {
  if (rpcBind.length > 0)
    return ['option -rpcbind was ignored because -rpcallowip was not specified, refusing to allow everyone to connect'];
  if (rpcAllowIp.length > 0)
    return ['option -rpcallowip was specified without -rpcbind; this does not usually make sense'];
  return [];
}

function serviceOf(text: string, defaultPort: number): Service | undefined {
  const { host, port, isValid } = splitHostPort(text, defaultPort);
  if (!isValid) return undefined;
  const address = NetAddress.tryParse(host);
  return address === undefined ? undefined : new Service(address, port);
}
