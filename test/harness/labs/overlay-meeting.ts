// One of our nodes and a Bitcoin Core that meet over an overlay network.

import { expect } from 'vitest';

import type { Connman } from '../../../ts/connman/connman.ts';
import type { NodeView } from '../../../ts/connman/node/peer.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { noteProgress, until } from '../until.ts';
import type { Bitcoind, CorePeer } from './bitcoind.ts';

/** How long Core may take to see that a connection has ended, in milliseconds. */
const PARTING_DEADLINE_MS = 120_000;

/** What Core says of a peer, as far as it matters here; `addr` is the text that it was given to dial. */
export type OverlayPeer = CorePeer & { network: string; addrbind: string };

interface LocalAddress {
  address: string;
  port: number;
}

export class OverlayMeeting {
  readonly #node: Connman;
  readonly #core: Bitcoind;

  private constructor(node: Connman, core: Bitcoind) {
    this.#node = node;
    this.#core = core;
  }

  /** Starts our node beside a Core that runs. */
  static async start(node: Connman, core: Bitcoind): Promise<OverlayMeeting> {
    const peers = new PeerManager();
    peers.on('peerReady', noteProgress);
    node.on('closedConnection', noteProgress);
    await node.start(peers);
    return new OverlayMeeting(node, core);
  }

  /** The address of the overlay that Core got, once it has one. */
  async coreAddress(name: RegExp, port: number, deadlineMs: number): Promise<string> {
    const localAddresses = async (): Promise<LocalAddress[]> =>
      (await this.#core.rpc<{ localaddresses: LocalAddress[] }>('getnetworkinfo')).localaddresses;
    await expect
      .poll(localAddresses, { timeout: deadlineMs, interval: 1_000 })
      .toEqual([expect.objectContaining({ address: expect.stringMatching(name), port })]);
    return (await localAddresses())[0]!.address;
  }

  /** Our node's peer, once the handshake is over. */
  get peer(): NodeView | undefined {
    return [...this.#node.nodes()].find(({ isSuccessfullyConnected }) => isSuccessfullyConnected);
  }

  /** Whether the handshake comes about in time. */
  isMet(deadlineMs: number): Promise<boolean> {
    return until('the handshake', () => this.peer !== undefined, deadlineMs).then(
      () => true,
      () => false,
    );
  }

  corePeers(): Promise<OverlayPeer[]> {
    return this.#core.peers() as Promise<OverlayPeer[]>;
  }

  /** Ends the connection from our side, and waits until Core knows. */
  async part(): Promise<void> {
    this.#node.disconnectNode(this.peer!.id);
    await expect.poll(() => this.corePeers(), { timeout: PARTING_DEADLINE_MS }).toEqual([]);
  }
}
