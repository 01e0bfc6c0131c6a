import { describe, expect, it } from 'vitest';

import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';

/** The nonce of the last ping the peer got. */
function lastNonce(peer: LabPeer): bigint {
  return peer.got('ping').at(-1)!.nonce!;
}

describe('pings', () => {
  it('begin right after verack and come every two minutes', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    expect(peer.got('ping')).toHaveLength(1);
    peer.send({ type: 'pong', nonce: lastNonce(peer) });
    lab.pass(120_000, 1_000);
    expect(peer.got('ping')).toHaveLength(1);
    lab.pass(1_000);
    expect(peer.got('ping')).toHaveLength(2);
    expect(lastNonce(peer)).not.toBe(0n);
  });

  it('are not repeated while one is out', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    lab.pass(600_000, 10_000);
    expect(peer.got('ping')).toHaveLength(1);
    expect(peer.stats.pingWaitMs).toBe(600_000);
  });

  it('measure the way there and back', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    expect(peer.node.lastPingTimeMs).toBeUndefined();
    lab.jump(29_000);
    peer.ask({ type: 'pong', nonce: lastNonce(peer) });
    expect([peer.node.lastPingTimeMs, peer.node.minPingTimeMs]).toEqual([29_000, 29_000]);
    expect(peer.stats.pingWaitMs).toBeUndefined();
    lab.manager.sendPings();
    lab.settle();
    lab.jump(9_000);
    peer.send({ type: 'pong', nonce: lastNonce(peer) });
    lab.settle();
    expect([peer.node.lastPingTimeMs, peer.node.minPingTimeMs]).toEqual([9_000, 9_000]);
    lab.manager.sendPings();
    lab.settle();
    lab.jump(20_000);
    peer.send({ type: 'pong', nonce: lastNonce(peer) });
    lab.settle();
    expect([peer.node.lastPingTimeMs, peer.node.minPingTimeMs]).toEqual([20_000, 9_000]);
  });

  it('measure until the pong arrived, not until its turn came', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const nonce = lastNonce(peer);
    lab.clock.advance(1_000);
    peer.send({ type: 'pong', nonce });
    lab.clock.advance(50_000);
    lab.settle();
    expect(peer.node.lastPingTimeMs).toBe(1_000);
  });

  it.each([
    ['too short', new Uint8Array(7), true],
    ['empty', new Uint8Array(0), true],
    ['with a nonce of 0', new Uint8Array(8), true],
    ['with another nonce', new Uint8Array(8).fill(1), false],
  ])('a pong %s cancels: %s', (_what, payload, isCancelled) => {
    const lab = new PeerLab();
    const peer = lab.connectReady().sendRaw('pong', payload);
    lab.settle();
    expect(peer.stats.pingWaitMs === undefined).toBe(isCancelled);
    expect(peer.node.lastPingTimeMs).toBeUndefined();
    expect(peer.isGone).toBe(false);
  });

  it('a pong that nobody asked for changes nothing', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const nonce = lastNonce(peer);
    peer.ask({ type: 'pong', nonce });
    peer.ask({ type: 'pong', nonce }, { type: 'pong', nonce: 0n });
    expect(peer.node.lastPingTimeMs).toBe(0);
    expect(peer.isGone).toBe(false);
  });

  it('without a pong end the connection after twenty minutes, whatever else the peer sends', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    for (let minute = 0; minute < 20; minute++) {
      lab.jump(60_000);
      peer.ask({ type: 'ping', nonce: BigInt(minute) });
      expect(peer.isGone).toBe(false);
    }
    lab.jump(1_000);
    expect(peer.node.disconnectReason).toMatch(/^ping timeout: 12\d\d\.\d{6}s$/);
  });

  it('asked for meanwhile start the twenty minutes anew, and the old pong no longer fits', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const old = lastNonce(peer);
    lab.jump(19 * 60_000);
    lab.manager.sendPings();
    lab.settle();
    lab.jump(2 * 60_000);
    expect(peer.isGone).toBe(false);
    peer.ask({ type: 'pong', nonce: old });
    expect(peer.stats.pingWaitMs).toBe(120_000);
    lab.jump(18 * 60_000 + 1_000);
    expect(peer.isGone).toBe(true);
  });

  it('without a pong leave a connection alone that is too young to be judged', () => {
    const lab = new PeerLab();
    lab.shouldRunInactivityChecks = () => false;
    const peer = lab.connectReady();
    lab.jump(21 * 60_000);
    expect(peer.isGone).toBe(false);
    lab.shouldRunInactivityChecks = () => true;
    lab.settle();
    expect(peer.node.disconnectReason).toMatch(/^ping timeout: 12\d\d\.\d{6}s$/);
  });

  it('measure nothing when the clock was set back meanwhile, and are answered all the same', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const { payload } = encodeMessage({ type: 'pong', nonce: lastNonce(peer) });
    const timeMs = lab.clock.wallTimeMs() - 1;
    peer.sent.push({ type: 'pong', payload, timeMs, rawBytes: 32, rejectReason: undefined });
    lab.settle();
    expect(peer.stats.pingWaitMs).toBeUndefined();
    expect([peer.node.lastPingTimeMs, peer.node.minPingTimeMs]).toEqual([undefined, Infinity]);
  });

  it('to a peer of version 60000 are empty and wait for no answer', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ version: { protocolVersion: 60_000 } });
    lab.pass(60 * 60_000, 60_000);
    expect(peer.got('ping').length).toBeGreaterThan(15);
    expect(peer.got('ping').every(({ raw }) => raw.length === 0)).toBe(true);
    expect(peer.isGone).toBe(false);
  });
});

