// Connections of a `Connman` that are no peers: to Tor's control port, for an onion service of the node.
//
// They run over the node's own sockets and end with them. Only what was dialed here can be handed over as a stream, so that
// no peer's connection leaves the manager's books.

import type { Duplex } from 'node:stream';

import type { Service } from '../netaddr/service.ts';
import type { ConnectOptions, ConnectTarget } from '../sockman/dial/connect-options.ts';
import type { DialResult } from '../sockman/dial/dialer.ts';
import type { SockMan } from '../sockman/sock-man.ts';
import type { TorControlNetwork } from '../tor/tor-control.ts';
import { SockManError } from '../util/errors.ts';

export class ControlNetwork implements TorControlNetwork {
  readonly #sockets: TorControlNetwork;
  /** Dialed, and not handed over yet. */
  readonly #dialed = new Set<number>();

  constructor(sockets: Pick<SockMan, keyof TorControlNetwork>) {
    this.#sockets = sockets;
  }

  /** @see SockMan.connectAndMakeNodeId */
  async connectAndMakeNodeId(to: ConnectTarget, options: ConnectOptions = {}): Promise<DialResult> {
    const result = await this.#sockets.connectAndMakeNodeId(to, options);
    if (result.nodeId !== undefined) this.#dialed.add(result.nodeId);
    return result;
  }

  /** Both ends of a connection that was dialed here; undefined for any other. */
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
