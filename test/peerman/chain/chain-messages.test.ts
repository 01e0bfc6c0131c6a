import { describe, expect, it } from 'vitest';

import type { BlockHeader } from '../../../ts/p2p/messages/block-header.ts';
import { blockHash } from '../../../ts/p2p/messages/block-header.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { BlockAnnouncement } from '../../../ts/peerman/index.ts';
import { minedHeaders, spoil } from '../../harness/peers/mined-headers.ts';
import { FakeChain } from '../../harness/peers/fake-chain.ts';
import { PeerLab } from '../../harness/peers/peer-lab.ts';
import { toHex } from '../../harness/data/vectors.ts';

const ZEROS = new Uint8Array(32);
const STOP = new Uint8Array(32).fill(7);

describe('messages about the chain', () => {
  it('are handed on as they came', () => {
    const got: string[] = [];
    const lab = new PeerLab({
      hooks: { onChainMessage: (_node, type, payload) => void got.push(`${type} ${payload.length}`) },
    });
    lab
      .connectReady()
      .ask(
        { type: 'headers', headers: minedHeaders(2) },
        { type: 'getheaders', locator: [ZEROS], stopHash: ZEROS },
        { type: 'getblocks', locator: [], stopHash: ZEROS },
        { type: 'getblocktxn', blockHash: ZEROS, indexes: [1] },
      );
    expect(got).toEqual(['headers 163', 'getheaders 69', 'getblocks 37', 'getblocktxn 34']);
  });

  it('are dropped while blocks are read from disk, but for questions that need none', () => {
    const got: string[] = [];
    const hooks = { isLoading: () => true, onChainMessage: (_node: unknown, type: string) => void got.push(type) };
    const lab = new PeerLab({ hooks });
    lab
      .connectReady()
      .ask(
        { type: 'headers', headers: [] },
        { type: 'getheaders', locator: [], stopHash: ZEROS },
        { type: 'getblocks', locator: [], stopHash: ZEROS },
      );
    expect(got).toEqual(['getblocks']);
  });

  it('may have 2,000 headers, not 2,001', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const { payload } = encodeMessage({ type: 'headers', headers: minedHeaders(2_000) });
    peer.sendRaw('headers', payload);
    lab.settle();
    expect(peer.isGone).toBe(false);
    peer.sendRaw('headers', Buffer.concat([Buffer.from('fdd107', 'hex'), payload.subarray(3), new Uint8Array(81)]));
    lab.settle();
    expect(peer.node.disconnectReason).toBe('misbehaved: more than 2000 headers');
  });

  it.each<[string, BlockHeader[], string]>([
    ['has no work', [spoil(minedHeaders(1)[0]!)], 'header with invalid proof of work'],
    [
      'does not build on the one before',
      [...minedHeaders(1), ...minedHeaders(1)],
      'headers that do not build on each other',
    ],
  ])('with a header that %s cost their sender the connection, and nobody else sees them', (_what, headers, fault) => {
    const got: string[] = [];
    const lab = new PeerLab({ hooks: { onChainMessage: (_node, type) => void got.push(type) } });
    const [peer, other] = [lab.connectReady(), lab.connectReady()];
    peer.ask({ type: 'headers', headers });
    expect([peer.node.disconnectReason, other.isGone, got]).toEqual([`misbehaved: ${fault}`, false, []]);
  });

  it('that are headers are told and judged alike, whether somebody listens or not', () => {
    const lab = new PeerLab();
    const told: number[] = [];
    lab.manager.on('message:headers', ({ message }) => void told.push(message.headers.length));
    const peer = lab.connectReady();
    peer.ask({ type: 'headers', headers: minedHeaders(3) }, { type: 'headers', headers: [spoil(minedHeaders(1)[0]!)] });
    expect([told, peer.isGone]).toEqual([[3, 1], true]);
  });

  it.each(['getheaders', 'getblocks'] as const)('%s may have a locator of 101 hashes, not of 102', (type) => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const { payload } = encodeMessage({ type, locator: Array<Uint8Array>(101).fill(ZEROS), stopHash: ZEROS });
    peer.sendRaw(type, payload);
    lab.settle();
    expect(peer.isGone).toBe(false);
    const longer = Uint8Array.from([...payload, ...ZEROS]);
    longer[4] = 102;
    peer.sendRaw(type, longer);
    lab.settle();
    expect(peer.node.disconnectReason).toBe(`locator of more than 101 hashes in ${type}`);
  });
});

