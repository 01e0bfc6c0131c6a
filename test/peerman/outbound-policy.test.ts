import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../ts/connman/node/connection-types.ts';
import { FakeChain } from '../harness/peers/fake-chain.ts';
import type { LabPeer, LabPeerOptions } from '../harness/peers/peer-lab.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';

const MINUTE_MS = 60_000;
const DAY_SECONDS = 86_400;

function labWith(chain = new FakeChain()) {
  return { chain, lab: new PeerLab({ chainView: chain }) };
}

/** Lets minutes pass while every peer answers its pings. */
function wait(lab: PeerLab, ms: number, stepMs = 1_000): void {
  for (let left = ms; left > 0; left -= stepMs) {
    lab.jump(Math.min(stepMs, left));
    for (const peer of lab.peers.values()) {
      const ping = peer.got('ping').at(-1);
      if (ping !== undefined) peer.send({ type: 'pong', nonce: ping.nonce });
    }
  }
}

describe('getheaders', () => {
  it('is not sent again before an answer, for two minutes', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const locator = [new Uint8Array(32)];
    const ask = (): boolean => lab.manager.requestHeaders(peer.node.id, locator);
    expect([ask(), ask()]).toEqual([true, false]);
    lab.jump(120_000);
    expect(ask()).toBe(false);
    lab.jump(1);
    expect([ask(), ask()]).toEqual([true, false]);
    peer.ask({ type: 'headers', headers: [] });
    expect([ask(), ask()]).toEqual([true, false]);
    lab.manager.noteHeadersConnected(peer.node.id);
    expect([ask(), ask()]).toEqual([true, false]);
    expect(lab.manager.requestHeaders(99, locator)).toBe(false);
  });

  it('that was refused for its locator does not keep the next one back', () => {
    const lab = new PeerLab();
    const { id } = lab.connectReady().node;
    const hash = new Uint8Array(32);
    expect(() => lab.manager.requestHeaders(id, Array<Uint8Array>(102).fill(hash))).toThrow(RangeError);
    expect(() => lab.manager.requestHeaders(id, [new Uint8Array(31)])).toThrow(TypeError);
    expect(lab.manager.requestHeaders(id, Array<Uint8Array>(101).fill(hash))).toBe(true);
  });

  it('goes to one preferred peer while we are far behind, to all when we are not', () => {
    const { chain, lab } = labWith();
    chain.headerTime = 1_700_000_000 - DAY_SECONDS;
    const asked = (peer: LabPeer): number => peer.got('getheaders').length;
    const inbound = lab.connectReady();
    expect(asked(inbound)).toBe(1);
    const outbound = [lab.connectReady({ type: 'manual' }), lab.connectReady({ type: 'manual' })];
    expect(outbound.map(asked)).toEqual([0, 0]);
    chain.headerTime += 1;
    lab.settle();
    expect([inbound, ...outbound].map(asked)).toEqual([1, 1, 1]);
    expect(asked(lab.connectReady({ type: 'manual', version: { services: 8n } }))).toBe(0);
  });

  it.each<[string, ConnectionType, LabPeerOptions, readonly number[], boolean]>([
    ['waits for a peer that we chose', 'manual', {}, [5], false],
    ['goes to a peer that may do anything, like one that we chose', 'manual', { permissions: ['noban'] }, [5], true],
    ['does not wait while no block is on its way', 'manual', {}, [], true],
    ['waits for no addr-fetch connection', 'addr-fetch', {}, [5], true],
    ['waits for no private broadcast', 'private-broadcast', {}, [5], true],
  ])('%s', (_what, type, options, inFlight, isAsked) => {
    const { chain, lab } = labWith();
    chain.headerTime = 0;
    if (inFlight.length > 0) chain.inFlight.set(77, inFlight);
    const chosen = lab.connect({ type }).sendVersion();
    lab.settle();
    const inbound = lab.connectReady(options);
    expect(inbound.got('getheaders')).toHaveLength(isAsked ? 1 : 0);
    chosen.send({ type: 'verack' });
    lab.settle();
    expect(chosen.got('getheaders')).toHaveLength(isAsked ? 0 : 1);
  });

  it('is for nobody while blocks are read from disk', () => {
    let isLoading = true;
    const lab = new PeerLab({ chainView: new FakeChain(), hooks: { isLoading: () => isLoading } });
    const peer = lab.connectReady({ type: 'manual' });
    expect(peer.got('getheaders')).toEqual([]);
    isLoading = false;
    lab.settle();
    expect(peer.got('getheaders')).toHaveLength(1);
  });

  it('is for no addr-fetch connection while we are far behind', () => {
    const { chain, lab } = labWith();
    chain.headerTime = 0;
    expect(lab.connectReady({ type: 'addr-fetch' }).got('getheaders')).toEqual([]);
  });

  it('without an answer costs the only peer we sync from its place, if there is another', () => {
    const { chain, lab } = labWith();
    chain.headerTime = 1_700_000_000 - 2 * DAY_SECONDS;
    const [first, second] = [lab.connectReady({ type: 'manual' }), lab.connectReady({ type: 'manual' })];
    // 15 minutes, and a millisecond for each of 288 blocks.
    wait(lab, 15 * MINUTE_MS, MINUTE_MS);
    lab.jump(288);
    expect(first.isGone).toBe(false);
    lab.jump(1);
    expect(first.node.disconnectReason).toBe('headers do not come');
    expect(second.got('getheaders')).toHaveLength(1);
    expect(lab.manager.isSyncingHeaders(second.node.id)).toBe(true);
    wait(lab, 20 * MINUTE_MS, MINUTE_MS);
    expect(second.isGone).toBe(false);
  });

  it('is asked elsewhere when the peer may do anything', () => {
    const { chain, lab } = labWith();
    chain.headerTime = 1_700_000_000 - 2 * DAY_SECONDS;
    const first = lab.connectReady({ type: 'manual', permissions: ['noban'] });
    const second = lab.connectReady({ type: 'manual' });
    wait(lab, 16 * MINUTE_MS, MINUTE_MS);
    expect(first.isGone).toBe(false);
    expect(second.got('getheaders').length + first.got('getheaders').length).toBe(2);
  });
});

