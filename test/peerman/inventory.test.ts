import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../ts/connman/connection-types.ts';
import type { InventoryItem } from '../../ts/p2p/messages/inventory.ts';
import { InventoryType } from '../../ts/p2p/messages/inventory.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import { transactionIds } from '../../ts/p2p/messages/transaction.ts';
import type { PeerHooks } from '../../ts/peerman/index.ts';
import { knownCapacity } from '../../ts/peerman/tx-relay.ts';
import { FakeChain } from '../helpers/fake-chain.ts';
import type { LabPeer } from '../helpers/peer-lab.ts';
import { PeerLab } from '../helpers/peer-lab.ts';
import { fromHex, toHex } from '../helpers/vectors.ts';

const RUNNING = new AbortController().signal;

/** One input, one output, one witness. */
const SEGWIT_TX = fromHex(
  '02000000' +
    '0001' +
    '01' +
    '11'.repeat(36) +
    '00' +
    'ffffffff' +
    '01' +
    '22'.repeat(8) +
    '00' +
    '010133' +
    '00000000',
);
const STRIPPED_TX = fromHex(
  '02000000' + '01' + '11'.repeat(36) + '00' + 'ffffffff' + '01' + '22'.repeat(8) + '00' + '00000000',
);

function hash(number: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

function items(type: number, count: number): InventoryItem[] {
  return Array.from({ length: count }, (_, index) => ({ type, hash: hash(index) }));
}

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
    expect(inv.splice(0)).toEqual([InventoryType.BLOCK, InventoryType.WTX]);
    lab.connectReady({ version: { protocolVersion: 70_015 } }).ask(message);
    expect(inv).toEqual([InventoryType.TX, InventoryType.BLOCK]);
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
    const peer = new PeerLab(noting()).connectReady();
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

describe('services for light clients', () => {
  const offered = { ourServices: 13n };
  const load = { type: 'filterload', filter: new Uint8Array(10), hashFunctionCount: 5, tweak: 1, flags: 0 } as const;

  it.each(['filterload', 'filteradd', 'filterclear'])(
    '%s ends the connection if not offered, whatever it says',
    (type) => {
      const lab = new PeerLab();
      const peer = lab.connectReady().sendRaw(type, fromHex('ff'));
      lab.settle();
      expect(peer.isGone).toBe(true);
      expect(lab.connectReady({ permissions: ['bloomfilter'] }).sendRaw(type, fromHex('ff')).isGone).toBe(false);
    },
  );

  it('turn relay on with a filter, and leave it on without', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ ...offered, version: { relay: false } });
    expect([peer.stats.relayTransactions, peer.node.relaysTxs]).toEqual([false, false]);
    peer.ask(load);
    expect([peer.stats.relayTransactions, peer.node.relaysTxs, peer.node.isBloomFilterLoaded]).toEqual([
      true,
      true,
      true,
    ]);
    peer.ask({ type: 'filteradd', element: new Uint8Array(520) });
    expect(lab.manager.bloomFilter(peer.node.id)!.has(new Uint8Array(520))).toBe(true);
    expect(lab.manager.bloomFilter(peer.node.id)!.has(new Uint8Array(519))).toBe(false);
    peer.ask({ type: 'filterclear' });
    expect(lab.manager.bloomFilter(peer.node.id)).toBeUndefined();
    expect([peer.stats.relayTransactions, peer.node.isBloomFilterLoaded]).toEqual([true, false]);
    expect(peer.isGone).toBe(false);
    const clearing = lab.connectReady({ ...offered, version: { relay: false } });
    clearing.ask({ type: 'filterclear' });
    expect([clearing.stats.relayTransactions, clearing.node.relaysTxs]).toEqual([true, true]);
  });

  it.each([
    ['a filter of 36,000 bytes and 50 functions', 36_000, 50, false],
    ['a filter of 36,001 bytes', 36_001, 50, true],
    ['51 functions', 36_000, 51, true],
  ])('take %s: gone %s', (_what, bytes, functions, isGone) => {
    const payload = Buffer.alloc(3 + bytes + 9);
    payload.writeUInt8(0xfd, 0);
    payload.writeUInt16LE(bytes, 1);
    payload.writeUInt32LE(functions, 3 + bytes);
    const lab = new PeerLab();
    const peer = lab.connectReady(offered).sendRaw('filterload', payload);
    lab.settle();
    expect(peer.isGone).toBe(isGone);
  });

  it('punish an element of 521 bytes, and one without a filter', () => {
    const lab = new PeerLab();
    const [long, early] = [lab.connectReady(offered), lab.connectReady(offered)];
    long.ask(load);
    long.sendRaw('filteradd', Buffer.concat([fromHex('fd0902'), Buffer.alloc(521)]));
    early.send({ type: 'filteradd', element: new Uint8Array(1) });
    lab.settle();
    expect([long, early].map(({ node }) => node.disconnectReason)).toEqual([
      'misbehaved: element of a bloom filter too large',
      'misbehaved: filteradd without a filter',
    ]);
  });

  it('answer mempool with everything, in messages of 50,000', () => {
    const all = Array.from({ length: 50_001 }, (_, index) => ({ txid: hash(index), wtxid: hash(index) }));
    const lab = new PeerLab({ hooks: { onTx() {}, mempool: () => all } });
    const peer = lab.connectReady(offered);
    peer.ask({ type: 'mempool' });
    lab.jump(60_000);
    expect(peer.got('inv').map((message) => message.items.length)).toEqual([50_000, 1]);
  });

  it.each([
    ['not offered', {}, false, true],
    ['not offered, with the mempool permission', { permissions: ['mempool'] }, true, false],
    ['not offered, with the noban permission', { permissions: ['noban'] }, false, false],
    ['offered', offered, false, false],
    ['offered, past the upload target', offered, true, true],
  ] as const)('with mempool %s: gone %s', (_what, options, isUploadTargetReached, isGone) => {
    const lab = new PeerLab();
    lab.isUploadTargetReached = isUploadTargetReached;
    const peer = lab.connectReady(options);
    peer.ask({ type: 'mempool' });
    expect(peer.isGone).toBe(isGone);
  });
});
