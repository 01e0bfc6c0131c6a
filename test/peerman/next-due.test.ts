import { describe, expect, it } from 'vitest';

import type { PeerManagerOptions } from '../../ts/peerman/contract/options.ts';
import { FakeChain } from '../harness/peers/fake-chain.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import type { LabPeer, LabPeerOptions } from '../harness/peers/peer-lab.ts';

const STEP_MS = 100;

function answerPings(lab: PeerLab, peer: LabPeer): void {
  for (const { nonce } of peer.got('ping')) peer.send({ type: 'pong', nonce });
  while (lab.manager.processMessages(peer.node, new AbortController().signal));
}

/** Announces a transaction that nobody has heard of. */
function announceAny(lab: PeerLab, seed: number): void {
  const hash = new Uint8Array(32).fill(7);
  new DataView(hash.buffer).setUint32(0, seed);
  lab.manager.announceTx({ txid: hash, wtxid: hash });
}

/** Gives a peer a turn every 100 ms, and counts those that sent something although it was to be left alone. */
function watch(lab: PeerLab, peer: LabPeer, ms: number): { sent: string[]; tooEarly: string[]; longestMs: number } {
  const result = { sent: [] as string[], tooEarly: [] as string[], longestMs: 0 };
  let quietUntilMs = 0;
  answerPings(lab, peer);
  for (let passed = 0; passed < ms && lab.peers.has(peer.node.id); passed += STEP_MS) {
    if (passed % 700 === 0) announceAny(lab, passed);
    lab.clock.advance(STEP_MS);
    peer.received.length = 0;
    const quietMs = lab.manager.sendMessages(peer.node);
    const nowMs = lab.clock.wallTimeMs();
    if (nowMs < quietUntilMs) result.tooEarly.push(...peer.types);
    else quietUntilMs = nowMs + (quietMs ?? 0);
    result.longestMs = Math.max(result.longestMs, quietMs ?? 0);
    result.sent.push(...peer.types);
    answerPings(lab, peer);
  }
  return result;
}

describe('a silent peer', () => {
  const feeRated: PeerManagerOptions = { ignoreIncomingTxs: false, hooks: { minFeeRate: () => 5_000n } };
  const kinds: [string, LabPeerOptions, PeerManagerOptions][] = [
    ['an inbound peer', {}, { ignoreIncomingTxs: false }],
    ['a full-relay peer', { type: 'outbound-full-relay' }, { ignoreIncomingTxs: false }],
    ['a block-relay-only peer', { type: 'block-relay-only' }, {}],
    ['a peer that is told our fee filter', {}, feeRated],
    ['a peer that is told none, because it is for blocks only', { type: 'block-relay-only' }, feeRated],
    ['a peer that is told none, because it may send anything', { permissions: ['forcerelay'] }, feeRated],
  ];

  it.each(kinds)('is left alone a second at most, and never misses anything by it: %s', (_title, options, settings) => {
    const lab = new PeerLab(settings);
    lab.isListening = true;
    const peer = lab.connectReady(options);
    const { sent, tooEarly, longestMs } = watch(lab, peer, 20 * 60_000);
    expect(sent.filter((type) => type === 'ping').length).toBeGreaterThanOrEqual(9);
    if (options.type !== 'block-relay-only') expect(sent.filter((type) => type === 'inv').length).toBeGreaterThan(100);
    expect(tooEarly).toEqual([]);
    expect(longestMs).toBe(1_000);
  });

  it('is asked about every time before its handshake is done', () => {
    const lab = new PeerLab();
    const peer = lab.connect();
    expect(lab.manager.sendMessages(peer.node)).toBeUndefined();
    peer.sendVersion();
    lab.settle();
    expect(lab.manager.sendMessages(peer.node)).toBeUndefined();
  });

  it('is asked about every time if its chain is watched', () => {
    const lab = new PeerLab({ chainView: new FakeChain() });
    expect(lab.manager.sendMessages(lab.connectReady().node)).toBeUndefined();
  });

  it('is asked about every time if the embedder may have a block for it', () => {
    const lab = new PeerLab({ hooks: { blocksToAnnounce: () => undefined } });
    expect(lab.manager.sendMessages(lab.connectReady().node)).toBeUndefined();
  });

  it('gets a turn at once when the embedder pings, accuses it, or has a transaction for one who is told at once', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: false });
    const woken: (number | undefined)[] = [];
    lab.wakeMessageHandler = (node) => void woken.push(node?.id);
    lab.manager.sendPings();
    expect(woken).toEqual([]);
    const [trusted, other] = [lab.connectReady({ permissions: ['noban'] }), lab.connectReady()];
    lab.pass(STEP_MS);
    lab.manager.sendPings();
    lab.manager.misbehaving(other.node.id, 'a test');
    lab.manager.announceTx({ txid: new Uint8Array(32).fill(1), wtxid: new Uint8Array(32).fill(2) });
    expect(woken).toEqual([undefined, other.node.id, trusted.node.id]);
  });
});
