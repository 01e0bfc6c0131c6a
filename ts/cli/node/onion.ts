// The onion service of `sockman node --tor-control`. (Bitcoin Core src/torcontrol.cpp)

import { join } from 'node:path';

import type { Connman } from '../../connman/connman.ts';
import { parseNamedEndpoint } from '../../netaddr/named-endpoint.ts';
import { Service } from '../../netaddr/service.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import { OnionService } from '../../tor/onion-service.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { UsageError } from '../options.ts';
import { complainingLogger } from '../run.ts';

/** Default port of Tor's control port. (src/torcontrol.h) */
const DEFAULT_CONTROL_PORT = 9_051;

/** The file of the private key, in the chain's folder; Bitcoin Core uses the same name. */
const KEY_FILE = 'onion_v3_private_key';

/** The options of the onion service. */
export interface OnionArguments {
  /** An address, or a name that the node looks up. */
  readonly control: Service | string;
  readonly password: string | undefined;
}

/** @throws {UsageError} The control port is neither an address nor a name, or there is a password without one. */
export function readOnionArguments(
  control: string | undefined,
  password: string | undefined,
): OnionArguments | undefined {
  if (control === undefined) {
    if (password !== undefined) throw new UsageError('--tor-password needs --tor-control');
    return undefined;
  }
  const endpoint = Service.tryParse(control, DEFAULT_CONTROL_PORT) ?? parseNamedEndpoint(control, DEFAULT_CONTROL_PORT);
  if (endpoint === undefined) throw new UsageError(`--tor-control: expected an address or a name, got '${control}'`);
  return { control: endpoint instanceof Service ? endpoint : String(endpoint), password };
}

/**
 * Makes an onion service for a listening node, and tells the node about it. The caller starts it, and stops it before the
 * node.
 */
export function onionServiceOf(
  node: Connman,
  network: ChainName,
  dataDir: string | undefined,
  { control, password }: OnionArguments,
  io: CliIo,
): OnionService {
  const { dataFolder, p2pPort } = CHAIN_PARAMS[network];
  const onion = new OnionService(node.controlNetwork, {
    control,
    password,
    virtualPort: p2pPort,
    target: node.onionTarget!,
    privateKeyFile: dataDir === undefined ? undefined : join(dataDir, dataFolder, KEY_FILE),
    findSocks: !hasOnionProxy(node),
    logger: complainingLogger(io),
  });
  onion.on('socks', (endpoint) => node.useOnionProxy(endpoint));
  onion.on('online', (service) => {
    node.addLocalAddress(service);
    io.print(`onion service at ${service}`);
  });
  onion.on('offline', (service) => node.removeLocalAddress(service));
  return onion;
}

/** A proxy for onion addresses that the user named is preferred to the controlled Tor. */
function hasOnionProxy(node: Connman): boolean {
  return node.getNetworkInfo().networks.some(({ name, proxy }) => name === 'onion' && proxy !== '');
}
