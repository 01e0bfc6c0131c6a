import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import type { InventoryItem } from '../../../ts/p2p/messages/inventory.ts';
import { InventoryType } from '../../../ts/p2p/messages/inventory.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { transactionIds } from '../../../ts/p2p/messages/transaction.ts';
import type { PeerHooks } from '../../../ts/peerman/index.ts';
import { FakeChain } from '../../harness/peers/fake-chain.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import { SEGWIT_TX, hash, items } from '../../harness/peers/transactions.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

const RUNNING = new AbortController().signal;

const STRIPPED_TX = fromHex(
  '02000000' + '01' + '11'.repeat(36) + '00' + 'ffffffff' + '01' + '22'.repeat(8) + '00' + '00000000',
);

/** A list of more entries than anybody may write. */
function tooLong(type: 'inv' | 'getdata'): Uint8Array {
  const { payload } = encodeMessage({ type, items: items(1, 50_000) });
  return Buffer.concat([Buffer.from('fd51c3', 'hex'), payload.subarray(3), payload.subarray(3, 39)]);
}

/** Hooks that note what they got. */
function noting(more: PeerHooks = {}) {
  const inv: number[] = [];
  const requested: number[] = [];
  const txs: string[] = [];
  const missing: number[] = [];
  const hooks: PeerHooks = {
    onTx: (_node, bytes, { txid }) => void txs.push(`${bytes.length} ${toHex(txid)}`),
    onInv: (_node, got) => void inv.push(...got.map(({ type }) => type)),
    onGetData: (_node, item) => void requested.push(item.type),
    onNotFound: (_node, got) => void missing.push(got.length),
    ...more,
  };
  return { hooks, inv, requested, txs, missing };
}

describe('inv', () => {
  it('hands on blocks, and transactions in the form agreed on', () => {
    const { hooks, inv } = noting();
    const lab = new PeerLab({ hooks });
    const every = Object.values(InventoryType).flatMap((type) => items(type, 1));
    const message = { type: 'inv', items: [...every, ...items(99, 1)] } as const;
    lab.connectReady().ask(message);
    // One with witnesses is named by its txid, and taken as such from everybody, as Core does.
    expect(inv.splice(0)).toEqual([InventoryType.BLOCK, InventoryType.WTX, InventoryType.TX]);
    lab.connectReady({ version: { protocolVersion: 70_015 } }).ask(message);
    expect(inv).toEqual([InventoryType.TX, InventoryType.BLOCK, InventoryType.TX]);
  });

  it('of a transaction with witnesses ends a connection that carries no transactions', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: true });
    const peer = lab.connectReady({ type: 'block-relay-only' });
    peer.ask({ type: 'inv', items: items(InventoryType.WITNESS_TX, 1) });
    expect(peer.isGone).toBe(true);
  });

  it('of a transaction with witnesses has it fetched', () => {
    const isTxKnown = (): boolean => false;
    const lab = new PeerLab({ ignoreIncomingTxs: false, hooks: { isTxKnown } });
    const peer = lab.connectReady();
    peer.ask({ type: 'inv', items: items(InventoryType.WITNESS_TX, 1) });
    lab.pass(10_000);
    expect(peer.take().map(({ type }) => type)).toContain('getdata');
  });

  it('may have 50,000 entries, not 50,001', () => {
    const { hooks, inv } = noting();
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    peer.ask({ type: 'inv', items: items(InventoryType.WTX, 50_000) });
    expect(inv).toHaveLength(50_000);
    expect(peer.isGone).toBe(false);
    peer.sendRaw('inv', tooLong('inv'));
    lab.settle();
    expect(peer.node.disconnectReason).toBe('misbehaved: more than 50000 entries in inv');
  });

  it.each<[ConnectionType, boolean, boolean]>([
    ['block-relay-only', false, true],
    ['inbound', true, true],
    ['inbound', false, false],
  ])('of a transaction on a %s connection, blocks-only %s, ends it: %s', (type, ignoreIncomingTxs, isGone) => {
    const { hooks, inv } = noting();
    const lab = new PeerLab({ hooks, ignoreIncomingTxs });
    const peer = lab.connectReady({ type });
    // The kind that was not agreed on is skipped, and blocks are welcome.
    peer.ask({ type: 'inv', items: [...items(InventoryType.TX, 1), ...items(InventoryType.BLOCK, 1)] });
    expect(peer.isGone).toBe(false);
    peer.ask({ type: 'inv', items: items(InventoryType.WTX, 1) });
    expect(peer.isGone).toBe(isGone);
    expect(inv[0]).toBe(InventoryType.BLOCK);
  });

  it('of transactions is noted but not handed on while catching up', () => {
    const { hooks, inv } = noting({ isInitialBlockDownload: () => true });
    const lab = new PeerLab({ hooks });
    lab.connectReady().ask({ type: 'inv', items: [...items(InventoryType.WTX, 2), ...items(InventoryType.BLOCK, 1)] });
    expect(inv).toEqual([InventoryType.BLOCK]);
  });
});

