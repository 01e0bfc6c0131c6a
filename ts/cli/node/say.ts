// A node's output while it runs: lines for people or, as JSON, for programs.

import type { Connman } from '../../connman/connman.ts';
import type { Service } from '../../netaddr/service.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { jsonLine } from '../terminal/json-line.ts';

/** Prints a line for people or an event as JSON. An empty line is for programs only. */
export type Say = (line: string, event: object) => void;

/** A printer on standard output. Events beyond what the reader takes are left out, and counted. */
export function speaker(io: CliIo, isJson: boolean): Say {
  let skippedCount = 0;
  return (line, event) => {
    if (!isJson) {
      if (line !== '') io.print(line);
    } else if (io.isBehind) skippedCount++;
    else {
      if (skippedCount > 0) io.print(jsonLine({ event: 'skipped', lines: skippedCount }));
      skippedCount = 0;
      io.print(jsonLine(event));
    }
  };
}

/** Prints peers that come and go. */
export function tellOfPeers(node: Connman, say: Say): void {
  for (const name of ['inboundConnection', 'outboundConnection'] as const) {
    node.on(name, ({ id, addrName, connectionType }) => {
      say('', { event: 'connected', peer: id, address: addrName, type: connectionType });
    });
  }
  node.on('closedConnection', ({ node: { id, addrName }, reason }) => {
    say('', { event: 'closed', peer: id, address: addrName, reason });
  });
}

/** Prints how well the map of autonomous systems fits, each time that it is checked. */
export function tellOfAsMap(node: Connman, say: Say): void {
  node.on('asMapHealth', ({ asCount, entryCount, unmappedCount }) => {
    const line = `AS map: ${entryCount} addresses in ${asCount} systems, ${unmappedCount} in none`;
    say(line, { event: 'asMapHealth', entryCount, asCount, unmappedCount });
  });
}

/** The HTTP server of a node. */
export interface ShownHttp {
  readonly addresses: readonly Service[];
  /** `user:password@` to show in front of an address, or empty. */
  readonly credentials: string;
  readonly hasDashboard: boolean;
}

/**
 * Prints where a started node and its HTTP server listen.
 *
 * @param companion - Addresses of the second node that it dials; undefined without one.
 */
export function tellOfAddresses(
  node: Connman,
  chain: ChainName,
  companion: readonly string[] | undefined,
  { addresses, credentials: shown, hasDashboard }: ShownHttp,
  say: Say,
): void {
  for (const at of node.listeningAt) {
    const line = `listening at ${at} (${chain}, ${node.backendName})`;
    say(line, { event: 'listening', at, network: chain, backend: node.backendName });
  }
  if (companion !== undefined) {
    say(`dialing a second node of this process at ${companion.join(', ')}`, { event: 'dialing', targets: companion });
  }
  const credentials = shown === '' ? null : shown.slice(0, -1);
  for (const at of addresses) say(`RPC server at http://${shown}${at}/`, { event: 'rpc', at, credentials });
  if (!hasDashboard) return;
  for (const at of addresses) say(`dashboard at http://${shown}${at}/dashboard`, { event: 'dashboard', at });
}
