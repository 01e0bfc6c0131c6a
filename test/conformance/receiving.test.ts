// What a peer sends: bytes, EOF, RST; in order, once, and nothing after close.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Connected } from '../harness/backends.ts';
import { noise } from '../harness/peers/noise.ts';
import { until } from '../harness/until.ts';

describeEachBackend('receiving', (stage) => {
  it('delivers bytes in order and entire', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const sent = noise(1, 3_000_000);
    peer.send(sent);
    await until('all bytes', () => probe.receivedBytes(nodeId) === sent.length);
    expect(probe.bytes(nodeId).equals(sent)).toBe(true);
    expect(probe.countersOf(nodeId)!.receivedBytes).toBe(sent.length);
  });

  it.each([1, 2, 4096])('gives 1 to %i bytes a call, once a turn', async (receiveChunkBytes) => {
    const sizes: number[] = [];
    let callsThisTurn = 0;
    let mostCallsOfATurn = 0;
    const { probe, peer, nodeId } = await stage.connected(
      { receiveChunkBytes },
      {
        eventIOLoopCompletedForAllPeers: () => {
          callsThisTurn = 0;
        },
      },
    );
    probe.on.eventGotData = (_id, data) => {
      sizes.push(data.length);
      mostCallsOfATurn = Math.max(mostCallsOfATurn, ++callsThisTurn);
    };
    const sent = noise(2, 100 * receiveChunkBytes + 1);
    peer.send(sent);
    await until('all bytes', () => probe.receivedBytes(nodeId) === sent.length);
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(receiveChunkBytes);
    expect(mostCallsOfATurn).toBe(1);
    expect(probe.bytes(nodeId).equals(sent)).toBe(true);
  });

  it('takes the largest receive chunk', async () => {
    const { probe, peer, nodeId } = await stage.connected({ receiveChunkBytes: 16 * 1024 * 1024 });
    peer.send('x');
    await until('the byte', () => probe.text(nodeId) === 'x');
  });

  it('lends the bytes for the call: a kept view changes', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const kept: Uint8Array[] = [];
    probe.on.eventGotData = (_id, data) => kept.push(data);
    peer.send('first');
    await until('the first', () => probe.text(nodeId) === 'first');
    peer.send('other');
    await until('the second', () => probe.text(nodeId) === 'firstother');
    expect(Buffer.from(kept[0]!).toString()).toBe('other');
  });

  it.each([false, true])(
    'poisons what it lent, with poisonReceivedBytes (asked before receives: %s)',
    async (asked) => {
      const { probe, peer, nodeId } = await stage.connected(
        { poisonReceivedBytes: true },
        asked ? { shouldTryToRecv: () => true } : {},
      );
      const kept: Uint8Array[] = [];
      probe.on.eventGotData = (_id, data) => kept.push(data);
      peer.send('secret');
      await until('the bytes', () => probe.text(nodeId) === 'secret');
      expect([...kept[0]!]).toEqual([0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd]);
    },
  );

  it('poisons what it held back before it lent it, too', async () => {
    let mayReceive = false;
    const { probe, peer, nodeId } = await stage.connected(
      { poisonReceivedBytes: true },
      { shouldTryToRecv: () => mayReceive },
    );
    const kept: Uint8Array[] = [];
    probe.on.eventGotData = (_id, data) => kept.push(data);
    peer.send('secret');
    await stage.settled();
    mayReceive = true;
    probe.wake(nodeId);
    await until('the bytes', () => probe.text(nodeId) === 'secret');
    expect([...kept[0]!]).toEqual([0xdd, 0xdd, 0xdd, 0xdd, 0xdd, 0xdd]);
  });

  it('lets other code write to what it lent', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    probe.on.eventGotData = (_id, data) => data.fill(0);
    peer.send('abc');
    await until('the bytes', () => probe.text(nodeId) === 'abc');
    peer.send('def');
    await until('the rest', () => probe.text(nodeId) === 'abcdef');
  });

  describe('EOF', () => {
    it('comes once, after all data, and we can still send', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      const sent = noise(3, 700_000);
      peer.send(sent);
      peer.end();
      await until('the EOF', () => probe.has(`eof ${nodeId}`));
      expect(probe.bytes(nodeId).equals(sent)).toBe(true);
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`, `data ${nodeId}`, `eof ${nodeId}`]);
      expect(probe.sendBytes(nodeId, Buffer.from('late'))).toBe(4);
      await until('the answer', () => peer.bytes.toString() === 'late');
      probe.wake(nodeId);
      await stage.settled();
      expect(probe.count(`eof ${nodeId}`)).toBe(1);
      expect(probe.connectionCount).toBe(1);
    });

    it('alone is an event, too', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.end();
      await until('the EOF', () => probe.has(`eof ${nodeId}`));
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`, `eof ${nodeId}`]);
    });

    it('is final: a break after it is not reported', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.end();
      await until('the EOF', () => probe.has(`eof ${nodeId}`));
      peer.reset();
      await stage.settled();
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`, `eof ${nodeId}`]);
      expect(probe.connectionCount).toBe(1);
      expect(probe.closeConnection(nodeId)).toBe(true);
    });
  });

  describe('RST', () => {
    it('is told once, as ECONNRESET', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.reset();
      await until('the error', () => probe.hasEnded(nodeId));
      probe.wake(nodeId);
      await stage.settled();
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`, `error ${nodeId} ECONNRESET`]);
      expect(probe.connectionCount).toBe(1);
    });

    it('comes after the data that arrived before it', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.send('last words');
      await until('the data', () => probe.text(nodeId) === 'last words');
      peer.reset();
      await until('the error', () => probe.hasEnded(nodeId));
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`, `data ${nodeId}`, `error ${nodeId} ECONNRESET`]);
    });

    it('makes sends fail for good, with words for it', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.reset();
      await until('the error', () => probe.hasEnded(nodeId));
      const result = probe.sendBytes(nodeId, Buffer.from('x'));
      expect(result).toBeLessThan(0);
      expect(probe.errmsgOf(result)).toMatch(/^(EPIPE|ECONNRESET) \(.+\)$/);
      expect(probe.sendBytes(nodeId, Buffer.from('x'))).toBeLessThan(0);
    });
  });

  it('delivers nothing after the close', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    probe.on.eventGotData = () => probe.closeConnection(nodeId);
    peer.send(noise(4, 1_000_000));
    await until('the close', () => probe.connectionCount === 0);
    const events = probe.events.length;
    await until('the peer to notice', () => peer.hasEOF || peer.brokenBy !== undefined);
    await stage.settled();
    expect(probe.events.length).toBe(events);
    expect(probe.closeConnection(nodeId)).toBe(false);
    expect(probe.resetConnection(nodeId)).toBe(false);
  });

  it('keeps connections apart', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    const all: Connected[] = [];
    for (let count = 0; count < 20; count++) all.push(await stage.another(probe, bound));
    for (const { peer, nodeId } of all) peer.send(noise(nodeId, 50_000));
    await until('all bytes', () => all.every(({ nodeId }) => probe.receivedBytes(nodeId) === 50_000));
    for (const { nodeId } of all) expect(probe.bytes(nodeId).equals(noise(nodeId, 50_000))).toBe(true);
  });
});
