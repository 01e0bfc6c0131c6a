// The commands of an onion service, and where Tor's SOCKS port is. (Tor control-spec, sections 3.9 and 3.27)

import { NetAddress } from '../netaddr/net-address.ts';
import { Service } from '../netaddr/service.ts';
import { TOR_BAD_ARGUMENT, accepted } from './authenticate.ts';
import { TorControlError } from './failure.ts';
import { isOnionKey } from './onion-key-file.ts';
import type { TorReply } from './reply-reader.ts';
import { parseReplyValues } from './reply-values.ts';
import type { TorControl } from './tor-control.ts';

/** Tor's SOCKS port if Tor does not report one. */
export const DEFAULT_TOR_SOCKS = Service.parse('127.0.0.1:9050');

/** Has Tor make a key: Ed25519, version 3 of onion services. */
const NEW_KEY = 'NEW:ED25519-V3';

const SOCKS_LISTENERS = 'net/listeners/socks';

/** What an onion service is to be. */
export interface OnionRequest {
  /** Its private key as Tor wrote it, `ED25519-V3:…`; undefined for a new one. */
  readonly key: string | undefined;
  /** The public port. */
  readonly virtualPort: number;
  /** Where Tor delivers connections. */
  readonly target: Service;
}

/** An onion service. It lives as long as the control connection. */
export interface Onion {
  readonly service: Service;
  /** The private key, where Tor made one. */
  readonly newKey: string | undefined;
}

/**
 * Makes an onion service, with proof-of-work defences where Tor has them.
 *
 * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`: `command-refused`, `command-unknown`, `reply-malformed`, or the
 *   connection ended.
 * @see Bitcoin Core src/torcontrol.cpp, add_onion_cb
 */
export async function addOnion(control: TorControl, { key, virtualPort, target }: OnionRequest): Promise<Onion> {
  const ask = (options: string): Promise<TorReply> =>
    control.command(`ADD_ONION ${key ?? NEW_KEY}${options} Port=${virtualPort},${reachable(target)}`);
  let reply = await ask(' PoWDefensesEnabled=1');
  // A Tor from before the defences calls the argument bad.
  if (reply.code === TOR_BAD_ARGUMENT) reply = await ask('');
  accepted(reply, 'command-refused');

  const values = parseReplyValues(reply.lines.slice(0, -1).join(' '));
  const address = NetAddress.tryParse(`${values.get('ServiceID')}.onion`);
  const newKey = values.get('PrivateKey');
  const isWhole = key !== undefined || (newKey !== undefined && isOnionKey(newKey));
  if (address === undefined || !isWhole) throw new TorControlError('reply-malformed', { detail: 'ADD_ONION' });
  return { service: new Service(address, virtualPort), newKey: key === undefined ? newKey : undefined };
}

/**
 * Asks for Tor's SOCKS listener: the first listener on 127.0.0.1, else the last one, else the default.
 *
 * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`: the connection ended.
 */
export async function socksListener(control: TorControl): Promise<Service> {
  const { lines } = await control.command(`GETINFO ${SOCKS_LISTENERS}`);
  const prefix = `${SOCKS_LISTENERS}=`;
  const line = lines.find((text) => text.startsWith(prefix)) ?? prefix;
  const entries = line.slice(prefix.length).replaceAll('"', '').split(' ');
  const entry = entries.find((text) => text.startsWith('127.0.0.1:')) ?? entries.at(-1)!;
  const listener = Service.tryParse(entry);
  return listener === undefined || listener.unixPath !== undefined || listener.port === 0
    ? DEFAULT_TOR_SOCKS
    : listener;
}

/** A listener on every interface is reached at its loopback address. */
function reachable(target: Service): Service {
  if (target.unixPath !== undefined || !target.address.isBindAny()) return target;
  return new Service(NetAddress.parse(target.address.isIPv4() ? '127.0.0.1' : '::1'), target.port);
}
