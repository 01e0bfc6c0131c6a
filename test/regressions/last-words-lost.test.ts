// "What the kernel took is still delivered" was not true with unread bytes in our receive buffer, or with some that came
// later: TCP answers those with RST, and the peer throws away what it has not read. 500,000 bytes sent, `closeConnection`
// with the peer's 600,000 unread: the peer got 128,000 and an RST.

import { expect, it } from 'vitest';
import { describeEachBackend, itUnless } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import type { Probe } from '../harness/probe.ts';
import type { RawPeer } from '../harness/peers/raw-peer.ts';
import { inTime, until } from '../harness/until.ts';

const BUFFERS = { sendBufferBytes: 512 * 1024 };

/** A probe that read nothing of 600,000 bytes and has said something itself, to a peer that does not read yet. */
async function unread(stage: Stage): Promise<{ probe: Probe; peer: RawPeer; nodeId: number; sent: number }> {
  let mayReceive = true;
  const { probe, peer, nodeId } = await stage.connected(BUFFERS, { shouldTryToRecv: () => mayReceive });
  mayReceive = false;
  peer.pauseReading();
  peer.send(Buffer.alloc(600_000, 7));
  const sent = probe.sendBytes(nodeId, Buffer.alloc(500_000, 9));
  expect(sent).toBeGreaterThan(0);
  return { probe, peer, nodeId, sent };
}

describeEachBackend('the last words of a connection', (stage) => {
  it('arrive with endConnection, whatever is unread', async () => {
    const { probe, peer, nodeId, sent } = await unread(stage);
    expect(probe.endConnection(nodeId)).toBe(true);
    expect(probe.connectionCount).toBe(0);
    peer.resumeReading();
    await until('the end', () => peer.hasEOF || peer.brokenBy !== undefined);
    expect({ bytes: peer.receivedBytes, brokenBy: peer.brokenBy }).toEqual({ bytes: sent, brokenBy: undefined });
    peer.send('still talking');
    peer.end();
    await until('silence', () => probe.eventsOf(nodeId).every((event) => !event.startsWith('data')));
  });

  // What a closed node:net socket had read ahead makes it reset, what is in the kernel may not.
  itUnless(stage.backend === 'node-net' ? 'when it resets depends on how much it read ahead' : undefined)(
    'may be lost with closeConnection',
    async () => {
      const server = stage.probe(BUFFERS, { shouldTryToRecv: () => false });
      let mayReceive = false;
      const client = stage.probe({}, { shouldTryToRecv: () => mayReceive });
      const nodeId = await stage.dial(client, stage.listen(server));
      await until('the accept', () => server.accepted.length === 1);
      // The first byte finds out that nobody receives, the others stay in the kernel.
      expect(client.sendBytes(nodeId, Buffer.alloc(1))).toBe(1);
      await stage.settled();
      expect(client.sendBytes(nodeId, Buffer.alloc(10_000))).toBe(10_000);
      expect(server.sendBytes(0, Buffer.alloc(500_000))).toBeGreaterThan(0);
      // Unread on both sides: what was sent on loopback has arrived a pass of the loop later.
      await stage.settled();
      server.closeConnection(0);
      await stage.settled();
      mayReceive = true;
      client.wake(nodeId);
      await until('the break', () => client.hasEnded(nodeId));
      expect(client.events.at(-1)).toBe(`error ${nodeId} ECONNRESET`);
    },
  );

  it('are those of queueBytes too', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    const words = Buffer.alloc(16 * 1024 * 1024, 3);
    expect(probe.queueBytes(nodeId, words, { limitBytes: 2 * words.length })).toBeGreaterThan(0);
    probe.endConnection(nodeId, { timeoutMs: 60_000 });
    peer.resumeReading();
    await until('all of it', () => peer.hasEOF || peer.brokenBy !== undefined);
    expect(peer.receivedBytes).toBe(words.length);
    peer.end();
  });

  it('end the connection at the deadline when the peer does not close its side', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    probe.endConnection(nodeId, { timeoutMs: 20 });
    await until('the half-close', () => peer.hasEOF);
    // A closed socket answers what comes with RST; until then it takes it.
    const hammer = setInterval(() => peer.send('x'), 1);
    await inTime(
      'the break',
      until('the break', () => peer.brokenBy !== undefined),
    ).finally(() => clearInterval(hammer));
  });

  it('come to an end at once when the peer has closed its side already', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.end();
    await until('the EOF', () => probe.has(`eof ${nodeId}`));
    expect(probe.endConnection(nodeId)).toBe(true);
    await until('the end', () => peer.hasEOF);
    expect([probe.endConnection(nodeId), probe.closeConnection(nodeId)]).toEqual([false, false]);
  });

  it('are told as one close of the connection', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const before = probe.stats().closed;
    probe.endConnection(nodeId);
    expect(probe.stats().closed).toBe(before + 1);
    peer.end();
    await until('the end', () => peer.hasEOF);
    expect(probe.sendBytes(nodeId, Buffer.from('x'))).toBe(0);
    probe.interruptNet();
    probe.closeSockets();
    expect(probe.stats().closed).toBe(before + 1);
  });
});
