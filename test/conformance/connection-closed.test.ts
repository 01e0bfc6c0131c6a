// `eventConnectionClosed`: told once for each connection there was, last, and never from inside the call that closed it.

import { expect, it } from 'vitest';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { Stage } from '../harness/backends.ts';
import type { Probe } from '../harness/probe.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

/** A probe that writes down the ends it is told: `0 eof`, `1 error ECONNRESET`. */
function telling(stage: Stage): { probe: Probe; told: string[] } {
  const told: string[] = [];
  const probe = stage.idleProbe(
    {},
    {
      eventConnectionClosed: (nodeId, reason, code) => {
        told.push([nodeId, reason, code].join(' ').trimEnd());
        noteProgress();
      },
    },
  );
  probe.startSocketsThreads();
  return { probe, told };
}

describeEachBackend('the end of a connection', (stage) => {
  it('is told with its reason: our close, our RST, after an EOF, after an error', async () => {
    const { probe, told } = telling(stage);
    const bound = stage.listen(probe);
    for (let count = 0; count < 4; count++) await stage.another(probe, bound);
    const [, , ending, failing] = await Promise.all(
      [0, 1, 2, 3].map(async (nodeId) => ({ nodeId, remote: probe.addressesOf(nodeId)!.remote.toString() })),
    );
    const peerAt = (remote: string) => stage.peers.find((peer) => peer.local === remote)!;
    peerAt(ending!.remote).end();
    peerAt(failing!.remote).reset();
    await until('both ends', () => probe.hasEnded(2) && probe.hasEnded(3));
    expect(told).toEqual([]);
    probe.closeConnection(0);
    probe.resetConnection(1);
    probe.closeConnection(2);
    probe.closeConnection(3);
    expect(told).toEqual([]);
    await until('all ends', () => told.length === 4);
    expect(told).toEqual(['0 closed', '1 closed', '2 eof', '3 error ECONNRESET']);
    await stage.settled();
    expect(told).toHaveLength(4);
  });

  it('is told after the callback that closed, and before the next turn', async () => {
    const { probe, told } = telling(stage);
    const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
    let toldInside = -1;
    probe.on.eventGotData = () => {
      probe.closeConnection(nodeId);
      toldInside = told.length;
    };
    peer.send('x');
    await until('the end', () => told.length === 1);
    expect(toldInside).toBe(0);
    expect(told).toEqual([`${nodeId} closed`]);
  });

  it('is not told of a connection that was refused, but of one that was closed while it was welcomed', async () => {
    const { probe, told } = telling(stage);
    probe.on.eventNewConnectionAccepted = (nodeId) => {
      if (nodeId !== 0) probe.closeConnection(nodeId);
      return nodeId === 2;
    };
    const bound = stage.listen(probe);
    for (let count = 0; count < 3; count++) await stage.another(probe, bound);
    await until('the end', () => told.length === 1);
    await stage.settled();
    expect(told).toEqual(['2 closed']);
  });

  it('is told of dialed connections, and of those that a stream owns', async () => {
    const { probe, told } = telling(stage);
    const listener = await stage.rawListener();
    const dialed = await stage.dial(probe, listener.bound);
    const streamed = await stage.dial(probe, listener.bound);
    await until('both peers', () => listener.peers.length === 2);
    const stream = probe.duplex(streamed);
    stream.resume();
    stream.end();
    for (const peer of listener.peers) peer.end();
    await until('the end of the stream', () => told.length === 1);
    expect(told).toEqual([`${streamed} eof`]);
    probe.closeConnection(dialed);
    await until('the other end', () => told.length === 2);
    expect(told[1]).toMatch(new RegExp(`^${dialed} (eof|closed)$`));
  });

  it('is told of a dial whose caller learns of it only afterwards', async () => {
    const { probe, told } = telling(stage);
    const listener = await stage.rawListener();
    const dialing = probe.connectAndMakeNodeId(listener.bound);
    await until('the connection', () => probe.connectionCount === 1);
    probe.closeSockets();
    const known: string[] = [];
    const { nodeId } = await dialing;
    known.push(...told);
    await until('the end', () => told.length === 1);
    expect(known).toEqual([]);
    expect(told).toEqual([`${nodeId} closed`]);
  });

  it('is told of what closeSockets closes, and names the interruption before it', async () => {
    const { probe, told } = telling(stage);
    const bound = stage.listen(probe);
    await stage.another(probe, bound);
    await stage.another(probe, bound);
    probe.closeConnection(0);
    await inTime('the end', probe.close());
    expect(told).toEqual(['0 closed', '1 interrupted']);
  });

  it('is told of every connection when a callback interrupts and closes', async () => {
    const { probe, told } = telling(stage);
    const bound = stage.listen(probe);
    await stage.another(probe, bound);
    const { peer } = await stage.another(probe, bound);
    let joined: Promise<void> | undefined;
    probe.on.eventGotData = () => {
      probe.closeConnection(0);
      probe.interruptNet();
      joined = probe.joinSocketsThreads();
      probe.closeSockets();
    };
    peer.send('x');
    await until('the interruption', () => joined !== undefined);
    await inTime('the join', joined!);
    expect(told).toEqual(['0 closed', '1 interrupted']);
  });

  it('is told of those that a handler of it closes or wakes others from', async () => {
    const closed: number[] = [];
    const probe = stage.idleProbe({}, { eventConnectionClosed: (nodeId) => void onClosed(nodeId) });
    const onClosed = (nodeId: number): void => {
      closed.push(nodeId);
      if (nodeId === 0) probe.closeConnection(1);
      if (nodeId === 1) probe.wake(2);
      noteProgress();
    };
    probe.startSocketsThreads();
    const bound = stage.listen(probe);
    for (let count = 0; count < 3; count++) await stage.another(probe, bound);
    await until('the first words', () => probe.has('ready 2'));
    const before = probe.count('ready 2');
    probe.closeConnection(0);
    await until('the wake', () => probe.count('ready 2') > before);
    expect(closed).toEqual([0, 1]);
  });

  it('is told once of what endConnection ends, and at once', async () => {
    const { probe, told } = telling(stage);
    const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
    expect(probe.endConnection(nodeId)).toBe(true);
    await until('the end', () => told.length === 1);
    await until('the FIN', () => peer.hasEOF);
    peer.end();
    await stage.settled();
    expect(told).toEqual([`${nodeId} closed`]);
  });

  it('reports what its handler throws', async () => {
    const probe = stage.idleProbe(
      {},
      {
        eventConnectionClosed: () => {
          throw new Error('no');
        },
      },
    );
    probe.startSocketsThreads();
    await stage.another(probe, stage.listen(probe));
    probe.closeConnection(0);
    await until('the report', () => probe.thrown.length === 1);
    expect(probe.thrown).toMatchObject([{ where: 'eventConnectionClosed', nodeId: 0 }]);
  });

  it('is a handler of createSockMan, where EOF and errors close by themselves', async () => {
    const told: string[] = [];
    const server = createSockMan(
      {
        eventGotData() {},
        eventReadyToSend() {
          noteProgress();
          return false;
        },
        eventConnectionClosed: (nodeId, reason, code) => {
          told.push([nodeId, reason, code].join(' ').trimEnd());
          noteProgress();
        },
      },
      stage.world.options,
    );
    server.startSocketsThreads();
    const bound = stage.listen(server);
    const first = await stage.dialedBy(bound);
    first.end();
    await until('the first end', () => told.length === 1);
    const second = await stage.dialedBy(bound);
    await until('the second', () => server.connectionCount === 1);
    second.reset();
    await until('the second end', () => told.length === 2);
    expect(told).toEqual(['0 eof', '1 error ECONNRESET']);
    await server[Symbol.asyncDispose]();
  });
});
