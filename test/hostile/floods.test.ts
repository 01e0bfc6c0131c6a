// Peers that flood, and peers that just stay: others, timers and promises go on.

import { expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Connected } from '../harness/backends.ts';
import { noteProgress, until } from '../harness/until.ts';

describeEachBackend('floods', (stage) => {
  it('serves a second connection and timers while one peer floods', async () => {
    const server = stage.probe();
    server.keepsBytes = false;
    const flooder = stage.probe();
    const bound = stage.listen(server);
    const block = new Uint8Array(1 << 20);
    let isFlooding = true;
    flooder.on.eventReadyToSend = (nodeId) => {
      // Ask for the next word at once, also where a kernel takes it all.
      if (isFlooding && flooder.sendBytes(nodeId, block) === block.length) flooder.wake(nodeId);
    };
    await stage.dial(flooder, bound);
    await until('the flood', () => server.receivedBytes(0) > 4 * block.length);

    const quiet = await stage.another(server, bound);
    server.on.eventGotData = (nodeId, data) => {
      if (nodeId === quiet.nodeId) server.sendBytes(nodeId, data);
    };
    let timers = 0;
    const timer = setInterval(() => {
      timers++;
      noteProgress();
    }, 1);
    const floodBefore = server.receivedBytes(0);
    for (let round = 1; round <= 50; round++) {
      quiet.peer.send('x');
      await until('the echo', () => quiet.peer.receivedBytes === round);
    }
    await until('ten timers', () => timers >= 10);
    clearInterval(timer);
    isFlooding = false;
    expect(server.receivedBytes(0)).toBeGreaterThan(floodBefore);
  });

  it('keeps peers that half-closed and stay, and lets them go when it closes them', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    const all: Connected[] = [];
    for (let count = 0; count < 50; count++) all.push(await stage.another(probe, bound));
    for (const { peer } of all) peer.end();
    await until('all EOFs', () => all.every(({ nodeId }) => probe.has(`eof ${nodeId}`)));
    expect(probe.connectionCount).toBe(50);
    const { turns } = probe.stats();
    await stage.settled();
    expect(probe.stats().turns).toBe(turns);
    for (const { nodeId } of all) probe.closeConnection(nodeId);
    await until('all ends', () => all.every(({ peer }) => peer.hasEOF));
  });

  it('outlives 200 peers that reset as soon as they are connected', async () => {
    const probe = stage.probe();
    probe.on.eventGotPermanentReadError = (nodeId) => probe.closeConnection(nodeId);
    const bound = stage.listen(probe);
    for (let count = 0; count < 200; count++) (await stage.dialedBy(bound)).reset();
    // Some kernels take what was reset out of the queue; who was accepted has gone again.
    await until('all gone', () => probe.accepted.length > 0 && probe.connectionCount === 0);
    const peer = await stage.dialedBy(bound);
    peer.send('alive');
    await until('the bytes', () => probe.accepted.some(({ nodeId }) => probe.text(nodeId) === 'alive'));
  });
});
