// What a `SockMan` counts for metrics: kinds of events, short sends, how connections ended, how long turns took.

import { describe, expect, it } from 'vitest';
import { createSockMan } from '../../ts/index.ts';
import { MemoryNetwork, limitSends } from '../../ts/testing.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the counters of a SockMan', () => {
  it('tell kinds of events, short sends, ends of connections and lengths of turns', async () => {
    const network = new MemoryNetwork({ faults: limitSends(1) });
    const sockMan = createSockMan(
      {
        eventGotData: (id) => void sockMan.sendBytes(id, Buffer.from('two')),
        eventGotEOF: (id) => void sockMan.closeConnection(id),
        eventGotPermanentReadError: (id) => void sockMan.closeConnection(id),
      },
      { backend: network.createBackend },
    );
    sockMan.bindAndStartListening('127.0.0.1:1');
    sockMan.startSocketsThreads();
    const pass = async (): Promise<void> => {
      network.clock.advance(100);
      await turn();
    };
    const peers = [1, 2, 3].map(() => network.connect('127.0.0.1:1'));
    await pass();
    for (const peer of peers) peer.send('x');
    await pass();
    peers[0]!.end();
    peers[1]!.reset();
    await pass();
    sockMan.closeSockets();
    const stats = sockMan.stats();
    expect(stats).toMatchObject({
      accepted: 3,
      closed: 3,
      closedAfterEOF: 1,
      closedAfterError: 1,
      closedAfterTimeout: 0,
      shortWrites: 3,
      errorEvents: 1,
    });
    expect(stats.receiveEvents).toBeGreaterThanOrEqual(4);
    expect(stats.turnSeconds.count).toBe(stats.turns);
    await sockMan[Symbol.asyncDispose]();
  });
});
