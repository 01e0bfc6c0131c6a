// Our node on regtest, which talks to other programs and records what happens.

import { afterAll, afterEach, expect } from 'vitest';

import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { Connman } from '../../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import { Services } from '../../../ts/p2p/protocol.ts';
import type { PeerNetwork } from '../../../ts/connman/contract/net-events.ts';
import type { PeerManagerEvents } from '../../../ts/peerman/contract/events.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { DEADLINE_MS } from '../until.ts';
import type { Bitcoind } from './bitcoind.ts';

/** Without these Bitcoin Core closes connections that it dialed. */
export const FULL_NODE = Services.NETWORK | Services.WITNESS;

/** `expect.poll` with patience: for what only shows in the answers of another program. */
export function eventually<Value>(read: () => Value) {
  return expect.poll(read, { timeout: DEADLINE_MS });
}

/** Lets a test send raw payloads that no ordinary peer manager would send. */
class OpenPeerManager extends PeerManager {
  network!: PeerNetwork;

  override attach(network: PeerNetwork): void {
    this.network = network;
    super.attach(network);
  }
}

/** Makes no automatic dials, offers a full node's services, and takes transactions. */
export class RegtestNode {
  readonly addressBook = new AddrMan({ checkRatio: 1 });
  readonly connman: Connman;
  readonly peers: OpenPeerManager;
  /** Why peers were found to misbehave, and why connections ended. */
  readonly misbehaviour: string[] = [];
  readonly closed: string[] = [];

  private constructor(options: ConnmanOptions) {
    const { addressBook } = this;
    this.connman = new Connman({
      chain: 'regtest',
      noConnect: true,
      localServices: FULL_NODE,
      addressBook,
      ...options,
    });
    this.peers = new OpenPeerManager({ ignoreIncomingTxs: false, addressBook });
    this.peers.on('misbehaving', ({ reason }) => this.misbehaviour.push(reason));
    this.connman.on('closedConnection', ({ reason }) => this.closed.push(reason));
  }

  static async start(options: ConnmanOptions = {}): Promise<RegtestNode> {
    const node = new RegtestNode(options);
    await node.connman.start(node.peers);
    return node;
  }

  /** Starts a node that listens on loopback. */
  static startListening(options: ConnmanOptions = {}): Promise<RegtestNode> {
    return RegtestNode.start({ bind: ['127.0.0.1:0'], ...options });
  }

  /** The address on which it listens. */
  get address(): string {
    return String(this.connman.listeningAt[0]);
  }

  /** The next event of that name. Messages in it are only good until the handler returns: copy bytes that are kept. */
  next<Name extends keyof PeerManagerEvents>(name: Name): Promise<PeerManagerEvents[Name]> {
    return new Promise((resolve) => {
      const stop = this.peers.on(name, (event) => {
        stop();
        resolve(event);
      });
    });
  }

  /** Dials, and waits until the handshake is done. @returns The node id. */
  async dial(address: string, usesV2: boolean): Promise<number> {
    const ready = this.next('peerReady');
    if (!(await this.connman.connectTo(address, usesV2))) throw new Error(`${address} cannot be dialed`);
    return (await ready).nodeId;
  }

  stop(): Promise<void> {
    return this.connman.stop();
  }
}

/**
 * Nodes of ours, each for one test, beside nodes of Core for all of a suite; to be called in its `describe`. After each
 * test ours are stopped and Core's have no peer left, after the last Core's are stopped as well.
 *
 * @param cores - Asked after each test, as the suite starts them later than it calls this.
 * @returns Starts a node of ours.
 */
export function nodesBeside(
  cores: () => readonly (Bitcoind | undefined)[],
): (options?: ConnmanOptions) => Promise<RegtestNode> {
  const running: RegtestNode[] = [];
  afterEach(async () => {
    for (const node of running.splice(0)) await node.stop();
    for (const core of cores()) await eventually(() => core?.peers()).toEqual([]);
  });
  afterAll(async () => {
    for (const core of cores()) await core?.stop();
  });
  return async (options) => {
    const node = await RegtestNode.start(options);
    running.push(node);
    return node;
  };
}
