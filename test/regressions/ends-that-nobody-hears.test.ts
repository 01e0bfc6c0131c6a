// Ends that were told late or never, found by reading: what a handler closed before its pass was over, which held up `close` for
// ever; what a callback ended while it welcomed it; an EOF that a predicate held back; and deadlines that outlived everything.

import { expect, it } from 'vitest';
import { MemoryNetwork } from '../../ts/testing.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import { countDescriptors, descriptorsClosed } from '../harness/descriptors.ts';
import { Probe } from '../harness/probe.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

const PEERS = 8;

function telling(told: string[]) {
  return (nodeId: number, reason: string): void => {
    told.push(`${nodeId} ${reason}`);
    noteProgress();
  };
}

/** Closes each connection that says something, a record a pass, and calls `end` when the first was closed. */
async function closedMidBatch(stage: Stage, end: (probe: Probe) => void): Promise<string[]> {
  const told: string[] = [];
  const probe = stage.probe({ passBytes: 1 }, { eventConnectionClosed: telling(told) });
  const bound = stage.listen(probe);
  const peers = await Promise.all(Array.from({ length: PEERS }, () => stage.dialedBy(bound)));
  await until('the accepts', () => probe.accepted.length === PEERS);
  let isOver = false;
  probe.on.eventGotData = (nodeId) => {
    probe.closeConnection(nodeId);
    if (isOver) return;
    isOver = true;
    // Between this pass and the next.
    setImmediate(() => end(probe));
  };
  for (const peer of peers) peer.send('hello');
  await until('the end', () => isOver);
  return told;
}

describeEachBackend('the end of a connection', (stage) => {
  it('that a handler closed in an unfinished turn is told before close resolves', async () => {
    let closing: Promise<void> | undefined;
    const told = await closedMidBatch(stage, (probe) => {
      closing = probe.close();
    });
    await until('the call of close', () => closing !== undefined);
    await inTime('close', closing!);
    expect(told.map((line) => line.split(' ')[0]).sort()).toEqual(Array.from({ length: PEERS }, (_, id) => String(id)));
  });

  it('that a handler closed in an unfinished turn is told after interruptNet and closeSockets', async () => {
    const told = await closedMidBatch(stage, (probe) => {
      probe.interruptNet();
      probe.closeSockets();
    });
    await until('all ends', () => told.length === PEERS);
    await stage.settled();
    expect(told).toHaveLength(PEERS);
  });

  it('that was ended while it was welcomed is told at once', async () => {
    const told: string[] = [];
    const probe = stage.probe({}, { eventConnectionClosed: telling(told) });
    probe.on.eventNewConnectionAccepted = (nodeId) => probe.endConnection(nodeId, { timeoutMs: 600_000 });
    const peer = await stage.dialedBy(stage.listen(probe));
    await until('the end', () => told.length === 1);
    await until('the half-close', () => peer.hasEOF);
    peer.end();
    await stage.settled();
    expect(told).toEqual(['0 closed']);
  });
});

describeEachBackend('endConnection', (stage) => {
  it('keeps its promise in the continuation of a dial', async () => {
    const told: string[] = [];
    const probe = stage.probe({}, { eventConnectionClosed: telling(told) });
    const listener = await stage.rawListener();
    const words = Buffer.alloc(8 * 1024 * 1024, 5);
    const nodeId = await stage.dial(probe, listener.bound);
    expect(probe.queueBytes(nodeId, words)).toBeGreaterThan(0);
    expect(probe.endConnection(nodeId, { timeoutMs: 600_000 })).toBe(true);
    await until('the accept', () => listener.peers.length === 1);
    const [peer] = listener.peers;
    await until('the last word', () => peer!.hasEOF || peer!.brokenBy !== undefined);
    expect(peer!.receivedBytes).toBe(words.length);
    peer!.end();
    await stage.settled();
    expect(told).toEqual([`${nodeId} closed`]);
  });

  it('closes at once if shouldTryToRecv held back the EOF', async () => {
    let mayReceive = true;
    const probe = stage.probe({}, { shouldTryToRecv: () => mayReceive });
    const before = countDescriptors();
    const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
    // It changes its mind without a word: the EOF is the first to find out, and is held.
    mayReceive = false;
    peer.end();
    await stage.settled();
    probe.endConnection(nodeId, { timeoutMs: 600_000 });
    await until('the end', () => peer.hasEOF);
    expect(probe.hasEnded(nodeId)).toBe(false);
    probe.stopListening();
    // Of the network in memory there are none.
    await descriptorsClosed(before);
  });
});

it('a deadline does not outlive its SockMan', async () => {
  const network = new MemoryNetwork();
  const probe = new Probe({ backend: network.createBackend });
  probe.startSocketsThreads();
  const over: string[] = [];
  probe.deadline(1_000, () => over.push('before'));
  const closed = probe.close();
  probe.deadline(1_000, () => over.push('after'));
  await closed;
  network.clock.advance(5_000);
  expect(over).toEqual([]);
});
