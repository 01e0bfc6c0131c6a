// What we send: how much is taken at once, what happens to the rest, and how an end of ours shows at the peer.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { noise } from '../harness/peers/noise.ts';
import { until } from '../harness/until.ts';

const MIB = 1024 * 1024;

describeEachBackend('sending', (stage) => {
  it('takes what there is room for, at once', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    expect(probe.sendBytes(nodeId, Buffer.from('hello'))).toBe(5);
    expect(probe.sendBytes(nodeId, new Uint8Array(0))).toBe(0);
    await until('the bytes', () => peer.bytes.toString() === 'hello');
    expect(probe.countersOf(nodeId)!.sentBytes).toBe(5);
  });

  it('takes nothing for an id that is unknown or closed', async () => {
    const { probe, nodeId } = await stage.connected();
    probe.closeConnection(nodeId);
    for (const unknown of [nodeId, 99, -1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(probe.sendBytes(unknown, Buffer.from('x'))).toBe(0);
      expect(probe.shutdownSend(unknown)).toBe(false);
      expect(probe.wake(unknown)).toBe(false);
    }
  });

  it('takes a piece of the caller: the bytes may be overwritten when the call returns', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const message = noise(1, 20_000);
    const buffer = Uint8Array.from(message);
    expect(probe.sendBytes(nodeId, buffer)).toBe(20_000);
    buffer.fill(0);
    await until('the bytes', () => peer.receivedBytes === 20_000);
    expect(peer.bytes.equals(message)).toBe(true);
  });

  it('sends a part of a larger buffer, and only that', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    probe.sendBytes(nodeId, Buffer.from('0123456789').subarray(3, 6));
    await until('the bytes', () => peer.receivedBytes === 3);
    expect(peer.bytes.toString()).toBe('345');
  });

  it('delivers what was announced with willSendMore', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    expect(probe.sendBytes(nodeId, Buffer.from('head '), true)).toBe(5);
    expect(probe.sendBytes(nodeId, Buffer.from('and body'), false)).toBe(8);
    await until('the bytes', () => peer.bytes.toString() === 'head and body');
  });

  it('tells once that there is room after a short send, and nothing while there is none', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    peer.pauseReading();
    const block = new Uint8Array(MIB);
    let taken = 0;
    let told: number;
    // What had left our side before the peer stopped to read makes room again: that is filled, too.
    do {
      for (;;) {
        const sent = probe.sendBytes(nodeId, block);
        taken += sent;
        if (sent < block.length) break;
      }
      told = probe.count(`ready ${nodeId}`);
      await stage.settled();
    } while (probe.count(`ready ${nodeId}`) > told);
    peer.resumeReading();
    await until('room', () => probe.count(`ready ${nodeId}`) > told);
    await until('all bytes', () => peer.receivedBytes === taken);
    await stage.settled();
    expect(probe.count(`ready ${nodeId}`)).toBe(told + 1);
  });

  it('tells that there is room after a short send, even if a small one fits before', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    // In pieces, which leave one by one.
    const piece = noise(1, 100_000);
    while (probe.sendBytes(nodeId, piece) === piece.length) continue;
    const before = probe.count(`ready ${nodeId}`);
    while (probe.sendBytes(nodeId, Buffer.of(1)) === 0) {
      const received = peer.receivedBytes;
      peer.resumeReading();
      await until('some bytes', () => peer.receivedBytes > received);
      peer.pauseReading();
      await stage.settled();
    }
    peer.resumeReading();
    await until('the room', () => probe.count(`ready ${nodeId}`) > before);
  });

  it('carries 64 MiB through a slow reader byte-exact, with bounded memory', async () => {
    const total = 64 * MIB;
    const block = noise(5, MIB);
    const server = stage.probe();
    let mayRead = true;
    const reader = stage.probe({}, { shouldTryToRecv: () => mayRead });
    reader.keepsBytes = false;
    const hash = createHash('sha256');
    let sinceRest = 0;
    reader.on.eventGotData = (nodeId, data) => {
      hash.update(data);
      sinceRest += data.length;
      // Slow: after each MiB it reads nothing for the rest of the pass.
      if (sinceRest < MIB) return;
      sinceRest = 0;
      mayRead = false;
      setImmediate(() => {
        mayRead = true;
        reader.wake(nodeId);
      });
    };
    let offset = 0;
    let mostUnread = 0;
    const sendOn = (nodeId: number): void => {
      while (offset < total) {
        const sent = server.sendBytes(nodeId, block.subarray(offset % MIB));
        expect(sent).toBeGreaterThanOrEqual(0);
        if (sent === 0) break;
        offset += sent;
        mostUnread = Math.max(mostUnread, offset - reader.receivedBytes(0));
      }
      if (offset === total) server.shutdownSend(nodeId);
    };
    server.on.eventReadyToSend = (nodeId) => void sendOn(nodeId);
    const bound = stage.listen(server);
    expect(await stage.dial(reader, bound)).toBe(0);
    await until('the EOF', () => reader.has('eof 0'), 60_000);
    const expected = createHash('sha256');
    for (let sent = 0; sent < total; sent += MIB) expected.update(block);
    expect(reader.receivedBytes(0)).toBe(total);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    // Both kernel buffers (tcp_wmem and tcp_rmem allow 4 and 6 MiB) and a read-ahead; never the whole.
    expect(mostUnread).toBeLessThan(16 * MIB);
  }, 70_000);

  describe('to many', () => {
    it('sends one buffer to each, and tells the result of each in order', async () => {
      const probe = stage.probe();
      const bound = stage.listen(probe);
      const [a, b, broken] = [
        await stage.another(probe, bound),
        await stage.another(probe, bound),
        await stage.another(probe, bound),
      ];
      broken.peer.reset();
      await until('the RST', () => probe.hasEnded(broken.nodeId));
      const results = probe.sendBytesMany([a.nodeId, 99, broken.nodeId, b.nodeId], Buffer.from('news'));
      expect(results).toBeInstanceOf(Int32Array);
      expect([...results].map(Math.sign)).toEqual([1, 0, -1, 1]);
      expect([results[0], results[3]]).toEqual([4, 4]);
      await until('the news', () => a.peer.bytes.toString() === 'news' && b.peer.bytes.toString() === 'news');
      expect(probe.stats().sentBytes).toBe(8);
    });

    it('does nothing for no ids, or for no bytes', async () => {
      const { probe, nodeId } = await stage.connected();
      expect([...probe.sendBytesMany([], Buffer.from('x'))]).toEqual([]);
      expect([...probe.sendBytesMany([nodeId, nodeId], new Uint8Array(0))]).toEqual([0, 0]);
    });

    it('sends twice to an id that is given twice, and takes typed arrays', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      expect([...probe.sendBytesMany(Float64Array.of(nodeId, nodeId), Buffer.from('ab'))]).toEqual([2, 2]);
      await until('the bytes', () => peer.bytes.toString() === 'abab');
    });

    it('tells of room after a short send', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      await until('the first word', () => probe.has(`ready ${nodeId}`));
      peer.pauseReading();
      const block = new Uint8Array(4 * MIB);
      while (probe.sendBytesMany([nodeId], block)[0] === block.length);
      const before = probe.count(`ready ${nodeId}`);
      peer.resumeReading();
      await until('room', () => probe.count(`ready ${nodeId}`) > before);
    });
  });

  describe('our end', () => {
    it('half-closes after what was taken; receiving goes on', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      probe.sendBytes(nodeId, Buffer.from('bye'));
      expect(probe.shutdownSend(nodeId)).toBe(true);
      await until('the end', () => peer.hasEOF);
      expect(peer.bytes.toString()).toBe('bye');
      expect(probe.sendBytes(nodeId, Buffer.from('x'))).toBeLessThan(0);
      peer.send('I go on');
      peer.end();
      await until('their end', () => probe.has(`eof ${nodeId}`));
      expect(probe.text(nodeId)).toBe('I go on');
      expect(probe.connectionCount).toBe(1);
    });

    it('delivers what was taken before a close', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      const taken = probe.sendBytes(nodeId, noise(6, 200_000));
      expect(taken).toBeGreaterThan(0);
      expect(probe.closeConnection(nodeId)).toBe(true);
      await until('the end', () => peer.hasEOF);
      expect(peer.bytes.equals(noise(6, 200_000).subarray(0, taken))).toBe(true);
    });

    it('shows as ECONNRESET at the peer after resetConnection', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      expect(probe.resetConnection(nodeId)).toBe(true);
      await until('the RST', () => peer.brokenBy !== undefined);
      expect(peer.brokenBy).toBe('ECONNRESET');
      expect(probe.connectionCount).toBe(0);
    });

    it('cannot be shut down once the peer reset the connection', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      peer.reset();
      await until('the error', () => probe.hasEnded(nodeId));
      expect(probe.shutdownSend(nodeId)).toBe(false);
    });
  });
});
