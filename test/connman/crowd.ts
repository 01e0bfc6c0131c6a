// Many nodes of a network in memory, played by one `SockMan`: they listen, introduce themselves and answer pings.

import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { decodeMessage, encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { SockMan } from '../../ts/sockman/sock-man.ts';
import type { MemoryNetwork } from '../../ts/testing.ts';
import { versionMessage } from './world.ts';

const { magic } = CHAIN_PARAMS.regtest;

export class Crowd extends SockMan {
  /** How often each place was connected to. */
  readonly visits = new Map<string, number>();
  readonly #transports = new Map<number, V1Transport>();

  /** @param places - Where a node listens. */
  constructor(net: MemoryNetwork, places: Iterable<string>) {
    super({ backend: net.createBackend });
    for (const place of places) {
      const result = this.bindAndStartListening(Service.parse(place));
      if (!result.ok) throw new Error(result.errmsg);
    }
    this.startSocketsThreads({ name: 'crowd' });
  }

  async leave(): Promise<void> {
    this.interruptNet();
    await this.joinSocketsThreads();
    this.closeSockets();
  }

  override eventNewConnectionAccepted(nodeId: number, me: Service): boolean {
    this.#transports.set(nodeId, new V1Transport(magic));
    this.visits.set(String(me), (this.visits.get(String(me)) ?? 0) + 1);
    return true;
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const transport = this.#transports.get(nodeId)!;
    for (let offset = 0; offset < data.length;) {
      const taken = transport.receivedBytes(data, offset);
      // Somebody who tries V2: to be dialed again with V1.
      if (typeof taken !== 'number') return this.#forget(nodeId);
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const { type, payload } = transport.getReceivedMessage(0);
      const message = decodeMessage(type, payload);
      if (message.type === 'version') this.#say(nodeId, versionMessage(), { type: 'verack' });
      else if (message.type === 'ping') this.#say(nodeId, { type: 'pong', nonce: message.nonce });
    }
  }

  /** Nothing is ever left to be sent. */
  override eventReadyToSend(): boolean {
    return false;
  }

  override eventGotEOF(nodeId: number): void {
    this.#forget(nodeId);
  }

  override eventGotPermanentReadError(nodeId: number): void {
    this.#forget(nodeId);
  }

  #forget(nodeId: number): void {
    this.#transports.delete(nodeId);
    this.closeConnection(nodeId);
  }

  /** A few small messages: they fit into an empty socket buffer. */
  #say(nodeId: number, ...messages: Message[]): void {
    const transport = this.#transports.get(nodeId)!;
    for (const message of messages) {
      transport.setMessageToSend(encodeMessage(message));
      for (let bytes = transport.getBytesToSend(false).toSend; bytes.length > 0;) {
        transport.markBytesSent(this.sendBytes(nodeId, bytes, false));
        bytes = transport.getBytesToSend(false).toSend;
      }
    }
  }
}