describe('requests for block filters', () => {
  const chain = new FakeChain();
  chain.blocks.set(toHex(STOP), { height: 5_000, timeSeconds: 0 });

  it.each([
    ['getcfilters', 5_000, 0, STOP, 73n, false],
    ['getcfilters', 4_001, 0, STOP, 73n, false],
    ['getcfilters', 4_000, 0, STOP, 73n, true],
    ['getcfilters', 5_001, 0, STOP, 73n, true],
    ['getcfilters', 5_000, 1, STOP, 73n, true],
    ['getcfilters', 5_000, 0, ZEROS, 73n, true],
    ['getcfilters', 5_000, 0, STOP, 9n, true],
    ['getcfheaders', 3_001, 0, STOP, 73n, false],
    ['getcfheaders', 3_000, 0, STOP, 73n, true],
  ] as const)(
    '%s from %i, type %i: answered or gone',
    (type, startHeight, filterType, stopHash, ourServices, isGone) => {
      const got: string[] = [];
      const lab = new PeerLab({ chainView: chain, hooks: { onChainMessage: (_node, name) => void got.push(name) } });
      const peer = lab.connectReady({ ourServices });
      peer.ask({ type, startHeight, filterType, stopHash });
      expect([peer.isGone, got.length]).toEqual([isGone, isGone ? 0 : 1]);
    },
  );

  it('getcfcheckpt spans any number of blocks', () => {
    const lab = new PeerLab({ chainView: chain });
    const [offered, not] = [lab.connectReady({ ourServices: 73n }), lab.connectReady({ ourServices: 9n })];
    for (const peer of [offered, not]) peer.ask({ type: 'getcfcheckpt', filterType: 0, stopHash: STOP });
    expect([offered.isGone, not.isGone]).toEqual([false, true]);
  });

  it('without a view of the chain are for the embedder to judge', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady({ ourServices: 73n });
    peer.ask({ type: 'getcfilters', startHeight: 5, filterType: 0, stopHash: ZEROS });
    expect(peer.isGone).toBe(false);
  });
});

describe('requests for blocks', () => {
  const NOW = 1_700_000_000;
  const WEEK = 7 * 86_400;

  it.each([
    ['an old block past the upload target', NOW - WEEK - 1, 2, [], true, true],
    ['a block of the last week past the upload target', NOW - WEEK, 2, [], true, false],
    ['a filtered block past the upload target', NOW, 3, [], true, true],
    ['an old block', 0, 2, [], false, false],
    ['an old block past the target, with the download permission', 0, 2, ['download'], true, false],
  ] as const)('%s: gone %5$s', (_what, timeSeconds, type, permissions, isReached, isGone) => {
    const chain = new FakeChain();
    chain.blocks.set(toHex(STOP), { height: 1, timeSeconds });
    const requested: number[] = [];
    const hooks = { onGetData: (_node: unknown, item: { type: number }) => void requested.push(item.type) };
    const lab = new PeerLab({ chainView: chain, hooks });
    lab.isUploadTargetReached = isReached;
    const peer = lab.connectReady({ permissions });
    peer.ask({ type: 'getdata', items: [{ type, hash: STOP }] });
    expect([peer.isGone, requested.length]).toEqual([isGone, isGone ? 0 : 1]);
  });

  it.each([
    [290, 0x408n, [], false],
    [291, 0x408n, [], true],
    [291, 0x409n, [], false],
    [291, 0x408n, ['noban'], false],
  ] as const)(
    '%i blocks below the tip, of a node that offers %i: gone %3$s',
    (depth, ourServices, permissions, isGone) => {
      const chain = new FakeChain();
      chain.blocks.set(toHex(STOP), { height: 1_000 - depth, timeSeconds: NOW });
      const lab = new PeerLab({ chainView: chain });
      lab.manager.setBestBlock(1_000, NOW);
      const peer = lab.connectReady({ ourServices, permissions });
      peer.ask({ type: 'getdata', items: [{ type: 2, hash: STOP }] });
      expect(peer.isGone).toBe(isGone);
    },
  );
});

describe('announcements of blocks', () => {
  const compact = Uint8Array.from([...new Uint8Array(88), 0, 0]);

  function announced(announcement: BlockAnnouncement, likes: readonly ('headers' | 'compact')[]) {
    const waiting: BlockAnnouncement[] = [];
    const lab = new PeerLab({ hooks: { blocksToAnnounce: () => waiting.shift() } });
    const peer = lab.connectReady();
    if (likes.includes('headers')) peer.ask({ type: 'sendheaders' });
    if (likes.includes('compact')) peer.ask({ type: 'sendcmpct', announce: 1, version: 2n });
    peer.take();
    waiting.push(announcement);
    lab.settle();
    return peer.take();
  }

  const some = (count: number, connects = true): BlockAnnouncement => ({
    headers: minedHeaders(count),
    connects,
    compactBlock: () => compact,
  });

  it.each([
    ['a block, to a peer without a wish', some(1), [], 'inv'],
    ['a block, to one that prefers headers', some(1), ['headers'], 'headers'],
    ['a block, to one that wants it compact', some(1), ['compact', 'headers'], 'cmpctblock'],
    ['a block without a compact form', { headers: minedHeaders(1), connects: true }, ['compact', 'headers'], 'headers'],
    ['two blocks, to one that wants them compact', some(2), ['compact'], 'inv'],
    ['8 blocks', some(8), ['headers'], 'headers'],
    ['9 blocks', some(9), ['headers'], 'inv'],
    ['a block that the peer cannot place', some(1, false), ['headers', 'compact'], 'inv'],
  ] as const)('%s: %3$s', (_what, announcement, likes, expected) => {
    const messages = announced(announcement, likes);
    expect(messages.map(({ type }) => type)).toEqual([expected]);
    if (expected !== 'inv') return;
    const hash = blockHash(announcement.headers.at(-1)!);
    expect(messages[0]).toMatchObject({ items: [{ type: 2, hash }] });
  });

  it('that are too long to be sent keep nothing back', () => {
    const tooLong = { headers: minedHeaders(1), connects: true, compactBlock: () => new Uint8Array(4_000_001) };
    expect(announced(tooLong, ['compact'])).toEqual([]);
  });

  it('of nothing are none', () => {
    expect(announced({ headers: [], connects: true }, ['headers'])).toEqual([]);
  });
});