describe('tx', () => {
  it('is handed on with its ids', () => {
    const { hooks, txs } = noting();
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    peer.ask({ type: 'tx', payload: SEGWIT_TX });
    expect(txs).toEqual([`${SEGWIT_TX.length} ${toHex(transactionIds(SEGWIT_TX).txid)}`]);
    for (let length = 0; length < SEGWIT_TX.length; length++) peer.sendRaw('tx', SEGWIT_TX.subarray(0, length));
    lab.settle();
    expect(txs).toHaveLength(1);
    expect(peer.isGone).toBe(false);
  });

  it.each<[ConnectionType, boolean, boolean]>([
    ['block-relay-only', false, true],
    ['inbound', true, true],
    ['inbound', false, false],
  ])('on a %s connection, blocks-only %s, ends it: %s', (type, ignoreIncomingTxs, isGone) => {
    const { hooks } = noting();
    const peer = new PeerLab({ hooks, ignoreIncomingTxs }).connectReady({ type });
    peer.ask({ type: 'tx', payload: SEGWIT_TX });
    expect(peer.isGone).toBe(isGone);
  });
});

describe('notfound', () => {
  it('is handed on up to 5,016 entries, and never punished', () => {
    const { hooks, missing } = noting();
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    peer.ask({ type: 'notfound', items: items(1, 5_016) });
    const longer = encodeMessage({ type: 'inv', items: items(1, 5_017) }).payload;
    peer.sendRaw('notfound', longer);
    lab.settle();
    expect(missing).toEqual([5_016]);
    expect(peer.isGone).toBe(false);
  });
});

