// How transactions are announced: to which peers, when, in which order, and what of it everybody knows.

import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../ts/connman/node/connection-types.ts';
import type { InventoryItem } from '../../ts/p2p/messages/inventory.ts';
import { InventoryType } from '../../ts/p2p/messages/inventory.ts';
import { transactionIds } from '../../ts/p2p/messages/transaction.ts';
import type { PeerHooks } from '../../ts/peerman/index.ts';
import { knownCapacity } from '../../ts/peerman/state/tx-relay-state.ts';
import type { LabPeer } from '../harness/peers/peer-lab.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import { SEGWIT_TX, hash, items } from '../harness/peers/transactions.ts';

describe('announcements of transactions', () => {
  const wanting = { hooks: { onTx() {} } };

  function announce(lab: PeerLab, count: number, first = 0): void {
    for (let index = first; index < first + count; index++) {
      lab.manager.announceTx({ txid: hash(index), wtxid: hash(1_000_000 + index) });
    }
  }

  function told(peer: LabPeer): InventoryItem[] {
    return peer.got('inv').flatMap((message) => message.items);
  }

  it.each([
    ['wtxid', {}],
    ['txid', { version: { protocolVersion: 70_015 } }],
  ])('leave out what the peer sent, to one that names it by %s', (_name, options) => {
    const lab = new PeerLab(wanting);
    const [sender, other] = [lab.connectReady(options), lab.connectReady(options)];
    sender.ask({ type: 'tx', payload: SEGWIT_TX });
    lab.manager.announceTx(transactionIds(SEGWIT_TX));
    lab.jump(60_000);
    expect([sender, other].map((peer) => told(peer).length)).toEqual([0, 1]);
  });

  it('name transactions as the peer wants them named', () => {
    const lab = new PeerLab(wanting);
    const modern = lab.connectReady();
    const old = lab.connectReady({ version: { protocolVersion: 70_015 } });
    announce(lab, 1);
    lab.jump(60_000);
    expect(told(modern)).toEqual([{ type: InventoryType.WTX, hash: hash(1_000_000) }]);
    expect(told(old)).toEqual([{ type: InventoryType.TX, hash: hash(0) }]);
  });

  it('reach all inbound peers of a network at the same instants, outbound ones each at its own', () => {
    const lab = new PeerLab(wanting);
    const ready = (type: ConnectionType, networkKey: bigint) => lab.connectReady({ type, networkKey });
    const groups = [1n, 2n].map((key) => Array.from({ length: 5 }, () => ready('inbound', key)));
    const outbound = Array.from({ length: 5 }, () => ready('outbound-full-relay', 0n));
    const timesOf = new Map<LabPeer, number[]>();
    for (let step = 0; step < 3_000; step++) {
      announce(lab, 1, step);
      lab.clock.advance(100);
      lab.round();
      for (const peer of [...groups.flat(), ...outbound]) {
        if (told(peer).length > 0) timesOf.set(peer, [...(timesOf.get(peer) ?? []), step]);
        peer.take();
      }
    }
    const times = (peer: LabPeer): string => timesOf.get(peer)!.join();
    for (const group of groups) expect(new Set(group.map(times)).size).toBe(1);
    expect(times(groups[0]![0]!)).not.toBe(times(groups[1]![0]!));
    expect(new Set(outbound.map(times)).size).toBe(5);
    // 300 s with means of 5 and 2 s.
    expect(timesOf.get(groups[0]![0]!)!.length).toBeGreaterThan(35);
    expect(timesOf.get(groups[0]![0]!)!.length).toBeLessThan(90);
    expect(timesOf.get(outbound[0]!)!.length).toBeGreaterThan(105);
    expect(timesOf.get(outbound[0]!)!.length).toBeLessThan(200);
  });

  it('come at once to peers with the noban permission', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connectReady({ permissions: ['noban'] });
    for (let count = 1; count <= 20; count++) {
      announce(lab, 1, count);
      lab.round();
      expect(told(peer)).toHaveLength(count);
    }
  });

  it.each([
    [69, 69],
    [71, 70],
    [1_000, 75],
    [10_000, 120],
  ])('take of a backlog of %i transactions %i', (backlog, expected) => {
    const lab = new PeerLab(wanting);
    const peer = lab.connectReady({ permissions: ['noban'] });
    announce(lab, backlog);
    lab.round();
    expect(told(peer)).toHaveLength(expected);
    expect(peer.stats.invToSend).toBe(backlog - expected);
  });

  it('hold no more than 50,000, and send no more than 1,000 at a time', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connectReady({ permissions: ['noban'] });
    announce(lab, 50_001);
    expect(peer.stats.invToSend).toBe(50_000);
    lab.round();
    expect(told(peer)).toHaveLength(320);
  });

  it('leave out what the peer knows, what pays too little, and peers that want none', () => {
    const lab = new PeerLab(wanting);
    const [peer, poor, none] = [
      lab.connectReady(),
      lab.connectReady(),
      lab.connectReady({ version: { relay: false } }),
    ];
    peer.ask({ type: 'inv', items: [{ type: InventoryType.WTX, hash: hash(7) }] });
    poor.ask({ type: 'feefilter', feeRateSatPerKvB: 1_000n });
    lab.manager.announceTx({ txid: hash(1), wtxid: hash(7), feeRateSatPerKvB: 999n });
    lab.manager.announceTx({ txid: hash(2), wtxid: hash(8), feeRateSatPerKvB: 999n });
    lab.manager.announceTx({ txid: hash(3), wtxid: hash(9), feeRateSatPerKvB: 1_000n });
    lab.jump(60_000);
    expect(told(peer).map((item) => item.hash[3])).toEqual([8, 9]);
    expect(told(poor).map((item) => item.hash[3])).toEqual([9]);
    expect(told(none)).toEqual([]);
  });

  it.each([
    [1, 50_000],
    [125, 50_000],
    [126, 49_603],
    [1_000, 6_250],
    [6_250, 1_000],
    [100_000, 1_000],
  ])('are remembered for each of %i peers up to %i', (peerCount, expected) => {
    expect(knownCapacity(peerCount)).toBe(expected);
  });

  it('are not kept for a peer that wants none, though it may set a filter later', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connectReady({ ourServices: 13n, version: { relay: false } });
    announce(lab, 3);
    expect(peer.stats.invToSend).toBe(3);
    lab.jump(60_000);
    expect([peer.stats.invToSend, told(peer).length]).toEqual([0, 0]);
    peer.ask({ type: 'filterclear' });
    announce(lab, 1, 3);
    lab.jump(60_000);
    expect(told(peer)).toHaveLength(1);
  });

  it('follow the order of the embedder, and number what was announced', () => {
    const asked: number[] = [];
    const hooks: PeerHooks = {
      onTx() {},
      orderTxs: (_node, backlog) => [...backlog].reverse(),
      getTx: (_node, _item, lastInvSequence) => void asked.push(lastInvSequence),
    };
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady({ permissions: ['noban'] });
    peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 1) });
    announce(lab, 3);
    peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 1) });
    lab.round();
    peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 1) });
    expect(asked).toEqual([1, 1, 4]);
    expect(peer.stats.lastInvSequence).toBe(4);
  });

  it('begin with nothing that comes while the peer gets ready', () => {
    const announceOne = (): void => announce(lab, 1);
    const lab: PeerLab = new PeerLab({ hooks: { onTx() {}, onPeerReady: announceOne } });
    const peer = lab.connectReady();
    lab.jump(60_000);
    expect(told(peer)).toEqual([]);
  });

  it('begin with what comes after the first turn of a peer', () => {
    const lab = new PeerLab(wanting);
    const peer = lab.connect().shakeHands();
    lab.manager.announceTx({ txid: hash(1), wtxid: hash(1) });
    lab.settle();
    lab.jump(60_000);
    expect(told(peer)).toEqual([]);
  });
});