describe('answers to pings', () => {
  it('echo the nonce', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const answers = peer.ask({ type: 'ping', nonce: 0xffee_ddcc_bbaa_0099n }, { type: 'ping', nonce: 0n });
    expect(answers).toMatchObject([
      { type: 'pong', nonce: 0xffee_ddcc_bbaa_0099n },
      { type: 'pong', nonce: 0n },
    ]);
  });

  it('are not given to short pings, nor to peers of version 60000', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.take();
    for (let length = 0; length < 8; length++) peer.sendRaw('ping', new Uint8Array(length));
    lab.settle();
    expect(peer.types).toEqual([]);
    const old = lab.connectReady({ version: { protocolVersion: 60_000 } });
    expect(old.ask({ type: 'ping', nonce: 1n })).toEqual([]);
    expect(old.isGone).toBe(false);
  });
});

describe('a peer above its share of the memory', () => {
  it('is asked whether it is there when nothing was sent to it for five seconds, with the ping that is out', () => {
    const lab = new PeerLab();
    const [flooder, other] = [lab.connectReady(), lab.connectReady()];
    for (const { node } of [flooder, other]) node.lastSendMs = lab.clock.wallTimeMs();
    flooder.node.received.append(new Uint8Array(17_000_000), 0);
    expect(flooder.node.isReceivePaused).toBe(true);
    lab.pass(5_000, 1_000);
    expect(flooder.got('ping')).toHaveLength(1);
    lab.pass(6_000, 1_000);
    expect(flooder.got('ping')).toHaveLength(2);
    expect(new Set(flooder.got('ping').map(({ nonce }) => nonce)).size).toBe(1);
    // Its pong is that of the first one, and the next question is a new one.
    const nonce = lastNonce(flooder);
    flooder.ask({ type: 'pong', nonce });
    expect(flooder.node.lastPingTimeMs).toBe(11_000);
    lab.pass(6_000, 1_000);
    expect(flooder.got('ping')).toHaveLength(1);
    expect(lastNonce(flooder)).not.toBe(nonce);
    expect(other.got('ping')).toHaveLength(1);
    flooder.node.dropQueues();
  });
});