describe('a peer behind our tip', () => {
  it.each<ConnectionType>(['outbound-full-relay', 'block-relay-only'])('on a %s connection has 22 minutes', (type) => {
    const { lab } = labWith();
    const peer = lab.connectReady({ type });
    wait(lab, 20 * MINUTE_MS);
    expect(peer.got('getheaders')).toHaveLength(1);
    wait(lab, 1_000);
    const [, second] = peer.got('getheaders');
    expect(second?.locator).toEqual([new Uint8Array(32).fill(100)]);
    wait(lab, 2 * MINUTE_MS);
    expect(peer.isGone).toBe(false);
    wait(lab, 1_000);
    expect(peer.node.disconnectReason).toBe('its chain stays behind ours');
  });

  it.each<ConnectionType>(['inbound', 'manual', 'addr-fetch'])('on a %s connection is left alone', (type) => {
    const { lab } = labWith();
    const peer = lab.connectReady({ type });
    wait(lab, type === 'addr-fetch' ? 4 * MINUTE_MS : 60 * MINUTE_MS, 10_000);
    expect(peer.isGone).toBe(false);
  });

  it('that reaches the tip we had has its time anew', () => {
    const { chain, lab } = labWith();
    const peer = lab.connectReady({ type: 'block-relay-only' });
    wait(lab, 19 * MINUTE_MS, MINUTE_MS);
    chain.work = 120n;
    chain.peerWork.set(peer.node.id, 100n);
    wait(lab, 20 * MINUTE_MS, 10_000);
    expect(peer.isGone).toBe(false);
    chain.peerWork.set(peer.node.id, 120n);
    wait(lab, 60 * MINUTE_MS, MINUTE_MS);
    expect(peer.isGone).toBe(false);
    chain.work = 121n;
    wait(lab, 24 * MINUTE_MS, 1_000);
    expect(peer.isGone).toBe(true);
  });

  it('is kept if it is one of four that once kept up', () => {
    const { chain, lab } = labWith();
    const peers = Array.from({ length: 5 }, () => lab.connectReady({ type: 'outbound-full-relay' }));
    for (const { node } of peers) chain.peerWork.set(node.id, 100n);
    lab.settle();
    chain.work = 200n;
    wait(lab, 24 * MINUTE_MS, 1_000);
    expect(peers.map(({ isGone }) => isGone)).toEqual([false, false, false, false, true]);
    // A place that is given back goes to the next.
    lab.drop(peers[0]!);
    const next = lab.connectReady({ type: 'outbound-full-relay' });
    chain.peerWork.set(next.node.id, 200n);
    lab.settle();
    chain.work = 300n;
    wait(lab, 24 * MINUTE_MS, 1_000);
    expect(next.isGone).toBe(false);
  });

  it('of which we sync nothing has its time from when we do', () => {
    const { chain, lab } = labWith();
    chain.headerTime = 0;
    const [synced, other] = [lab.connectReady({ type: 'manual' }), lab.connectReady({ type: 'outbound-full-relay' })];
    expect([synced, other].map((peer) => peer.got('getheaders').length)).toEqual([1, 0]);
    wait(lab, 30 * MINUTE_MS);
    expect(other.isGone).toBe(false);
    lab.drop(synced);
    wait(lab, 22 * MINUTE_MS);
    expect(other.isGone).toBe(false);
    wait(lab, MINUTE_MS);
    expect(other.node.disconnectReason).toBe('its chain stays behind ours');
  });

  it('with a whole chain of too little work is of no use while we catch up', () => {
    const chain = new FakeChain();
    chain.peerWork.set(0, 9n).set(1, 9n).set(2, 10n);
    const lab = new PeerLab({ chainView: chain, hooks: { isInitialBlockDownload: () => true } });
    const types: ConnectionType[] = ['block-relay-only', 'manual', 'outbound-full-relay'];
    const peers = types.map((type) => lab.connectReady({ type }));
    for (const peer of peers) peer.ask({ type: 'headers', headers: [] });
    expect(peers.map(({ isGone }) => isGone)).toEqual([true, false, false]);
  });
});

