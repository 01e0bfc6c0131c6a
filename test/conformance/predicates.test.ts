// Pausing by predicates: what waits, what wakes it, and that waiting costs nothing.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { noise } from '../harness/peers/noise.ts';
import { until } from '../harness/until.ts';
import { turnsWhilePassing } from '../harness/idleness.ts';

describeEachBackend('predicates', (stage) => {
  describe('shouldTryToRecv', () => {
    it('holds data back, and a wake delivers all of it in order', async () => {
      let mayReceive = false;
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToRecv: () => mayReceive });
      peer.send(noise(1, 300_000));
      await stage.settled();
      expect(probe.receivedBytes(nodeId)).toBe(0);
      mayReceive = true;
      expect(probe.wake(nodeId)).toBe(true);
      await until('all bytes', () => probe.receivedBytes(nodeId) === 300_000);
      expect(probe.bytes(nodeId).equals(noise(1, 300_000))).toBe(true);
    });

    it('is asked again by itself: an answer that changes silently is noticed', async () => {
      let mayReceive = false;
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToRecv: () => mayReceive });
      peer.send('patience');
      await stage.settled();
      mayReceive = true;
      await until('the bytes', () => probe.text(nodeId) === 'patience');
    });

    it('is asked again after a callback and after a send: what it refuses then is not delivered', async () => {
      let mayReceive = true;
      const { probe, peer, nodeId } = await stage.connected(
        { receiveChunkBytes: 1_000 },
        { shouldTryToRecv: () => mayReceive },
      );
      probe.on.eventGotData = () => {
        mayReceive = false;
      };
      peer.send(noise(2, 100_000));
      peer.end();
      for (let rounds = 1; probe.receivedBytes(nodeId) < 100_000; rounds++) {
        await until('a piece', () => !mayReceive);
        const received = probe.receivedBytes(nodeId);
        await stage.settled();
        expect(probe.receivedBytes(nodeId)).toBe(received);
        mayReceive = true;
        if (rounds % 2 === 0) probe.wake(nodeId);
        else probe.sendBytes(nodeId, Buffer.from('.'));
      }
      mayReceive = true;
      probe.wake(nodeId);
      await until('the EOF', () => probe.has(`eof ${nodeId}`));
      expect(probe.bytes(nodeId).equals(noise(2, 100_000))).toBe(true);
    });

    it.each(['EOF', 'RST'] as const)('holds %s back while it says no, and costs nothing meanwhile', async (end) => {
      let mayReceive = false;
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToRecv: () => mayReceive });
      peer.send('before');
      await stage.settled();
      if (end === 'EOF') peer.end();
      else peer.reset();
      await stage.settled();
      expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`]);
      // Ten ticks and what they bring; a connection that spins makes thousands of turns.
      expect(await turnsWhilePassing(probe, 500)).toBeLessThan(40);
      mayReceive = true;
      probe.wake(nodeId);
      await until('the end', () => probe.hasEnded(nodeId));
      expect(probe.eventsOf(nodeId).at(-1)).toBe(end === 'EOF' ? `eof ${nodeId}` : `error ${nodeId} ECONNRESET`);
      // An RST may cost what nobody had received; an EOF comes behind everything.
      if (end === 'EOF') expect(probe.text(nodeId)).toBe('before');
    });

    it('reaches an RST behind more bytes than one receive takes', async () => {
      let mayReceive = false;
      const { probe, peer, nodeId } = await stage.connected(
        { receiveChunkBytes: 1_000 },
        { shouldTryToRecv: () => mayReceive },
      );
      peer.send(noise(3, 50_000));
      await stage.settled();
      peer.reset();
      await stage.settled();
      mayReceive = true;
      probe.wake(nodeId);
      await until('the end', () => probe.hasEnded(nodeId));
      expect(probe.bytes(nodeId).equals(noise(3, 50_000).subarray(0, probe.receivedBytes(nodeId)))).toBe(true);
      // See the docstring of `NodeNetBackend` for what that one makes of it.
      if (stage.backend !== 'node-net') expect(probe.events.at(-1)).toBe(`error ${nodeId} ECONNRESET`);
    });

    it('pauses one connection, and no other', async () => {
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToRecv: (id) => id !== 0 });
      const other = await stage.another(probe, probe.accepted[0]!.me);
      peer.send('held');
      other.peer.send('through');
      await until('the other', () => probe.text(other.nodeId) === 'through');
      await stage.settled();
      expect(probe.receivedBytes(nodeId)).toBe(0);
    });

    it('may close the connection it is asked about', async () => {
      const { probe, peer } = await stage.connected(
        {},
        {
          shouldTryToRecv: (id) => {
            probe.closeConnection(id);
            return true;
          },
        },
      );
      peer.send('x');
      await until('the close', () => probe.connectionCount === 0);
      await stage.settled();
      expect(probe.events.filter((event) => event.startsWith('data'))).toEqual([]);
    });

    it('holds nothing back when a throw is its answer for once', async () => {
      let asked = 0;
      const { probe, peer, nodeId } = await stage.connected(
        {},
        {
          shouldTryToRecv: () => {
            if (asked++ === 0) throw new Error('not today');
            return true;
          },
        },
      );
      peer.send('x');
      await until('the byte', () => probe.text(nodeId) === 'x');
      expect(probe.thrown).toMatchObject([{ where: 'shouldTryToRecv', nodeId }]);
    });
  });

  describe('shouldTryToSend', () => {
    it('holds eventReadyToSend back until it says yes and is woken', async () => {
      let maySend = false;
      const { probe, nodeId } = await stage.connected({}, { shouldTryToSend: () => maySend });
      await stage.settled();
      expect(probe.count(`ready ${nodeId}`)).toBe(0);
      maySend = true;
      probe.wake(nodeId);
      await until('the word', () => probe.count(`ready ${nodeId}`) === 1);
      await stage.settled();
      expect(probe.count(`ready ${nodeId}`)).toBe(1);
    });

    it('is asked again by itself while it says no', async () => {
      let maySend = false;
      const { probe, nodeId } = await stage.connected({}, { shouldTryToSend: () => maySend });
      await stage.settled();
      maySend = true;
      await until('the word', () => probe.count(`ready ${nodeId}`) === 1);
    });

    it('is asked again after each call: bytes queued silently are noticed every time', async () => {
      const queue: string[] = [];
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToSend: () => queue.length > 0 });
      probe.on.eventReadyToSend = () => probe.sendBytes(nodeId, Buffer.from(queue.splice(0).join('')));
      for (const text of ['one', 'two', 'three']) {
        await stage.settled();
        queue.push(text);
        await until(text, () => peer.bytes.toString().endsWith(text));
      }
      expect(peer.bytes.toString()).toBe('onetwothree');
    });

    it('repeats eventReadyToSend while it says yes and each call sends', async () => {
      const queue: string[] = [];
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToSend: () => queue.length > 0 });
      probe.on.eventReadyToSend = () => probe.sendBytes(nodeId, Buffer.from(queue.shift()!));
      await stage.settled();
      queue.push('a', 'b', 'c', 'd');
      probe.wake(nodeId);
      await until('all of it', () => peer.bytes.toString() === 'abcd');
      await stage.settled();
      expect(probe.count(`ready ${nodeId}`)).toBe(4);
    });

    it.each(['a send', 'received bytes'] as const)('is asked again after %s', async (what) => {
      let maySend = true;
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToSend: () => maySend });
      await until('the first word', () => probe.has(`ready ${nodeId}`));
      await stage.settled();
      maySend = false;
      if (what === 'a send') probe.sendBytes(nodeId, Buffer.from('x'));
      else {
        peer.send('x');
        await until('the byte', () => probe.text(nodeId) === 'x');
      }
      await stage.settled();
      expect(probe.count(`ready ${nodeId}`)).toBe(1);
      maySend = true;
      await until('the next word', () => probe.count(`ready ${nodeId}`) === 2);
    });

    it('does not hold up receiving', async () => {
      const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToSend: () => false });
      peer.send('x');
      await until('the byte', () => probe.text(nodeId) === 'x');
      expect(probe.count(`ready ${nodeId}`)).toBe(0);
    });

    it('may close the connection it is asked about', async () => {
      const { probe } = await stage.connected(
        {},
        {
          shouldTryToSend: (id) => {
            probe.closeConnection(id);
            return true;
          },
        },
      );
      await until('the close', () => probe.connectionCount === 0);
      expect(probe.events).toEqual(['accepted 0']);
    });
  });

  it('skips the receive of the turn in which eventReadyToSend says so', async () => {
    const order: string[] = [];
    const { probe, peer, nodeId } = await stage.connected(
      {},
      { eventIOLoopCompletedForAllPeers: () => void order.push('turn') },
    );
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    peer.pauseReading();
    const block = new Uint8Array(1 << 20);
    let taken = 0;
    for (;;) {
      const sent = probe.sendBytes(nodeId, block);
      taken += sent;
      if (sent < block.length) break;
    }
    let skips = true;
    probe.on.eventReadyToSend = () => {
      order.push('ready');
      const skip = skips;
      skips = false;
      return skip;
    };
    probe.on.eventGotData = () => order.push('data');
    order.length = 0;
    peer.send('x');
    peer.resumeReading();
    await until('room and the byte', () => order.includes('ready') && order.includes('data'));
    await until('all bytes', () => peer.receivedBytes === taken);
    // Both in the same turn, room first, is the one thing that must not be.
    const ready = order.indexOf('ready');
    const data = order.indexOf('data');
    expect(data > ready ? order.slice(ready, data) : ['turn']).toContain('turn');
  });
});
