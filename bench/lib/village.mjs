// Thousands of Bitcoin nodes on the network in memory, played by one SockMan: they listen, introduce themselves, answer
// pings and getaddr, and dial out from any address. They follow the protocol and know nothing of blocks.

import { NetAddress } from '../../esm/netaddr/net-address.js';
import { Service } from '../../esm/netaddr/service.js';
import { CHAIN_PARAMS } from '../../esm/p2p/chain-params.js';
import { decodeMessage, encodeMessage } from '../../esm/p2p/messages/registry.js';
import { NO_VERSION_ADDRESS } from '../../esm/p2p/messages/version.js';
import { V1Transport } from '../../esm/p2p/transport/v1.js';
import { SockMan } from '../../esm/sockman/sock-man.js';

const { magic, p2pPort } = CHAIN_PARAMS.regtest;

/** Full blocks, with witnesses: what everybody wants of a peer. */
export const VILLAGE_SERVICES = 9n;

/** First bytes of the addresses: ranges where all is routable. Attackers live apart, so that they can be told by sight. */
const HONEST = { first: 11, count: 89 };
const ATTACKERS = { first: 130, count: 38 };

/**
 * Addresses spread evenly over network groups.
 *
 * @param {number} count
 * @param {number} groups - How many /16.
 * @param {boolean} isAttacker
 * @returns {NetAddress[]}
 */
export function addressesIn(count, groups, isAttacker) {
  const { first, count: firsts } = isAttacker ? ATTACKERS : HONEST;
  return Array.from({ length: count }, (_, index) => {
    const group = index % groups;
    const host = Math.floor(index / groups);
    return new NetAddress(
      'ipv4',
      Uint8Array.of(first + (group % firsts), Math.floor(group / firsts) & 0xff, host >> 8, host & 0xff),
    );
  });
}

/** @param {NetAddress} address */
export const isAttacker = ({ bytes }) => bytes[0] >= ATTACKERS.first;

/** @param {NetAddress} address */
export const toService = (address) => new Service(address, p2pPort);

export class Village extends SockMan {
  /** Who is told to whoever asks: at most 1,000. @type {() => import('../../esm/p2p/messages/addresses.js').PeerAddress[]} */
  gossip = () => [];
  #net;
  #transports = new Map();

  /** @param {import('../../esm/testing.js').MemoryNetwork} net */
  constructor(net) {
    super({ backend: net.createBackend });
    this.#net = net;
    this.startSocketsThreads({ name: 'village' });
  }

  /** @param {Iterable<NetAddress>} addresses - Where a node is to listen. */
  settle(addresses) {
    for (const address of addresses) {
      const result = this.bindAndStartListening(toService(address));
      if (!result.ok) throw new Error(result.errmsg);
    }
  }

  /** Connects to a node as the peer at `address` and introduces itself. @param {NetAddress} address @param {Service} to */
  async visit(address, to) {
    const { nodeId } = await this.connectAndMakeNodeId(to, {
      isImportant: false,
      localAddress: new Service(address, 0),
    });
    if (nodeId === undefined) return;
    this.#transports.set(nodeId, new V1Transport(magic));
    this.#say(nodeId, this.#version());
  }

  async leave() {
    this.interruptNet();
    await this.joinSocketsThreads();
    this.closeSockets();
  }

  eventNewConnectionAccepted(nodeId) {
    this.#transports.set(nodeId, new V1Transport(magic));
    return true;
  }

  eventGotData(nodeId, data) {
    const transport = this.#transports.get(nodeId);
    for (let offset = 0; offset < data.length;) {
      const taken = transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') return this.#forget(nodeId);
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const { type, payload } = transport.getReceivedMessage(0);
      this.#answer(nodeId, decodeMessage(type, payload));
    }
  }

  eventReadyToSend() {
    return false;
  }

  eventGotEOF(nodeId) {
    this.#forget(nodeId);
  }

  eventGotPermanentReadError(nodeId) {
    this.#forget(nodeId);
  }

  #answer(nodeId, message) {
    if (message.type === 'version') this.#say(nodeId, this.#version(), { type: 'verack' });
    else if (message.type === 'ping') this.#say(nodeId, { type: 'pong', nonce: message.nonce });
    else if (message.type === 'getaddr') this.#say(nodeId, { type: 'addr', addresses: this.gossip() });
  }

  #version() {
    return {
      type: 'version',
      protocolVersion: 70_016,
      services: VILLAGE_SERVICES,
      timeSeconds: Math.floor(this.#net.clock.wallTimeMs() / 1_000),
      receiver: NO_VERSION_ADDRESS,
      sender: NO_VERSION_ADDRESS,
      nonce: 1n,
      userAgent: '/village:1/',
      startHeight: 0,
      relay: true,
    };
  }

  #forget(nodeId) {
    this.#transports.delete(nodeId);
    this.closeConnection(nodeId);
  }

  /** Everything fits: socket buffers of the network are larger than the largest answer. */
  #say(nodeId, ...messages) {
    const transport = this.#transports.get(nodeId);
    if (transport === undefined) return;
    for (const message of messages) {
      transport.setMessageToSend(encodeMessage(message));
      for (
        let { toSend } = transport.getBytesToSend(false);
        toSend.length > 0;
        { toSend } = transport.getBytesToSend(false)
      ) {
        const sent = this.sendBytes(nodeId, toSend, false);
        if (sent <= 0) return;
        transport.markBytesSent(sent);
      }
    }
  }
}
