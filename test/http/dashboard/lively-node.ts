// A node with peers that talk, in a network in memory whose time is the host's, and its dashboard on a real socket.

import { randomBytes } from 'node:crypto';
import { AddrMan, BanMan, Connman, PeerManager } from '../../../ts/connman.ts';
import type { ConnmanOptions } from '../../../ts/connman.ts';
import { Dashboard } from '../../../ts/dashboard.ts';
import type { DashboardOptions } from '../../../ts/dashboard.ts';
import { HttpServer } from '../../../ts/http.ts';
import { Service } from '../../../ts/index.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { Message } from '../../../ts/p2p/messages/registry.ts';
import type { OutboundMessage, Transport } from '../../../ts/p2p/transport/transport.ts';
import { NO_VERSION_ADDRESS } from '../../../ts/p2p/messages/version.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import type { MemoryPeer } from '../../../ts/testing.ts';

/** Where the node listens, for everybody and for its onion service. */
const HERE = '203.0.113.7:8333';
const HERE_IPV6 = '[2001:db8:4c::7]:8333';
const ONION_HERE = '127.0.0.1:8334';

const { magic } = CHAIN_PARAMS.main;

/** Between two looks of a peer at what came, in milliseconds. */
const LOOK_MS = 100;

/** How a peer is. */
export interface LivelyPeerOptions {
  readonly from: string;
  readonly agent?: string;
  readonly usesV2?: boolean;
  /** What it takes to answer a ping, in milliseconds. */
  readonly pingMs?: number;
  readonly services?: bigint;
  /** Comes in through the onion service. */
  readonly onion?: boolean;
}

/** A peer that greets, answers pings, and says what it is told to. */
class LivelyPeer {
  readonly socket: MemoryPeer;
  readonly #transport: Transport;
  readonly #options: LivelyPeerOptions;
  readonly #queue: OutboundMessage[] = [];
  #isGreeted: boolean;

  /** @param isDialing - It begins; otherwise it waits for the node's `version`. */
  constructor(socket: MemoryPeer, options: LivelyPeerOptions, isDialing = true) {
    this.socket = socket;
    this.#options = options;
    const v2 = { magic, isInitiator: isDialing, randomBytes };
    this.#transport = options.usesV2 === true ? new V2Transport(v2) : new V1Transport(magic);
    this.#isGreeted = isDialing;
    if (isDialing) this.#greet();
  }

  /** Looks at what came. */
  look(): void {
    const transport = this.#transport;
    const bytes = this.socket.take();
    for (let offset = 0; offset < bytes.length;) {
      const taken = transport.receivedBytes(bytes, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const { type, payload } = transport.getReceivedMessage(0);
      this.#heard(decodeMessage(type, payload));
    }
    this.#flush();
  }

  say(...messages: readonly Message[]): void {
    this.#queue.push(...messages.map(encodeMessage));
    this.#flush();
  }

  #heard(message: Message): void {
    if (message.type === 'version') {
      if (!this.#isGreeted) this.#greet();
      this.#isGreeted = true;
      this.say({ type: 'verack' });
    }
    if (message.type !== 'ping') return;
    const { nonce } = message;
    setTimeout(() => this.say({ type: 'pong', nonce }), this.#options.pingMs ?? 20);
  }

  #greet(): void {
    this.#queue.push(versionOf(this.#options));
    this.#flush();
  }

  #flush(): void {
    const { socket } = this;
    if (socket.hasEOF || socket.readErrno !== undefined) return;
    for (;;) {
      const next = this.#queue[0];
      if (next !== undefined && this.#transport.setMessageToSend(next)) this.#queue.shift();
      const { toSend } = this.#transport.getBytesToSend(false);
      if (toSend.length === 0) return;
      socket.send(toSend.slice());
      this.#transport.markBytesSent(toSend.length);
    }
  }
}

/** A user agent may have any characters: bytes are changed behind the encoder, which refuses them. */
function versionOf({ services, agent = '/Satoshi:30.0.0/' }: LivelyPeerOptions): OutboundMessage {
  const place = 'A'.repeat(agent.length);
  const { type, payload } = encodeMessage({
    type: 'version',
    protocolVersion: 70_016,
    services: services ?? 0xc09n,
    timeSeconds: Math.floor(Date.now() / 1_000),
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce: randomBytes(8).readBigUInt64LE(),
    userAgent: place,
    startHeight: 926_000,
    relay: true,
  });
  const bytes = Buffer.from(payload);
  bytes.write(agent, bytes.lastIndexOf(place), 'latin1');
  return { type, payload: bytes };
}

export class LivelyNode {
  readonly network = new MemoryNetwork({ autoRun: true, wallTimeMs: Date.now() });
  readonly connman: Connman;
  readonly peerManager: PeerManager;
  readonly addrMan: AddrMan;
  readonly banMan: BanMan;
  readonly peers: LivelyPeer[] = [];
  server!: HttpServer;
  dashboard!: Dashboard;
  at = '';
  readonly #looking: ReturnType<typeof setInterval>;

