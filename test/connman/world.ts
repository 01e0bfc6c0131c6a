// Where the `Connman`s of one test live: a network in memory, nodes on it, and peers that speak by hand.

import { Connman } from '../../ts/connman/connman.ts';
import type { NodeView, P2PNode } from '../../ts/connman/node/peer.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { decodeMessage, encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../ts/p2p/messages/version.ts';
import type { Transport } from '../../ts/p2p/transport/transport.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import type { MemoryNetworkOptions, MemoryPeer, MemoryPeerListener } from '../../ts/testing.ts';
import { Greeter } from './greeter.ts';

export const { magic: MAGIC } = CHAIN_PARAMS.regtest;

/** A node and its message processor. */
export interface TestNode {
  connman: Connman;
  greeter: Greeter;
  /** `closedConnection` events: `id reason`. */
  closed: string[];
}

export class World {
  readonly net: MemoryNetwork;
  readonly #nodes: Connman[] = [];

  constructor(options: MemoryNetworkOptions = {}) {
    this.net = new MemoryNetwork(options);
  }

  /** Starts a regtest node that listens on nothing unless told to. */
  async node(options: ConnmanOptions = {}): Promise<TestNode> {
    const node = this.make(options);
    await node.connman.start(node.greeter);
    return node;
  }

  /** A node that is not started. */
  make(options: ConnmanOptions = {}): TestNode {
    const connman: Connman = new Connman({
      chain: 'regtest',
      backend: this.net.createBackend,
      clock: this.net.clock,
      listen: options.bind !== undefined || options.whiteBind !== undefined,
      poisonReceivedBytes: true,
      ...options,
    });
    this.#nodes.push(connman);
    const closed: string[] = [];
    connman.on('closedConnection', ({ node, reason }) => closed.push(`${node.id} ${reason}`));
    return { connman, greeter: new Greeter(), closed };
  }

  /** A peer that connects. */
  connect(to: string, from?: string, transport: Transport = new V1Transport(MAGIC)): WirePeer {
    return new WirePeer(this.net.connect(to, from), transport);
  }

  /** Peers that wait to be dialed. */
  listen(at: string): MemoryPeerListener {
    return this.net.listen(at);
  }

  /** Lets everything happen that is due, promise callbacks included. */
  settle(): Promise<void> {
    return this.net.clock.settle();
  }

  /** Moves the time on in steps, with promise callbacks in between. */
  async pass(ms: number, stepMs: number = ms): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.net.clock.advance(Math.min(stepMs, ms - passed));
      await this.settle();
    }
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#nodes.map((connman) => connman.stop()));
  }
}

/** A remote end that sends and reads messages, and does nothing by itself. */
export class WirePeer {
  readonly socket: MemoryPeer;
  readonly #transport: Transport;

  constructor(socket: MemoryPeer, transport: Transport = new V1Transport(MAGIC)) {
    this.socket = socket;
    this.#transport = transport;
  }

  /** Sends messages in one piece. @returns The bytes they took. */
  send(...messages: Message[]): number {
    const bytes = Buffer.concat(messages.map((message) => this.frame(message)));
    this.socket.send(bytes);
    return bytes.length;
  }

  /** The bytes of one message. */
  frame(message: Message): Uint8Array {
    this.#transport.setMessageToSend(encodeMessage(message));
    return this.flush();
  }

  /** What the transport has to send, its handshake included. */
  flush(): Uint8Array {
    const pieces: Uint8Array[] = [];
    for (;;) {
      const { toSend } = this.#transport.getBytesToSend(false);
      if (toSend.length === 0) return Buffer.concat(pieces);
      pieces.push(toSend.slice());
      this.#transport.markBytesSent(toSend.length);
    }
  }

  /** The messages that came since the last call. */
  messages(): Message[] {
    const bytes = this.socket.take();
    const messages: Message[] = [];
    for (let offset = 0; offset < bytes.length;) {
      const taken = this.#transport.receivedBytes(bytes, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
      if (!this.#transport.receivedMessageComplete()) continue;
      const { type, payload } = this.#transport.getReceivedMessage(0);
      messages.push(decodeMessage(type, payload));
    }
    return messages;
  }

  types(): string[] {
    return this.messages().map(({ type }) => type);
  }

  /** Introduces itself, as somebody who dialed. */
  greet(nonce = 0x1234n): void {
    this.send(versionMessage(nonce), { type: 'verack' });
  }
}

export function versionMessage(nonce = 0x1234n): Message {
  return {
    type: 'version',
    protocolVersion: 70_016,
    services: 9n,
    timeSeconds: 1_700_000_000,
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce,
    userAgent: '/wire:1.0/',
    startHeight: 0,
    relay: false,
  };
}

/** A node as the message processor has it: what users see is the same object, with fewer names. */
export function fromWithin(node: NodeView): P2PNode {
  return node as P2PNode;
}

/** The only node of a connman. */
export function onlyNode(connman: Connman): P2PNode {
  const [node] = [...connman.nodes()].map(fromWithin);
  if (node === undefined || connman.getNodeCount() !== 1) throw new Error(`${connman.getNodeCount()} nodes`);
  return node;
}
