import { describe, expect, it } from 'vitest';

import { InventoryType } from '../../../ts/p2p/messages/inventory.ts';
import type { InventoryItem } from '../../../ts/p2p/messages/inventory.ts';
import { transactionIds } from '../../../ts/p2p/messages/transaction.ts';
import type { VersionMessage } from '../../../ts/p2p/messages/version.ts';
import type { PeerHooks } from '../../../ts/peerman/index.ts';
import {
  MAX_PEER_TX_ANNOUNCEMENTS,
  MAX_PEER_TX_IN_FLIGHT,
  maxAnnouncements,
} from '../../../ts/peerman/transactions/tx-download.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import type { LabPeer, LabPeerOptions } from '../../harness/peers/peer-lab.ts';

const { TX, WTX, WITNESS_TX, BLOCK } = InventoryType;
/** Of a version that names transactions by txid. */
const TXID_PEER = { version: { protocolVersion: 70_015 } };

/** A transaction with one input, told from others by its lock time. */
function transaction(index: number): Uint8Array {
  const bytes = Buffer.from(`0100000001${'11'.repeat(32)}0000000000ffffffff0000000000`, 'hex');
  bytes.writeUInt32LE(index, bytes.length - 4);
  return bytes;
}

function item(index: number, type: number = WTX): InventoryItem {
  return { type, hash: transactionIds(transaction(index)).wtxid };
}

/** An embedder with a list of the transactions that it keeps. */
class Mempool {
  readonly known = new Set<string>();
  readonly got: number[] = [];
  keepsAll = true;
  readonly lab: PeerLab;

  constructor(hooks: PeerHooks = {}) {
    this.lab = new PeerLab({
      hooks: {
        isTxKnown: ({ hash }) => this.known.has(String(hash)),
        onTx: (_node, bytes, { wtxid }) => {
          this.got.push(Buffer.from(bytes).readUInt32LE(bytes.length - 4));
          if (this.keepsAll) this.known.add(String(wtxid));
        },
        ...hooks,
      },
    });
  }

  readonly connect = (options: LabPeerOptions & { version?: Partial<VersionMessage> } = {}): LabPeer => {
    const peer = this.lab.connectReady(options);
    peer.take();
    return peer;
  };
}

/** A peer announces transactions, by number. */
function announce(peer: LabPeer, indexes: readonly number[], type: number = WTX): void {
  peer.send({ type: 'inv', items: indexes.map((index) => item(index, type)) });
  peer.lab.settle();
}

/** What a peer was asked for since the last look: the number of items in each message. */
function asked(peer: LabPeer): number[] {
  return peer.take().flatMap((message) => (message.type === 'getdata' ? [message.items.length] : []));
}