  constructor(options: ConnmanOptions = {}) {
    const { clock } = this.network;
    this.addrMan = new AddrMan({ clock });
    this.banMan = new BanMan({ clock });
    this.connman = new Connman({
      chain: 'main',
      backend: this.network.createBackend,
      clock,
      bind: [HERE, HERE_IPV6],
      onionBind: [ONION_HERE],
      externalIp: ['203.0.113.7'],
      discover: false,
      dnsSeed: false,
      fixedSeeds: false,
      noConnect: true,
      maxConnections: 2_000,
      descriptorLimit: 10_000,
      banMan: this.banMan,
      ...options,
    });
    this.peerManager = new PeerManager({
      clock,
      ignoreIncomingTxs: false,
      addressBook: this.addrMan,
      banMan: this.banMan,
    });
    this.#looking = setInterval(() => {
      for (const peer of this.peers) peer.look();
    }, LOOK_MS);
  }

  /** Starts node and server. @param port - 0 for any. */
  async start(options: Partial<DashboardOptions> = {}, port = 0): Promise<void> {
    await this.connman.start(this.peerManager);
    this.serve(options, port);
  }

  /** Starts the server alone: the first, or another one in its place. */
  serve(options: Partial<DashboardOptions> = {}, port = 0): void {
    const { connman, peerManager, addrMan, banMan } = this;
    this.server = new HttpServer({ bind: [`127.0.0.1:${port}`] });
    const shown = { connman, peerManager, addrMan, banMan, httpServer: this.server, chain: 'main' };
    this.dashboard = new Dashboard({ ...shown, ...options });
    this.dashboard.attach(this.server);
    this.at = `http://${this.server.start()[0]}`;
  }

  /** Ends the server as a node does that stops. */
  async stopServer(): Promise<void> {
    await this.server.stop();
    this.dashboard.stop();
  }

  /** Ends the server as a crash does. */
  killServer(): void {
    this.server.interruptNet();
    this.server.closeSockets();
    this.dashboard.stop();
  }

  /** Peers that dial the node. */
  add(...all: readonly LivelyPeerOptions[]): LivelyPeer[] {
    const added = all.map((options) => {
      const socket = this.network.connect(placeFor(options), options.from);
      return new LivelyPeer(socket, options);
    });
    this.peers.push(...added);
    return added;
  }

  /** A peer that the node dials, with a full-relay connection. */
  async dial(options: LivelyPeerOptions): Promise<void> {
    const listener = this.network.listen(options.from);
    const dialing = this.connman.addConnection(options.from, 'outbound-full-relay', options.usesV2);
    this.peers.push(new LivelyPeer(await listener.peerNumber(1), options, false));
    await dialing;
  }

  /** Whether so many peers have introduced themselves. */
  hasReady(count: number): boolean {
    return [...this.connman.nodes()].filter((node) => node.isSuccessfullyConnected).length >= count;
  }

  async stop(): Promise<void> {
    clearInterval(this.#looking);
    if (this.at !== '') this.killServer();
    await this.connman.stop();
  }
}

function placeFor({ from, onion }: LivelyPeerOptions): string {
  if (onion === true) return ONION_HERE;
  return from.startsWith('[') ? HERE_IPV6 : HERE;
}

/** The address that is told to come from a number. */
export function addressOf(number: number): string {
  return `${(number % 200) + 20}.${(number >> 3) % 250}.${number % 250}.${(number * 7) % 250}:${10_000 + (number % 50_000)}`;
}

/** An address for the book. */
export function bookRecord(text: string) {
  return { service: Service.parse(text), services: 9n, timeSeconds: Math.floor(Date.now() / 1_000) };
}
