// Bloom filters and `mempool`: what light clients may ask for.

import { describe, expect, it } from 'vitest';

import type { LabPeer } from '../harness/peers/peer-lab.ts';
import { PeerLab } from '../harness/peers/peer-lab.ts';
import { hash } from '../harness/peers/transactions.ts';
import { fromHex } from '../harness/data/vectors.ts';

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

  it('answer mempool with 50,000 transactions at most, the first ones', () => {
    const all = Array.from({ length: 50_001 }, (_, index) => ({ txid: hash(index), wtxid: hash(index) }));
    const lab = new PeerLab({ hooks: { onTx() {}, mempool: () => all } });
    const peer = lab.connectReady(offered);
    peer.ask({ type: 'mempool' });
    lab.jump(60_000);
    expect(peer.got('inv').map((message) => message.items.length)).toEqual([50_000]);
  });

  it('answer mempool with what the peer has heard of, too', () => {
    const transaction = { txid: hash(1), wtxid: hash(1) };
    const lab = new PeerLab({ hooks: { onTx() {}, mempool: () => [transaction] } });
    const peer = lab.connectReady(offered);
    lab.jump(60_000);
    lab.manager.announceTx(transaction);
    lab.jump(60_000);
    expect(peer.got('inv')).toHaveLength(1);
    peer.ask({ type: 'mempool' });
    lab.jump(60_000);
    expect(peer.got('inv')).toHaveLength(1);
  });

  it('ask the embedder which transactions match the filter of a peer, for mempool and for every announcement', () => {
    const asked: unknown[] = [];
    const all = Array.from({ length: 6 }, (_, index) => ({ txid: hash(index), wtxid: hash(index) }));
    const lab = new PeerLab({
      hooks: {
        onTx() {},
        mempool: (node) => (asked.push(node.id), all),
        isTxRelevant: (_node, { txid }, filter) => filter.has(txid),
      },
    });
    const [light, full] = [lab.connectReady(offered), lab.connectReady(offered)];
    light.ask(load);
    for (const wanted of [all[1]!, all[4]!]) light.ask({ type: 'filteradd', element: wanted.txid });
    for (const peer of [light, full]) peer.ask({ type: 'mempool' });
    lab.jump(60_000);
    const got = (peer: LabPeer): number[][] => peer.got('inv').map(({ items }) => items.map(({ hash: id }) => id[3]!));
    expect([got(light), got(full)]).toEqual([[[1, 4]], [[0, 1, 2, 3, 4, 5]]]);
    expect(asked.toSorted()).toEqual([light.node.id, full.node.id]);
    for (const peer of [light, full]) peer.take();
    const [unwanted, wanted] = [7, 8].map((number) => ({ txid: hash(number), wtxid: hash(number) }));
    light.ask({ type: 'filteradd', element: wanted!.txid });
    lab.manager.announceTx(unwanted!);
    lab.manager.announceTx(wanted!);
    lab.jump(60_000);
    expect([got(light).flat(), got(full).flat()]).toEqual([[8], [7, 8]]);
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