describe('an announced transaction', () => {
  it('is asked for at once of a peer that we chose, and two seconds later of one that dialed us', () => {
    const { lab, connect } = new Mempool();
    const outbound = connect({ type: 'outbound-full-relay' });
    announce(outbound, [1]);
    expect(outbound.take()).toMatchObject([{ type: 'getdata', items: [item(1)] }]);
    const inbound = connect();
    announce(inbound, [2]);
    lab.pass(1_900);
    expect(asked(inbound)).toEqual([]);
    lab.pass(100);
    expect(inbound.take()).toMatchObject([{ type: 'getdata', items: [item(2)] }]);
  });

  it('by txid waits two seconds more, if there is a peer that names wtxids, and is fetched with its witnesses', () => {
    const { lab, connect } = new Mempool();
    const old = connect({ type: 'manual', ...TXID_PEER });
    announce(old, [1], TX);
    expect(old.take()).toMatchObject([{ type: 'getdata', items: [item(1, WITNESS_TX)] }]);
    const modern = connect();
    announce(old, [2], TX);
    lab.pass(1_900);
    expect(asked(old)).toEqual([]);
    lab.pass(100);
    expect(asked(old)).toEqual([1]);
    lab.drop(modern);
    announce(old, [3], TX);
    expect(asked(old)).toEqual([1]);
  });

  it('by txid is fetched as it comes from a peer that has no witnesses', () => {
    const { connect } = new Mempool();
    const peer = connect({ type: 'manual', version: { protocolVersion: 70_015, services: 1n } });
    announce(peer, [1], TX);
    expect(peer.take()).toMatchObject([{ type: 'getdata', items: [item(1, TX)] }]);
  });

  it('is asked of another peer after a minute, and no more when it is there', () => {
    const mempool = new Mempool();
    const { lab, connect } = mempool;
    const peers = [connect({ type: 'manual' }), connect({ type: 'manual' }), connect({ type: 'manual' })];
    for (const peer of peers) announce(peer, [1]);
    const isAsked = (): LabPeer[] => peers.filter((peer) => asked(peer).length > 0);
    const first = isAsked();
    expect(first).toHaveLength(1);
    lab.pass(59_900);
    expect(isAsked()).toEqual([]);
    lab.pass(200);
    const second = isAsked();
    expect(second).toHaveLength(1);
    expect(second[0]).not.toBe(first[0]);
    second[0]!.send({ type: 'tx', payload: transaction(1) });
    lab.pass(120_000, 1_000);
    expect(mempool.got).toEqual([1]);
    expect(isAsked()).toEqual([]);
    // And not when somebody announces it again.
    announce(connect({ type: 'manual' }), [1]);
    expect(isAsked()).toEqual([]);
  });

  it('is asked of the next at once when a peer does not have it, or gave one that is not kept', () => {
    const mempool = new Mempool();
    const { connect } = mempool;
    mempool.keepsAll = false;
    const peers = [connect({ type: 'manual' }), connect({ type: 'manual' }), connect({ type: 'manual' })];
    for (const peer of peers) announce(peer, [1]);
    const next = (): LabPeer => peers.find((peer) => asked(peer).length > 0)!;
    const first = next();
    first.send({ type: 'notfound', items: [item(1)] });
    first.lab.settle();
    const second = next();
    expect(second).not.toBe(first);
    second.send({ type: 'tx', payload: transaction(1) });
    second.lab.settle();
    const third = next();
    expect(new Set([first, second, third]).size).toBe(3);
    expect(mempool.got).toEqual([1]);
  });

  it('is still awaited of a peer that does not have a block of that hash', () => {
    const { lab, connect } = new Mempool();
    const [first, second] = [connect({ type: 'manual' }), connect({ type: 'manual' })];
    announce(first, [1]);
    expect(asked(first)).toEqual([1]);
    announce(second, [1]);
    first.ask({ type: 'notfound', items: [item(1, BLOCK)] });
    lab.pass(59_000, 1_000);
    expect(asked(second)).toEqual([]);
    first.ask({ type: 'notfound', items: [item(1)] });
    expect(asked(second)).toEqual([1]);
  });

  it('is not asked for that became known meanwhile, nor while we catch up', () => {
    let isCatchingUp = false;
    const mempool = new Mempool({ isInitialBlockDownload: () => isCatchingUp });
    const { lab, connect } = mempool;
    const peer = connect();
    announce(peer, [1, 2]);
    mempool.known.add(String(item(1).hash));
    lab.pass(2_000);
    expect(peer.take().filter(({ type }) => type === 'getdata')).toMatchObject([{ items: [item(2)] }]);
    isCatchingUp = true;
    announce(peer, [3]);
    lab.pass(5_000);
    expect(asked(peer)).toEqual([]);
  });

  it('is one of 5,000 that a peer may have tracked, more only with the relay permission', () => {
    const { connect } = new Mempool();
    const indexes = Array.from({ length: MAX_PEER_TX_ANNOUNCEMENTS + 100 }, (_, index) => index);
    const peer = connect({ type: 'manual' });
    announce(peer, indexes);
    expect(asked(peer)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000]);
    const trusted = connect({ type: 'manual', permissions: ['relay'] });
    announce(
      trusted,
      indexes.map((index) => 10_000 + index),
    );
    expect(asked(trusted)).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 100]);
  });

  it.each([
    [1, 5_000],
    [125, 5_000],
    [126, 4_960],
    [1_000, 625],
    [6_250, 100],
    [100_000, 100],
  ])('of each of %i peers is one of %i', (peerCount, expected) => {
    expect(maxAnnouncements(peerCount)).toBe(expected);
  });

  it('of a peer among very many is one of fewer, so that all together are as many', () => {
    const { lab, connect } = new Mempool();
    for (let others = 1; others < 500; others++) lab.connect();
    const peer = connect({ type: 'manual' });
    announce(
      peer,
      Array.from({ length: 2_000 }, (_, index) => index),
    );
    expect(asked(peer)).toEqual([1_000, 250]);
  });

  it('waits two seconds behind a hundred that are in flight, not with the relay permission', () => {
    const { lab, connect } = new Mempool();
    const [peer, trusted] = [connect({ type: 'manual' }), connect({ type: 'manual', permissions: ['relay'] })];
    for (const [index, one] of [peer, trusted].entries()) {
      const indexes = Array.from({ length: MAX_PEER_TX_IN_FLIGHT }, (_, count) => 1_000 * index + count);
      announce(one, indexes.slice(1));
      announce(one, indexes.slice(0, 1));
      expect(asked(one)).toEqual([99, 1]);
      announce(one, [1_000 * index + 500]);
    }
    expect([asked(peer), asked(trusted)]).toEqual([[], [1]]);
    lab.pass(2_000);
    expect(asked(peer)).toEqual([1]);
  });

  it('is nobody’s who is gone', () => {
    const { lab, connect } = new Mempool();
    const [one, other] = [connect({ type: 'manual' }), connect({ type: 'manual' })];
    announce(one, [1]);
    expect(asked(one)).toEqual([1]);
    announce(other, [1]);
    lab.drop(one);
    lab.settle();
    expect(asked(other)).toEqual([1]);
  });

  it('is asked for by the embedder where it does not say what it knows; blocks are in any case', () => {
    const lab = new PeerLab({ hooks: { onTx() {} } });
    const peer = lab.connectReady({ type: 'manual' });
    announce(peer, [1]);
    lab.pass(10_000);
    expect(asked(peer)).toEqual([]);
    const { connect } = new Mempool();
    const other = connect({ type: 'manual' });
    announce(other, [1], BLOCK);
    expect(asked(other)).toEqual([]);
  });

  it('costs its sender nothing when the hook throws over it', () => {
    let throws = true;
    const isTxKnown = (): boolean => {
      if (throws) throw new Error('the database is gone');
      return false;
    };
    const { lab, connect } = new Mempool({ isTxKnown });
    const peer = connect({ type: 'manual' });
    announce(peer, [1]);
    throws = false;
    announce(peer, [2]);
    expect([peer.isGone, ...asked(peer)]).toEqual([false, 1]);
    throws = true;
    announce(peer, [3]);
    lab.pass(1_000);
    expect(peer.ask({ type: 'ping', nonce: 1n })).toMatchObject([{ type: 'pong' }]);
  });
});