describe('getdata', () => {
  const known = new Map([[toHex(hash(1)), SEGWIT_TX]]);
  const getTx = (_node: unknown, item: InventoryItem) => known.get(toHex(item.hash));

  it('may have 50,000 entries, not 50,001', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    peer.ask({ type: 'getdata', items: items(InventoryType.TX, 50_000) });
    expect(peer.isGone).toBe(false);
    peer.sendRaw('getdata', tooLong('getdata'));
    lab.settle();
    expect(peer.isGone).toBe(true);
  });

  it('is answered by transactions, without witnesses for those who asked by the old type', () => {
    const { hooks } = noting({ getTx });
    const peer = new PeerLab({ hooks }).connectReady();
    const answers = peer.ask({
      type: 'getdata',
      items: [InventoryType.TX, InventoryType.WITNESS_TX, InventoryType.WTX].map((type) => ({ type, hash: hash(1) })),
    });
    expect(answers.map(({ raw }) => toHex(raw))).toEqual([STRIPPED_TX, SEGWIT_TX, SEGWIT_TX].map(toHex));
  });

  it('is answered by one notfound for what is not there', () => {
    const { hooks } = noting({ getTx });
    const peer = new PeerLab({ hooks }).connectReady();
    const answers = peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 4) });
    expect(answers.map(({ type }) => type)).toEqual(['tx', 'notfound']);
    expect(answers[1]).toMatchObject({ items: [{ hash: hash(0) }, { hash: hash(2) }, { hash: hash(3) }] });
  });

  it('is answered by as many notfound as the peer will look at', () => {
    const peer = new PeerLab({ hooks: noting().hooks }).connectReady();
    const answers = peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 5_017) });
    expect(answers.map((message) => (message.type === 'notfound' ? message.items.length : 0))).toEqual([5_016, 1]);
  });

  it('of transactions gets no answer where none are relayed', () => {
    const { hooks } = noting({ getTx });
    const peer = new PeerLab({ hooks }).connectReady({ type: 'block-relay-only' });
    expect(peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 3) })).toEqual([]);
  });

  it('hands on one block in a turn, and nothing of the peer overtakes it', () => {
    const { hooks, requested } = noting({ getTx });
    const lab = new PeerLab({ hooks });
    const [peer, other] = [lab.connectReady(), lab.connectReady()];
    peer.take();
    peer.send({ type: 'getdata', items: [...items(InventoryType.BLOCK, 1), ...items(99, 2), ...items(2, 1)] });
    peer.send({ type: 'ping', nonce: 1n });
    other.send({ type: 'ping', nonce: 2n });
    lab.round();
    expect([requested.length, peer.types.length]).toEqual([1, 0]);
    expect(other.got('pong')).toHaveLength(1);
    lab.round();
    lab.round();
    expect([requested.length, peer.types.length]).toEqual([1, 0]);
    lab.round();
    expect([requested.length, peer.types]).toEqual([2, ['pong']]);
  });

  it('that ends the connection is the last that is looked at', () => {
    const chain = new FakeChain();
    chain.blocks.set(toHex(hash(1)), { height: 1, timeSeconds: 0 });
    const { hooks, requested } = noting();
    const lab = new PeerLab({ hooks, chainView: chain });
    lab.isUploadTargetReached = true;
    const peer = lab.connectReady();
    peer.send({ type: 'getdata', items: items(InventoryType.BLOCK, 3) }, { type: 'ping', nonce: 1n });
    peer.take();
    expect(lab.manager.processMessages(peer.node, RUNNING)).toBe(true);
    expect(requested).toHaveLength(1);
    expect(lab.manager.processMessages(peer.node, RUNNING)).toBe(false);
    expect(peer.node.disconnectReason).toBe('asks for history past the upload target');
    expect(peer.types).not.toContain('pong');
    expect(requested).toHaveLength(1);
  });

  it('past the upload target is refused by what is left for history, not by what is left in all', () => {
    const chain = new FakeChain();
    chain.blocks.set(toHex(hash(0)), { height: 1, timeSeconds: 0 });
    const lab = new PeerLab({ chainView: chain });
    lab.outboundTargetReached = (isHistorical = false) => isHistorical;
    const peer = lab.connectReady();
    peer.ask({ type: 'getdata', items: items(InventoryType.BLOCK, 1) });
    expect(peer.isGone).toBe(true);
  });

  it('of 50,000 things that do not exist takes 50,000 turns, in which others are served', () => {
    const lab = new PeerLab();
    const [peer, other] = [lab.connectReady(), lab.connectReady()];
    peer.send({ type: 'getdata', items: items(99, 50_000) }, { type: 'ping', nonce: 1n });
    peer.take();
    let rounds = 0;
    while (peer.got('pong').length === 0) {
      if (rounds % 1_000 === 0) expect(other.ask({ type: 'ping', nonce: 2n })).toHaveLength(1);
      lab.round();
      rounds++;
      if (rounds > 60_000) throw new Error('never done');
    }
    expect(peer.isGone).toBe(false);
  });

  it('waits for a peer that does not read, and goes on where it stopped', () => {
    const { hooks } = noting({ getTx: () => SEGWIT_TX });
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    peer.take();
    const push = lab.pushMessage.bind(lab);
    lab.pushMessage = (node, type, payload) => {
      push(node, type, payload);
      if (peer.received.length === 3) node.isSendPaused = true;
    };
    peer.send({ type: 'getdata', items: items(InventoryType.WTX, 10) }, { type: 'ping', nonce: 1n });
    for (let round = 0; round < 5; round++) lab.round();
    expect(peer.types).toEqual(['tx', 'tx', 'tx']);
    peer.node.isSendPaused = false;
    lab.settle();
    expect(peer.types).toEqual([...Array<string>(10).fill('tx'), 'pong']);
  });

  it('whose hook throws loses one entry', () => {
    const { hooks } = noting({
      getTx(_node, item) {
        if (item.hash[3] === 1) throw new Error('no disk');
        return SEGWIT_TX;
      },
    });
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady();
    const answers = peer.ask({ type: 'getdata', items: items(InventoryType.WTX, 3) });
    expect(answers.map(({ type }) => type)).toEqual(['tx', 'tx']);
    expect(lab.log.some((line) => line.includes('no disk'))).toBe(true);
  });
});
