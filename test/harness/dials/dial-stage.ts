// A dialing node on a network in memory, and the other side of its dial: a proxy, a bridge, a control port.

import { expect } from 'vitest';

import type { ConnectOptions, ConnectTarget } from '../../../ts/sockman/dial/connect-options.ts';
import type { DialResult } from '../../../ts/sockman/dial/dialer.ts';
import { encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import type { MemoryPeer, MemoryPeerListener } from '../../../ts/testing.ts';
import { ControlPort } from './control-port.ts';
import { bytesOf } from '../peers/handshake.ts';
import { D1_PRIVATE_KEY } from './i2p-destinations.ts';
import { RecordingNode, countTimers } from '../peers/recording-node.ts';
import { SamBridge } from './sam-bridge.ts';

/** A dial that shows its outcome once it has one. */
export interface Dialing {
  result?: DialResult;
  readonly ended: Promise<DialResult>;
}

class DialStage {
  readonly net = new MemoryNetwork();
  readonly pendingTimers = countTimers(this.net.clock);
  readonly node = new RecordingNode({ backend: this.net.createBackend });

  /** @param isStarted - False for a node that the test starts. */
  constructor(isStarted = true) {
    if (isStarted) this.node.startSocketsThreads();
  }

  /** Runs everything that needs no time. */
  settle(): Promise<void> {
    return this.net.clock.settle();
  }

  /** Lets time pass, and runs what becomes due. */
  async pass(ms: number): Promise<void> {
    this.net.clock.advance(ms);
    await this.settle();
  }

  dial(to: ConnectTarget, options: ConnectOptions): Dialing {
    const dialing: Dialing = { ended: this.node.connectAndMakeNodeId(to, options) };
    void dialing.ended.then((result) => (dialing.result = result));
    return dialing;
  }

  /** Ends the node, and checks that it leaves no timer. */
  async end(): Promise<void> {
    this.node.interruptNet();
    expect(this.pendingTimers()).toBe(0);
    await this.node.joinSocketsThreads();
    this.node.closeSockets();
    await this.settle();
    expect(this.pendingTimers()).toBe(0);
  }
}

export const PROXY = '127.0.0.1:9050';
export const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
/** The reply of a SOCKS5 proxy that connected us. */
export const GRANTED = '05000001000000000000';

/** With a scripted SOCKS5 proxy. */
export class ProxyStage extends DialStage {
  readonly proxy: MemoryPeerListener = this.net.listen(PROXY);

  override dial(to: ConnectTarget, options: ConnectOptions = { proxy: PROXY }): Dialing {
    return super.dial(to, options);
  }

  /** The proxy's end of the newest connection to it. */
  async proxyEnd(): Promise<MemoryPeer> {
    await this.settle();
    return this.proxy.peers.at(-1)!;
  }

  /** Sends each of the answers (hex), after the node had time for the one before. */
  async answer(peer: MemoryPeer, ...answers: readonly string[]): Promise<void> {
    for (const answer of answers) {
      peer.send(bytesOf(answer));
      await this.settle();
    }
  }

  /** Takes what the node sent, which must be exactly `we`, and answers `they` (hex). */
  async converse(peer: MemoryPeer, we: string, they: string): Promise<void> {
    await this.settle();
    expect(Buffer.from(peer.take()).toString('hex')).toBe(we.replaceAll(' ', ''));
    await this.answer(peer, they);
  }

  override async end(): Promise<void> {
    await super.end();
    for (const peer of this.proxy.peers) expect(isGone(peer)).toBe(true);
  }
}

/** The SOCKS5 request for a host, in hex. */
export function requestFor(host: string, port: number): string {
  const name = Buffer.from(host);
  const request = [Uint8Array.of(5, 1, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 255)];
  return Buffer.concat(request).toString('hex');
}

/** Whether the node's end of a connection is closed. */
export function isGone(peer: MemoryPeer): boolean {
  return peer.hasEOF || peer.readErrno !== undefined || peer.sendErrno !== undefined;
}

/** With a scripted SAM bridge. */
export class BridgeStage extends DialStage {
  readonly bridge = new SamBridge(this.net);

  /** The requests for sessions since the last call, among all requests. */
  takeSessionRequests(): string[] {
    return this.bridge.takeRequests().filter((request) => request.includes('SESSION CREATE'));
  }

  override async end(): Promise<void> {
    await super.end();
    expect(this.bridge.openSocketCount).toBe(0);
    // Whatever went wrong, the key must not be logged.
    expect(this.node.log.join('\n')).not.toContain(encodeI2PBase64(D1_PRIVATE_KEY).slice(530, 560));
  }
}

/** With a scripted Tor control port. */
export class ControlStage extends DialStage {
  readonly port = new ControlPort(this.net);

  override async end(): Promise<void> {
    await super.end();
    expect(this.port.openSocketCount).toBe(0);
  }
}
