import { describe, expect, it } from 'vitest';

import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import { transactionIds } from '../../../ts/p2p/messages/transaction.ts';
import type { PeerManagerOptions } from '../../../ts/peerman/index.ts';
import { MAX_PRIVATE_TRANSACTIONS, MAX_SENDS_PER_TX } from '../../../ts/peerman/transactions/private-broadcast.ts';
import type { LabPeer } from '../../harness/peers/peer-lab.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

/** A transaction with a witness, another one for each number. */
function transaction(number: number, witness = '33'): Uint8Array {
  const lockTime = Buffer.alloc(4);
  lockTime.writeUInt32LE(number);
  const body = '01' + '11'.repeat(36) + '00' + 'ffffffff' + '01' + '22'.repeat(8) + '00';
  return fromHex('02000000' + '0001' + body + '0101' + witness + lockTime.toString('hex'));
}

const TX = transaction(0);
const { txid, wtxid } = transactionIds(TX);

function labWith(options: Omit<PeerManagerOptions, 'clock' | 'random' | 'logger'> = {}): PeerLab {
  return new PeerLab({ privateBroadcast: true, ignoreIncomingTxs: false, ...options });
}

function open(lab: PeerLab): LabPeer {
  const peer = lab.connect({ type: 'private-broadcast' }).sendVersion();
  lab.settle();
  return peer;
}

/** A peer that has taken the transaction, all but the pong. */
function served(lab: PeerLab): LabPeer {
  const peer = open(lab);
  peer.ask({ type: 'verack' });
  const answers = peer.ask({ type: 'getdata', items: [{ type: 1, hash: txid }] });
  peer.received.push(...answers);
  return peer;
}

function confirm(peer: LabPeer): void {
  peer.send({ type: 'pong', nonce: peer.got('ping')[0]!.nonce });
  peer.lab.settle();
}

