// Thousands of Bitcoin nodes on the network in memory, played by one SockMan: they come and go, introduce themselves,
// answer pings and getaddr, and dial out from any address. They follow the protocol and know nothing of blocks.

import { NetAddress } from '../../modules/netaddr/net-address.js';
import { Service } from '../../modules/netaddr/service.js';
import { CHAIN_PARAMS } from '../../modules/p2p/chain-params.js';
import { decodeMessage, encodeMessage } from '../../modules/p2p/messages/registry.js';
import { NO_VERSION_ADDRESS } from '../../modules/p2p/messages/version.js';
import { V1Transport } from '../../modules/p2p/transport/v1.js';
import { SockMan } from '../../modules/sockman/sock-man.js';

const { magic, p2pPort } = CHAIN_PARAMS.regtest;

/** Full blocks, with witnesses: services that all nodes want of a peer. */
export const VILLAGE_SERVICES = 9n;

/**
 * First bytes of the addresses: ranges in which all are routable. Attackers have ranges of their own, by which they are
 * recognized.
 */
const HONEST = { first: 11, count: 89 };
const ATTACKERS = { first: 130, count: 38 };

/**
 * Addresses spread evenly over network groups.
 *
 * @param {number} count
 * @param {number} groups - How many /16.
 * @param {boolean} isAttacker
 * @param {number} [firstGroup] - Groups to leave out, because others use them.
 * @returns {NetAddress[]}
 */
export function addressesIn(count, groups, isAttacker, firstGroup = 0) {
  const { first, count: firsts } = isAttacker ? ATTACKERS : HONEST;
  return Array.from({ length: count }, (_, index) => {
    const group = firstGroup + (index % groups);
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
  /**
   * Makes the answer to `getaddr`: at most 1,000 addresses.
   * @type {() => import('../../modules/p2p/messages/addresses.js').PeerAddress[]}
   */
  gossip = () => [];
  #net;
  #transports = new Map();
  /** Connections of each present node, by the text of its address. @type {Map<string, Set<number>>} */
  #connections = new Map();
  /** The node that a connection belongs to. @type {Map<number, string>} */
  #owners = new Map();

  /** @param {import('../../modules/testing.js').MemoryNetwork} net - Dials to absent nodes get no answer, or a refusal. */
  constructor(net) {
    super({ backend: net.createBackend });
    this.#net = net;
    net.faults = { connect: ({ remote }) => this.#faultAt(remote.address) };
    const result = this.bindAndStartListening(new Service(NetAddress.parse('0.0.0.0'), p2pPort));
    if (!result.ok) throw new Error(result.errmsg);
    this.startSocketsThreads({ name: 'village' });
  }

  /** Adds nodes: from now on they can be reached. @param {Iterable<NetAddress>} addresses */
  arrive(addresses) {
    for (const address of addresses) this.#connections.set(String(address), new Set());
  }

  /** Removes nodes, with all their connections. @param {Iterable<NetAddress>} addresses */
  depart(addresses) {
    for (const address of addresses) {
      for (const nodeId of this.#connections.get(String(address)) ?? []) this.#forget(nodeId);
      this.#connections.delete(String(address));
    }
  }

  /** @param {NetAddress} address */
  isThere(address) {
    return this.#connections.has(String(address));
  }

  #faultAt(address) {
    if (this.isThere(address)) return undefined;
    return address.bytes.at(-1) % 2 === 0 ? 'silent' : 'refused';
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

  eventNewConnectionAccepted(nodeId, me) {
    const owner = String(me.address);
    this.#transports.set(nodeId, new V1Transport(magic));
    this.#owners.set(nodeId, owner);
    this.#connections.get(owner)?.add(nodeId);
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
    this.#connections.get(this.#owners.get(nodeId))?.delete(nodeId);
    this.#owners.delete(nodeId);
    this.closeConnection(nodeId);
  }

  /** Always sends everything: socket buffers of the network are larger than the largest answer. */
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