describe('sendheaders', () => {
  it('is sent once, when the chain of the peer is worth it', () => {
    const { chain, lab } = labWith();
    const peer = lab.connectReady();
    const old = lab.connectReady({ version: { protocolVersion: 70_011 } });
    chain.peerWork.set(peer.node.id, 10n).set(old.node.id, 11n);
    lab.settle();
    expect(peer.types).not.toContain('sendheaders');
    chain.peerWork.set(peer.node.id, 11n);
    lab.settle();
    wait(lab, MINUTE_MS);
    expect([peer, old].map((to) => to.got('sendheaders').length)).toEqual([1, 0]);
  });
});

describe('full-relay peers above the limit', () => {
  function nine(options: (index: number) => LabPeerOptions = () => ({})) {
    const { chain, lab } = labWith();
    const peers = Array.from({ length: 9 }, (_, index) =>
      lab.connectReady({ type: 'outbound-full-relay', ...options(index) }),
    );
    return { chain, lab, peers, gone: () => peers.flatMap(({ isGone, node }) => (isGone ? [node.id] : [])) };
  }

  it('lose the youngest of equals, after 30 s and no further', () => {
    const { lab, gone } = nine();
    wait(lab, 44_000);
    expect(gone()).toEqual([]);
    lab.tryNewOutboundPeer = true;
    wait(lab, 2_000);
    expect(gone()).toEqual([8]);
    expect(lab.tryNewOutboundPeer).toBe(false);
    wait(lab, 100_000);
    expect(gone()).toEqual([8]);
  });

  it('lose the one that announced a block longest ago', () => {
    const { lab, gone } = nine();
    for (let id = 0; id < 9; id++) lab.manager.noteBlockAnnouncement(id, id === 3 ? 50 : 100 + id);
    wait(lab, 46_000);
    expect(gone()).toEqual([3]);
  });

  it('keep the only one of a network, with manual ones counted', () => {
    const onion = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333';
    const only = nine((index) => (index === 8 ? { address: onion } : {}));
    wait(only.lab, 46_000);
    expect(only.gone()).toEqual([7]);
    const counted = nine((index) => (index === 8 ? { address: onion } : {}));
    counted.lab.connectReady({ type: 'manual', address: onion });
    wait(counted.lab, 46_000);
    expect(counted.gone()).toEqual([8]);
  });

  it('keep the only one on IPv6, also at an address that stands for one of IPv4', () => {
    const only = nine((index) => (index === 8 ? { address: '[2002:808:808::1]:8333' } : {}));
    wait(only.lab, 46_000);
    expect(only.gone()).toEqual([7]);
  });

  it('keep one that gives us a block just now, that is protected, or that is too young', () => {
    const busy = nine();
    busy.chain.inFlight.set(8, [7]);
    wait(busy.lab, 100_000);
    expect(busy.gone()).toEqual([]);
    const shielded = nine();
    for (const id of [5, 6, 7, 8]) shielded.chain.peerWork.set(id, 100n);
    wait(shielded.lab, 46_000);
    expect(shielded.gone()).toEqual([4]);
    const { lab } = labWith();
    for (let count = 0; count < 8; count++) lab.connectReady({ type: 'outbound-full-relay' });
    wait(lab, 20_000);
    const young = lab.connectReady({ type: 'outbound-full-relay' });
    wait(lab, 26_000);
    expect(young.isGone).toBe(false);
    wait(lab, 45_000);
    expect(young.isGone).toBe(true);
  });
});

