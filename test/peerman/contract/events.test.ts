import { describe, expect, it } from 'vitest';

import type { PeerHooks } from '../../../ts/peerman/index.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import { toHex } from '../../harness/data/vectors.ts';

const HASH = new Uint8Array(32).fill(5);

describe('events', () => {
  it('tell of each message, typed, with its bytes and the time it came', () => {
    const lab = new PeerLab();
    const seen: string[] = [];
    lab.manager.on('message:inv', ({ nodeId, message, payload, receivedMs }) => {
      seen.push(`${nodeId} ${message.items.length} ${toHex(payload).slice(0, 10)} ${receivedMs}`);
    });
    const peer = lab.connectReady();
    peer.ask({ type: 'inv', items: [{ type: 2, hash: HASH }] });
    expect(seen).toEqual(['0 1 0102000000 1700000000000']);
  });

  it('tell of all messages that count, in order, and of no other', () => {
    const lab = new PeerLab();
    const seen: string[] = [];
    lab.manager.on('message', ({ message }) => void seen.push(message.type));
    lab.manager.on('message:unknown', ({ message }) => void seen.push(message.messageType));
    const peer = lab.connect().send({ type: 'ping', nonce: 1n }).shakeHands();
    peer.sendVersion().sendRaw('ping', new Uint8Array(3)).sendRaw('news', new Uint8Array(1)).sendRaw('', HASH);
    peer.send({ type: 'ping', nonce: 2n });
    lab.settle();
    expect(seen).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'unknown', 'news', 'unknown', '', 'ping']);
  });

  it('tell of peers that are ready and gone', () => {
    const hooked: string[] = [];
    const hooks: PeerHooks = {
      onPeerReady: (node) => void hooked.push(`ready ${node.id}`),
      onPeerGone: (nodeId) => void hooked.push(`gone ${nodeId}`),
    };
    const lab = new PeerLab({ hooks });
    const told: string[] = [];
    lab.manager.on('peerReady', ({ nodeId, node }) => void told.push(`ready ${nodeId} ${node.cleanSubVer}`));
    lab.manager.on('peerGone', ({ nodeId }) => void told.push(`gone ${nodeId}`));
    const ready = lab.connectReady();
    const silent = lab.connect();
    lab.drop(silent);
    lab.drop(ready);
    lab.manager.finalizeNode(ready.node);
    expect(told).toEqual(['ready 0 /lab:1.0/', 'gone 1', 'gone 0']);
    expect(hooked).toEqual(['ready 0', 'gone 1', 'gone 0']);
  });

  it('survive a listener that throws, and stop when asked to', () => {
    const lab = new PeerLab();
    let count = 0;
    const stop = lab.manager.on('message', () => {
      count++;
      throw new Error('listener');
    });
    const peer = lab.connectReady();
    expect(peer.node.isSuccessfullyConnected).toBe(true);
    expect(lab.log.filter((line) => line.includes('listener of message threw')).length).toBe(count);
    stop();
    peer.ask({ type: 'ping', nonce: 1n });
    expect(count).toBe(4);
  });
});

describe('send', () => {
  it('sends to peers whose handshake is done, and says whether it did', () => {
    const lab = new PeerLab();
    const early = lab.connect().sendVersion();
    lab.settle();
    const peer = lab.connectReady();
    peer.take();
    const request = { type: 'getdata', items: [{ type: 5, hash: HASH }] } as const;
    expect(lab.manager.send(early.node.id, request)).toBe(false);
    expect(lab.manager.send(peer.node.id, request)).toBe(true);
    expect(peer.take()).toMatchObject([request]);
    peer.node.disconnect('for a test');
    expect(lab.manager.send(peer.node.id, request)).toBe(false);
    expect(lab.manager.send(1_234, request)).toBe(false);
  });

  it('notes which peers we want new blocks from in compact form', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const ask = (announce: number, version = 2n): boolean => {
      lab.manager.send(peer.node.id, { type: 'sendcmpct', announce, version });
      return peer.node.isBip152HighBandwidthTo;
    };
    expect([ask(1), ask(0, 1n), ask(0), ask(1, 1n)]).toEqual([true, true, false, false]);
  });

  it('refuses what a peer would be punished for reading', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const items = Array.from({ length: 50_001 }, () => ({ type: 5, hash: HASH }));
    expect(() => lab.manager.send(peer.node.id, { type: 'getdata', items })).toThrow(RangeError);
  });
});

