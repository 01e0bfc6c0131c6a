// The zones of IPv6 addresses: the number of an interface by its name, and the reverse.
//
// A name is valid on one host only, so it is converted to the host's number when an address is read. Node knows the numbers
// of interfaces with a link-local address; on Linux /sys/class/net has those of the others, such as `lo`. (RFC 4007 section
// 11; netdevice(7))

import { nodeFs, nodeOs } from '../../util/load-later.ts';

/**
 * The characters of an interface's name, which is also a file name in /sys. Linux allows 15 bytes (IFNAMSIZ), Windows more.
 */
const INTERFACE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,31}$/;

const INTERFACES = '/sys/class/net';

/** The number of an interface of this host; undefined if there is none of that name. */
export function zoneNumber(name: string): number | undefined {
  if (!INTERFACE_NAME.test(name)) return undefined;
  for (const { family, scopeid } of nodeOs().networkInterfaces()[name] ?? []) {
    if (family === 'IPv6' && scopeid > 0) return scopeid;
  }
  return numberInSys(name);
}

/** The name of an interface of this host; undefined if none has the number. */
export function zoneName(number: number): string | undefined {
  for (const [name, infos] of Object.entries(nodeOs().networkInterfaces())) {
    if (infos?.some((info) => info.family === 'IPv6' && info.scopeid === number)) return name;
  }
  try {
    return nodeFs()
      .readdirSync(INTERFACES)
      .find((name) => numberInSys(name) === number);
  } catch {
    return undefined;
  }
}

function numberInSys(name: string): number | undefined {
  try {
    const number = Number(nodeFs().readFileSync(`${INTERFACES}/${name}/ifindex`, 'latin1'));
    return Number.isInteger(number) && number > 0 ? number : undefined;
  } catch {
    // Another system, or no such interface.
    return undefined;
  }
}
