// Connections of a `Connman` that are not peers: to Tor's control port, for the node's onion service. Names are looked up as
// those of peers.
//
// They run over the node's own sockets and end with them. Only what was dialed here can be handed over as a stream, so that
// no peer's connection leaves the manager's books.

import type { Duplex } from 'node:stream';

import { Service } from '../netaddr/service.ts';
import type { ConnectOptions, ConnectTarget, NamedTarget } from '../sockman/dial/connect-options.ts';
import type { DialResult } from '../sockman/dial/dialer.ts';
import type { TorControlNetwork } from '../tor/tor-control.ts';
import { beforeAbort } from '../util/time/before-abort.ts';
import { SockManError } from '../util/errors/errors.ts';
import { MAX_LOOKUP_RESULTS, mayBeLookedUp } from './settings/name-lookup.ts';
import type { HostLookup } from './settings/name-lookup.ts';

export class ControlNetwork implements TorControlNetwork {
  readonly looksUpNames: boolean;
  readonly #sockets: TorControlNetwork;
  readonly #lookUpHost: HostLookup;
  /** Dialed, but not handed over yet. */
  readonly #dialed = new Set<number>();

  constructor(sockets: TorControlNetwork, { dns, lookUpHost }: { dns: boolean; lookUpHost: HostLookup }) {
    this.#sockets = sockets;
    this.looksUpNames = dns;
    this.#lookUpHost = lookUpHost;
  }

  /** As `SockMan`'s; a name is looked up first, unless a proxy does that. */
  async connectAndMakeNodeId(to: ConnectTarget, options: ConnectOptions = {}): Promise<DialResult> {
    const isName = typeof to === 'object' && 'host' in to && options.proxy === undefined;
    const result = await (isName && this.looksUpNames
      ? this.#dialName(to, options)
      : this.#sockets.connectAndMakeNodeId(to, options));
    if (result.nodeId !== undefined) this.#dialed.add(result.nodeId);
    return result;
  }

  /** Dials the addresses of a name, one after the other. */
  async #dialName({ host, port }: NamedTarget, options: ConnectOptions): Promise<DialResult> {
    const asked = mayBeLookedUp(host) ? this.#lookUpHost(host) : Promise.resolve([]);
    const found = await (options.signal === undefined ? asked : beforeAbort(asked, options.signal));
    const errmsg = `${host}:${port}: ${found === undefined ? 'aborted by the caller' : 'the name has no address'}`;
    const code = found === undefined ? 'aborted' : 'host-unreachable';
    let result: DialResult = { nodeId: undefined, proxyFailed: false, code, errmsg };
    for (const address of (found ?? []).slice(0, MAX_LOOKUP_RESULTS)) {
      result = await this.#sockets.connectAndMakeNodeId(new Service(address, port), options);
      const isOver = result.nodeId !== undefined || result.code === 'interrupted' || result.code === 'aborted';
      if (isOver) break;
    }
    return result;
  }

  /** Both ends of a connection dialed here; undefined for any other. */
  addressesOf(nodeId: number): { local: Service; remote: Service } | undefined {
    return this.#dialed.has(nodeId) ? this.#sockets.addressesOf(nodeId) : undefined;
  }

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: not dialed here, closed, or handed over before. */
  duplex(nodeId: number): Duplex {
    if (!this.#dialed.delete(nodeId)) {
      throw new SockManError('ERR_SOCKMAN_STATE', 'duplex: not dialed here', { connectionId: nodeId });
    }
    return this.#sockets.duplex(nodeId);
  }
}