describe('a private broadcast', () => {
  it('shows the peer version, verack, inv, tx and ping, and nothing else', () => {
    const addressBook = new AddrMan();
    const untouched = (): never => {
      throw new Error('the address book was touched');
    };
    Object.assign(addressBook, { setServices: untouched, good: untouched, connected: untouched });
    const lab = labWith({ addressBook });
    expect(lab.manager.initiateTxBroadcastPrivate(TX)).toBe('added');
    const peer = open(lab);
    const noise = [{ type: 'wtxidrelay' }, { type: 'sendaddrv2' }, { type: 'verack' }] as const;
    peer.send(...noise, { type: 'getaddr' }, { type: 'ping', nonce: 4n }, { type: 'mempool' });
    peer.send({ type: 'inv', items: [{ type: 5, hash: wtxid }] }, { type: 'addr', addresses: [] });
    peer.send({ type: 'getdata', items: [{ type: 1, hash: txid }] });
    lab.settle();
    expect(peer.types).toEqual(['version', 'verack', 'inv', 'tx', 'ping']);
    expect(peer.got('inv')[0]!.items).toEqual([{ type: 1, hash: txid }]);
    expect(toHex(peer.got('tx')[0]!.payload)).toBe(toHex(TX));
    confirm(peer);
    expect(peer.node.disconnectReason).toBe('private broadcast: done');
    expect(peer.types).toHaveLength(5);
    expect(lab.manager.timeOffsetSeconds).toBe(0);
    lab.settle();
    expect(lab.finalized).toEqual([0]);
  });

  it('asks for three connections, and for no more when all three confirm', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    expect(lab.manager.initiateTxBroadcastPrivate(TX)).toBe('known');
    expect(lab.privateBroadcastsToOpen).toBe(3);
    for (let count = 0; count < 3; count++) confirm(served(lab));
    expect(lab.privateBroadcastsToOpen).toBe(3);
    const [entry] = lab.manager.privateBroadcasts;
    expect(entry!.sends.map(({ confirmedMs }) => confirmedMs !== undefined)).toEqual([true, true, true]);
  });

  it.each([
    [['onion', 'i2p'] as const, 'unreachable'],
    [['onion'] as const, 'added'],
    [['i2p'] as const, 'added'],
  ])('with no way to %s is %s', (networks, expected) => {
    const lab = labWith();
    for (const network of networks) lab.unreachable.add(network);
    expect(lab.manager.initiateTxBroadcastPrivate(TX)).toBe(expected);
    expect(lab.manager.privateBroadcasts).toHaveLength(expected === 'added' ? 1 : 0);
    for (const network of networks) lab.unreachable.delete(network);
    expect(lab.manager.initiateTxBroadcastPrivate(TX)).toBe(expected === 'added' ? 'known' : 'added');
  });

  it.each<[string, (peer: LabPeer) => void]>([
    ['asks for another transaction', (peer) => peer.ask({ type: 'getdata', items: [{ type: 1, hash: wtxid }] })],
    ['asks by another type', (peer) => peer.ask({ type: 'getdata', items: [{ type: 0x4000_0001, hash: txid }] })],
    ['asks for nothing', (peer) => peer.ask({ type: 'getdata', items: [] })],
    [
      'asks twice at once',
      (peer) =>
        peer.ask({
          type: 'getdata',
          items: [
            { type: 1, hash: txid },
            { type: 1, hash: txid },
          ],
        }),
    ],
    ['takes too long', ({ lab }) => lab.jump(180_001)],
    ['goes', (peer) => peer.node.disconnect('closed by the peer')],
  ])('has another connection opened when the peer %s', (_what, act) => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    const peer = open(lab);
    peer.ask({ type: 'verack' });
    act(peer);
    lab.settle();
    expect(peer.isGone).toBe(true);
    expect(lab.privateBroadcastsToOpen).toBe(4);
  });

  it('is not for a peer that takes no transactions, nor for one without our services', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    const peers = [{ relay: false }, { services: 1n }].map((fields) =>
      lab.connect({ type: 'private-broadcast' }).sendVersion(fields),
    );
    lab.settle();
    expect(peers.map(({ isGone, types }) => [isGone, types])).toEqual([
      [true, ['version']],
      [true, ['version']],
    ]);
  });

  it('ends at once when there is nothing to hand over', () => {
    const lab = labWith();
    const peer = open(lab);
    peer.ask({ type: 'verack' });
    expect(peer.node.disconnectReason).toBe('nothing to broadcast');
    lab.settle();
    expect(lab.privateBroadcastsToOpen).toBe(0);
  });

  it('hands over the transaction that was handed over least, one to a connection', () => {
    const lab = labWith();
    for (let number = 0; number < 3; number++) lab.manager.initiateTxBroadcastPrivate(transaction(number));
    const announced = (): string => {
      const peer = open(lab);
      const [inv] = peer.ask({ type: 'verack' });
      lab.jump(1_000);
      return inv?.type === 'inv' ? toHex(inv.items[0]!.hash) : 'none';
    };
    const ids = [0, 1, 2].map((number) => toHex(transactionIds(transaction(number)).txid));
    expect([announced(), announced(), announced(), announced(), announced()]).toEqual([...ids, ids[0], ids[1]]);
  });

  it('goes first if fewer have confirmed it, or if it was handed over longer ago', () => {
    const lab = labWith();
    for (let number = 0; number < 2; number++) lab.manager.initiateTxBroadcastPrivate(transaction(number));
    const ids = [0, 1].map((number) => toHex(transactionIds(transaction(number)).txid));
    const order: number[] = [];
    const handOver = (isConfirmed: boolean): void => {
      const peer = open(lab);
      const [inv] = peer.ask({ type: 'verack' });
      const { items } = inv as Extract<typeof inv, { type: 'inv' }>;
      order.push(ids.indexOf(toHex(items[0]!.hash)));
      peer.received.push(...peer.ask({ type: 'getdata', items: [...items] }));
      if (isConfirmed) confirm(peer);
      lab.jump(1_000);
    };
    // Once each, the first confirmed; then the second confirmed; then both alike but for the time.
    for (const isConfirmed of [true, false, true, false, false]) handOver(isConfirmed);
    expect(order).toEqual([0, 1, 1, 0, 1]);
  });

  it('is over when an ordinary peer sends the transaction', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    confirm(served(lab));
    lab.connectReady().ask({ type: 'tx', payload: TX });
    expect(lab.manager.privateBroadcasts).toEqual([]);
    expect(lab.privateBroadcastsToOpen).toBe(3 - 2);
  });

  it('is not over when it comes back with another witness', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    lab.connectReady().ask({ type: 'tx', payload: transaction(0, '44') });
    expect(lab.manager.privateBroadcasts).toHaveLength(1);
  });

  it('is given up by txid or wtxid', () => {
    const lab = labWith();
    for (const id of [txid, wtxid]) {
      lab.manager.initiateTxBroadcastPrivate(TX);
      expect(lab.manager.abortPrivateBroadcast(id).map(({ bytes }) => bytes)).toEqual([TX]);
      expect(lab.manager.abortPrivateBroadcast(id)).toEqual([]);
    }
  });

  it('needs no more connections once it is given up', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    lab.manager.initiateTxBroadcastPrivate(transaction(1));
    confirm(served(lab));
    lab.manager.abortPrivateBroadcast(txid);
    expect(lab.privateBroadcastsToOpen).toBe(6 - 2);
  });

  it('that four peers have needs no connection less when it is over', () => {
    const lab = labWith();
    lab.manager.initiateTxBroadcastPrivate(TX);
    for (let count = 0; count < 4; count++) confirm(served(lab));
    lab.connectReady().ask({ type: 'tx', payload: TX });
    expect(lab.manager.privateBroadcasts).toEqual([]);
    expect(lab.privateBroadcastsToOpen).toBe(3);
  });

  it('is tried again after five minutes, or one minute after a confirmation, while it is worth it', () => {
    let isAcceptable = true;
    const lab = labWith({ hooks: { isTxAcceptable: () => isAcceptable } });
    lab.connectReady();
    lab.manager.initiateTxBroadcastPrivate(TX);
    lab.pass(300_000, 1_000);
    expect(lab.privateBroadcastsToOpen).toBe(3);
    lab.pass(180_000, 1_000);
    const afterUnconfirmed = lab.privateBroadcastsToOpen;
    expect(afterUnconfirmed).toBeGreaterThan(3);
    confirm(served(lab));
    lab.pass(60_000 + 180_000, 1_000);
    expect(lab.privateBroadcastsToOpen).toBeGreaterThan(afterUnconfirmed);
    isAcceptable = false;
    lab.pass(180_000, 1_000);
    expect(lab.manager.privateBroadcasts).toEqual([]);
  });

  it('ends: peers that hang up after inv are replaced only so often, and then the transaction is given up', () => {
    const lab = labWith();
    lab.connectReady();
    lab.manager.initiateTxBroadcastPrivate(TX);
    for (let count = 0; count < MAX_SENDS_PER_TX; count++) {
      const peer = open(lab);
      expect(peer.ask({ type: 'verack' }).map(({ type }) => type)).toContain('inv');
      lab.drop(peer);
      lab.settle();
    }
    const opened = lab.privateBroadcastsToOpen;
    expect(lab.manager.privateBroadcasts[0]!.sends).toHaveLength(MAX_SENDS_PER_TX);
    const surplus = open(lab);
    expect(surplus.ask({ type: 'verack' }).map(({ type }) => type)).not.toContain('inv');
    lab.pass(600_000, 1_000);
    expect(lab.privateBroadcastsToOpen).toBe(opened);
    expect(lab.manager.privateBroadcasts).toEqual([]);
  });

  it('is refused beyond 1,000, when switched off, and for what is no transaction', () => {
    const lab = labWith();
    for (let number = 0; number < MAX_PRIVATE_TRANSACTIONS; number++) {
      expect(lab.manager.initiateTxBroadcastPrivate(transaction(number))).toBe('added');
    }
    expect(lab.manager.initiateTxBroadcastPrivate(transaction(MAX_PRIVATE_TRANSACTIONS))).toBe('full');
    expect(lab.manager.initiateTxBroadcastPrivate(transaction(5))).toBe('known');
    const off = new PeerLab();
    expect(() => off.manager.initiateTxBroadcastPrivate(TX)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }),
    );
    expect(() => lab.manager.initiateTxBroadcastPrivate(TX.subarray(1))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });

  it.each([
    ['what no message holds', Buffer.concat([TX, new Uint8Array(4_000_000)]), 'ERR_SOCKMAN_OUT_OF_RANGE'],
    ['text', toHex(TX), 'ERR_SOCKMAN_INVALID_ARG'],
    ['nothing', undefined, 'ERR_SOCKMAN_INVALID_ARG'],
  ])('is refused for %s', (_what, bytes, code) => {
    const lab = labWith();
    expect(() => lab.manager.initiateTxBroadcastPrivate(bytes as Uint8Array)).toThrow(
      expect.objectContaining({ code }),
    );
    expect([lab.manager.privateBroadcasts.length, lab.privateBroadcastsToOpen]).toEqual([0, 0]);
  });
});