describe('block-relay-only peers above the limit', () => {
  it.each([
    ['lose the youngest', {}, 2],
    ['lose the youngest of those that gave no block lately', { 2: 500 }, 1],
    ['lose the youngest if the next gave one as late', { 1: 500, 2: 500 }, 2],
  ] as const)('%s', (_what, blockTimes: Record<number, number>, expected) => {
    const { lab } = labWith();
    const peers = Array.from({ length: 3 }, () => lab.connectReady({ type: 'block-relay-only' }));
    for (const { node } of peers) node.lastBlockTimeSeconds = blockTimes[node.id] ?? 0;
    wait(lab, 46_000);
    expect(peers.filter(({ isGone }) => isGone).map(({ node }) => node.id)).toEqual([expected]);
  });
});

describe('block-relay-only peers above the limit, among others', () => {
  it('lose one of theirs, not a younger one of another type', () => {
    const { lab } = labWith();
    const peers = Array.from({ length: 3 }, () => lab.connectReady({ type: 'block-relay-only' }));
    const younger = [lab.connectReady({ type: 'outbound-full-relay' }), lab.connectReady()];
    wait(lab, 46_000);
    expect([...peers, ...younger].filter(({ isGone }) => isGone).map(({ node }) => node.id)).toEqual([2]);
  });
});

describe('peers above the limit that are thirty seconds old', () => {
  it.each([
    ['outbound-full-relay', 9, false],
    ['block-relay-only', 3, true],
  ] as const)('%s, %i of them: one goes %s', (type, count, isGone) => {
    const { lab } = labWith();
    lab.connectReady();
    lab.jump(15_000);
    const peers = Array.from({ length: count }, () => lab.connectReady({ type }));
    lab.jump(30_000);
    expect(peers.some((peer) => peer.isGone)).toBe(isGone);
    lab.jump(45_000);
    expect(peers.filter((peer) => peer.isGone)).toHaveLength(1);
  });
});

describe('a stale tip', () => {
  it('after 30 minutes and a second has us look for one more peer, until it moves', () => {
    const { lab } = labWith();
    lab.connectReady();
    const staleAt: number[] = [];
    for (let second = 0; second <= 50 * 60; second += 5) {
      if (lab.tryNewOutboundPeer) staleAt.push(second);
      wait(lab, 5_000, 5_000);
    }
    // The clock starts at the first look; looks come every ten minutes, at multiples of 45 s.
    expect(staleAt[0]!).toBeGreaterThan(30 * 60);
    expect(staleAt[0]!).toBeLessThan(42 * 60);
    expect(lab.tryNewOutboundPeer).toBe(true);
    lab.manager.setBestBlock(101, lab.clock.wallTimeMs() / 1_000);
    wait(lab, 11 * MINUTE_MS, 5_000);
    expect(lab.tryNewOutboundPeer).toBe(false);
  });

  it.each<[string, (lab: PeerLab, chain: FakeChain) => void]>([
    ['while the network is off', (lab) => (lab.isNetworkActive = false)],
    ['when only given peers are dialed', (lab) => (lab.usesAddressBook = false)],
    ['while a block is on its way', (_lab, chain) => chain.inFlight.set(0, [9])],
  ])('is nothing to act upon %s', (_what, prepare) => {
    const { chain, lab } = labWith();
    prepare(lab, chain);
    lab.connectReady();
    wait(lab, 60 * MINUTE_MS, 10_000);
    expect(lab.tryNewOutboundPeer).toBe(false);
  });

  it('is nothing to act upon while blocks are read from disk', () => {
    let isLoading = true;
    const lab = new PeerLab({ chainView: new FakeChain(), hooks: { isLoading: () => isLoading } });
    lab.connectReady();
    wait(lab, 60 * MINUTE_MS, 10_000);
    expect(lab.tryNewOutboundPeer).toBe(false);
    isLoading = false;
    wait(lab, 11 * MINUTE_MS, 10_000);
    expect(lab.tryNewOutboundPeer).toBe(true);
  });

  it('has an end: with a young one, block-relay-only peers are tried', () => {
    const { chain, lab } = labWith();
    chain.tipTime = 1_700_000_000 - 12_100;
    lab.connectReady();
    wait(lab, 50_000);
    expect(lab.hasExtraBlockRelay).toBe(false);
    chain.tipTime = lab.clock.wallTimeMs() / 1_000 - 11_900;
    wait(lab, 50_000);
    expect(lab.hasExtraBlockRelay).toBe(true);
  });
});