describe('what an embedder tells', () => {
  it.each([
    [-2, 0],
    [2 ** 31, 0],
    [1.5, 0],
    [NaN, 0],
    ['7', 0],
    [7, -1],
    [7, 2 ** 32],
    [7, 0.5],
    [7, undefined],
  ])('is refused when it is a best block that no version can tell: %s, %s', (height, timeSeconds) => {
    const { manager } = new PeerLab();
    expect(() => manager.setBestBlock(height as number, timeSeconds as number)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  });

  it.each([
    [-1, 0],
    [2 ** 31 - 1, 2 ** 32 - 1],
  ])('is shown to peers when it is a best block at height %i', (height, timeSeconds) => {
    const lab = new PeerLab();
    lab.manager.setBestBlock(height, timeSeconds);
    const peer = lab.connect().sendVersion();
    lab.settle();
    expect(peer.got('version')).toMatchObject([{ startHeight: height }]);
  });

  it.each([new Uint8Array(31), 'ab'.repeat(32), undefined])('is refused when %s is to be a hash', (wrong) => {
    const lab = new PeerLab({ ignoreIncomingTxs: false });
    lab.connectReady();
    const invalid = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' });
    const hash = wrong as Uint8Array;
    expect(() => lab.manager.announceTx({ txid: hash, wtxid: HASH })).toThrow(invalid);
    expect(() => lab.manager.announceTx({ txid: HASH, wtxid: hash })).toThrow(invalid);
    expect(() => lab.manager.abortPrivateBroadcast(hash)).toThrow(invalid);
    expect(lab.manager.getNodeStateStats(0)).toMatchObject({ invToSend: 0 });
  });
});

describe('hooks that throw', () => {
  const fail = (): never => {
    throw new Error('hook');
  };

  it('lose the message that led to them, and nothing else', () => {
    const hooks: PeerHooks = {
      onInv: fail,
      onTx: fail,
      onGetData: fail,
      onNotFound: fail,
      onChainMessage: fail,
      onUnknownMessage: fail,
      onPeerReady: fail,
      onPeerGone: fail,
    };
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    peer.send({ type: 'inv', items: [{ type: 2, hash: HASH }] }, { type: 'headers', headers: [] });
    peer.send({ type: 'getdata', items: [{ type: 2, hash: HASH }] }).sendRaw('news');
    expect(peer.ask({ type: 'ping', nonce: 8n })).toMatchObject([{ type: 'pong', nonce: 8n }]);
    lab.drop(peer);
    expect(lab.log.filter((line) => line.includes('hook')).length).toBe(6);
    expect(lab.manager.getNodeStateStats(0)).toBeUndefined();
  });

  const talkative: PeerHooks = {
    onTx() {},
    isTxKnown: () => false,
    minFeeRate: () => 1_000n,
    blocksToAnnounce: () => undefined,
    orderTxs: (_node, backlog) => backlog,
  };

  it.each([
    ['blocksToAnnounce', ['ping', 'inv', 'getdata', 'feefilter']],
    ['orderTxs', ['ping', 'getdata', 'feefilter']],
    ['isTxKnown', ['ping', 'inv', 'feefilter']],
    ['minFeeRate', ['ping', 'inv', 'getdata']],
    ['onRebroadcastDue', ['ping', 'inv', 'getdata', 'feefilter']],
  ] as const)('in every turn, like %s, cost only what it is asked for', (name, rest) => {
    const lab = new PeerLab({ hooks: { ...talkative, [name]: fail } });
    const peer = lab.connectReady();
    lab.manager.announceTx({ txid: HASH, wtxid: HASH });
    peer.send({ type: 'pong', nonce: peer.got('ping')[0]!.nonce });
    peer.send({ type: 'inv', items: [{ type: 5, hash: new Uint8Array(32) }] });
    lab.pass(16 * 60_000, 60_000);
    const seen = new Set(peer.types);
    expect(['ping', 'inv', 'getdata', 'feefilter'].filter((type) => seen.has(type))).toEqual(rest);
    expect(peer.isGone).toBe(false);
    expect(lab.log.some((line) => line.includes('hook'))).toBe(true);
  });
});

describe('messages that wait', () => {
  function waiting() {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.take();
    peer.send({ type: 'ping', nonce: 1n }, { type: 'ping', nonce: 2n });
    return { lab, peer, process: (signal: AbortSignal) => lab.manager.processMessages(peer.node, signal) };
  }

  it('are processed one at a time, and not again once the network stops', () => {
    const stop = new AbortController();
    const { peer, process } = waiting();
    expect([process(stop.signal), peer.types]).toEqual([true, ['pong']]);
    peer.send({ type: 'ping', nonce: 3n });
    stop.abort();
    expect([process(stop.signal), peer.types]).toEqual([false, ['pong', 'pong']]);
  });

  it('wait on for a peer that does not read its answers', () => {
    const { lab, peer, process } = waiting();
    peer.node.isSendPaused = true;
    expect([process(new AbortController().signal), peer.types]).toEqual([false, []]);
    peer.node.isSendPaused = false;
    lab.settle();
    expect(peer.types).toEqual(['pong', 'pong']);
  });
});

describe('a peer manager', () => {
  it.each([
    null,
    'options',
    { hooks: 'none' },
    { hooks: null },
    { hooks: { onTx: true } },
    { hooks: { onPeerGone: {} } },
    { ignoreIncomingTxs: 'no' },
    { relayAddresses: 0 },
    { reconcileTxs: 1 },
    { privateBroadcast: null },
    { desiredServices: 9n },
  ])('refuses the options %o', (options) => {
    expect(() => new PeerManager(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
  });

  it('takes the hooks of an instance', () => {
    class Embedder implements PeerHooks {
      readonly got: string[] = [];
      onUnknownMessage(_node: unknown, type: string): void {
        this.got.push(type);
      }
    }
    const hooks = new Embedder();
    const lab = new PeerLab({ hooks });
    lab.connectReady().sendRaw('news');
    lab.settle();
    expect(hooks.got).toEqual(['news']);
  });

  it('needs a network, one only', () => {
    const lab = new PeerLab();
    expect(() => lab.manager.attach(lab)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
    const alone = new PeerManager();
    expect(alone.ignoresIncomingTxs).toBe(true);
    expect(new PeerManager({ hooks: { onTx() {} } }).ignoresIncomingTxs).toBe(false);
    const { node } = lab.connect({ type: 'manual' });
    alone.initializeNode(node, 0n);
    expect(() => alone.sendMessages(node)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });

  it('asks for our own transactions to be announced again, every ten to fifteen minutes', () => {
    const times: number[] = [];
    const lab: PeerLab = new PeerLab({
      hooks: { onRebroadcastDue: () => void times.push(lab.clock.wallTimeMs()) },
    });
    lab.connectReady({ version: { protocolVersion: 60_000 } });
    const start = lab.clock.wallTimeMs();
    lab.pass(6 * 3_600_000, 1_000);
    const gaps = times.map((time, index) => (time - (times[index - 1] ?? start)) / 60_000);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...gaps)).toBeLessThan(15.1);
    expect(new Set(gaps).size).toBeGreaterThan(5);
  });

  it('does so earlier when the time of its tasks is skipped, and knows of no other', () => {
    let count = 0;
    const lab = new PeerLab({ hooks: { onRebroadcastDue: () => void count++ } });
    const peer = lab.connectReady();
    lab.manager.skipTaskTime(599_999);
    expect(count).toBe(0);
    lab.manager.skipTaskTime(300_001);
    expect(count).toBe(1);
    lab.settle();
    expect([count, peer.got('ping').length, peer.isGone]).toEqual([1, 1, false]);
    for (const ms of [-1, NaN, Infinity]) expect(() => lab.manager.skipTaskTime(ms)).toThrow(RangeError);
  });
});
