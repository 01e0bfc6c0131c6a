import { describe, expect, it } from 'vitest';

import { MAX_MONEY_SAT } from '../../../ts/p2p/protocol.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { HIGHEST_FEE_LEVEL, feeLevels, roundFee } from '../../../ts/peerman/transactions/fee-filter.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';

const levels = [...feeLevels()];

describe('the levels', () => {
  it('are 0 and 129 more, from 50 to 9,936,506', () => {
    expect(levels).toHaveLength(130);
    expect(levels.slice(0, 5)).toEqual([0n, 50n, 55n, 60n, 66n]);
    expect(levels.at(-1)).toBe(9_936_506n);
    expect(HIGHEST_FEE_LEVEL).toBe(9_936_506n);
  });

  it('are reached upwards on one draw, downwards on two', () => {
    expect([0, 1, 2].map((draw) => roundFee(0n, draw))).toEqual([0n, 0n, 0n]);
    expect([0, 1, 2].map((draw) => roundFee(1n, draw))).toEqual([50n, 0n, 0n]);
    expect([0, 1, 2].map((draw) => roundFee(50n, draw))).toEqual([50n, 0n, 0n]);
    expect([0, 1, 2].map((draw) => roundFee(51n, draw))).toEqual([55n, 50n, 50n]);
    for (const beyond of [9_936_507n, MAX_MONEY_SAT]) {
      expect([0, 1, 2].map((draw) => roundFee(beyond, draw))).toEqual([9_936_506n, 9_936_506n, 9_936_506n]);
    }
  });
});

describe('feefilter', () => {
  let rate = 1_000n;
  let isCatchingUp = false;
  const hooks = { onTx() {}, minFeeRate: () => rate, isInitialBlockDownload: () => isCatchingUp };

  function connect(options: Parameters<PeerLab['connectReady']>[0] = {}, extra = {}): LabPeer {
    rate = 1_000n;
    isCatchingUp = false;
    return new PeerLab({ hooks, ...extra }).connectReady(options);
  }

  function sent(peer: LabPeer): bigint[] {
    return peer.got('feefilter').map(({ feeRateSatPerKvB }) => feeRateSatPerKvB);
  }

  it('is sent after the handshake, rounded, up in one of three', () => {
    const first = Array.from({ length: 1 }, () => sent(connect()));
    expect(first.flat()).toHaveLength(1);
    rate = 1_000n;
    const lab = new PeerLab({ hooks });
    const rates = Array.from({ length: 900 }, () => sent(lab.connectReady())[0]!);
    const [below, above] = [levels.findLast((level) => level < 1_000n)!, levels.find((level) => level >= 1_000n)!];
    expect(new Set(rates)).toEqual(new Set([below, above]));
    const share = rates.filter((value) => value === above).length / rates.length;
    expect(share).toBeGreaterThan(0.28);
    expect(share).toBeLessThan(0.39);
  });

  it('never asks for less than we relay, and for that to the satoshi', () => {
    rate = 0n;
    expect(sent(new PeerLab({ hooks }).connectReady())).toEqual([100n]);
    // 12,345 is none of the levels.
    expect(sent(new PeerLab({ hooks, minRelayFeeRate: 12_345n }).connectReady())).toEqual([12_345n]);
    rate = 13_000n;
    expect(sent(new PeerLab({ hooks, minRelayFeeRate: 12_345n }).connectReady())[0]).toBeOneOf(levels);
  });

  it('is left out while there is nothing to keep out', () => {
    rate = 0n;
    const peer = new PeerLab({ hooks, minRelayFeeRate: 0n }).connectReady();
    expect(sent(peer)).toEqual([]);
  });

  it('is sent without a mempool where a lowest rate is given, and not otherwise', () => {
    const onTx = (): void => {};
    expect(sent(new PeerLab({ hooks: { onTx }, minRelayFeeRate: 1_000n }).connectReady())).toEqual([1_000n]);
    expect(sent(new PeerLab({ hooks: { onTx } }).connectReady())).toEqual([]);
  });

  it('takes no rate that is no amount of money', () => {
    for (const minRelayFeeRate of [-1n, MAX_MONEY_SAT + 1n]) {
      expect(() => new PeerManager({ minRelayFeeRate })).toThrow(/minRelayFeeRate: expected 0\.\.2100000000000000/);
    }
    expect(() => new PeerManager({ minRelayFeeRate: 100 as never })).toThrow(/minRelayFeeRate: expected a bigint/);
  });

  it('is not repeated while it is the same, and comes again in ten minutes or so when it is not', () => {
    const peer = connect();
    peer.take();
    const times: number[] = [];
    for (let step = 0; step < 3_000; step++) {
      rate = 1_000n + BigInt(step % 2) * 200n;
      peer.send({ type: 'pong', nonce: peer.got('ping').at(-1)?.nonce ?? 0n });
      peer.lab.jump(60_000);
      if (sent(peer).length > 0) times.push(step);
      peer.take();
    }
    expect(times.length).toBeGreaterThan(3_000 / 25);
    expect(times.length).toBeLessThan(3_000 / 8);
  });

  it('comes within five minutes of a large change', () => {
    for (const changed of [700n, 1_500n]) {
      for (let attempt = 0; attempt < 5; attempt++) {
        const peer = connect();
        peer.take();
        rate = changed;
        peer.lab.pass(301_000, 1_000);
        expect(sent(peer).length).toBeGreaterThan(0);
      }
    }
  });

  it.each<[string, (sent: bigint) => bigint, boolean]>([
    ['three quarters', (told) => (3n * told) / 4n, false],
    ['less than three quarters', (told) => (3n * told) / 4n - 1n, true],
    ['four thirds', (told) => (4n * told) / 3n, false],
    ['more than four thirds', (told) => (4n * told) / 3n + 1n, true],
  ])('comes early, or not, when the rate changes to %s of it', (_what, changed, isEarly) => {
    rate = 1_000n;
    const lab = new PeerLab({ hooks });
    const all = Array.from({ length: 100 }, () => lab.connectReady());
    const [told] = sent(all[0]!);
    const alike = all.filter((peer) => sent(peer)[0] === told);
    rate = changed(told!);
    lab.pass(320_000, 5_000);
    const share = alike.filter((peer) => sent(peer).length > 1).length / alike.length;
    // Of those that wait for their time, with a mean of ten minutes, four in ten have it by then.
    if (isEarly) expect(share).toBe(1);
    else expect(share).toBeLessThan(0.7);
  });

  it('lets nothing through while catching up, and tells the end of that at once', () => {
    connect();
    isCatchingUp = true;
    const peer = new PeerLab({ hooks }).connectReady();
    expect(sent(peer)).toEqual([HIGHEST_FEE_LEVEL]);
    isCatchingUp = false;
    peer.take();
    peer.lab.pass(100);
    expect(sent(peer)).toHaveLength(1);
    expect(sent(peer)[0]).toBeLessThan(1_100n);
  });

  it.each([
    ['on a block-relay-only connection', { type: 'block-relay-only' }, {}],
    ['to a peer with the forcerelay permission', { permissions: ['forcerelay'] }, {}],
    ['to a peer of version 70012', { version: { protocolVersion: 70_012 } }, {}],
    ['when we take no transactions', {}, { ignoreIncomingTxs: true }],
    ['without a rate', {}, { hooks: { onTx() {} } }],
  ] as const)('is not sent %s', (_what, peerOptions, options) => {
    const peer = connect(peerOptions, options);
    peer.lab.pass(3_600_000, 600_000);
    expect(sent(peer)).toEqual([]);
  });
});
