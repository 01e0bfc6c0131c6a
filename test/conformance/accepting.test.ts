// Connections that peers make: who is told what, who is refused, and which ids they get.

import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';

describeEachBackend('accepting', (stage) => {
  it('tells both ends of the connection as the peer sees them', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    const peer = await stage.dialedBy(bound);
    await until('the accept', () => probe.accepted.length === 1);
    const [accepted] = probe.accepted;
    expect(accepted!.me.toString()).toBe(bound.toString());
    expect(accepted!.them.toString()).toBe(peer.local);
  });

  it('tells the address that was dialed where the listener is bound to all of them', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe, '0.0.0.0:0');
    await stage.dialedBy(Service.parse(`127.0.0.1:${bound.port}`));
    await until('the accept', () => probe.accepted.length === 1);
    expect(probe.accepted[0]!.me.toString()).toBe(`127.0.0.1:${bound.port}`);
  });

  it('never takes us for a peer that reset before it was accepted', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    if (stage.backend !== 'memory') {
      const program = `require('node:net').connect(${bound.port}, '127.0.0.1', function () { this.resetAndDestroy(); });`;
      // The loop stands still meanwhile, so that the kernel has the RST before anyone accepts.
      execFileSync(process.execPath, ['-e', program]);
    }
    const peer = await stage.dialedBy(bound);
    await until('the accept', () => probe.accepted.some(({ them }) => them.toString() === peer.local));
    expect(probe.accepted.filter(({ them }) => them.equals(bound))).toEqual([]);
  });

  it('says first that there is room to send', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.send('x');
    await until('the byte', () => probe.has(`data ${nodeId}`));
    expect(probe.events.slice(0, 2)).toEqual([`accepted ${nodeId}`, `ready ${nodeId}`]);
  });

  it('counts ids up from 0 and never uses one again', async () => {
    const probe = stage.probe();
    const bound = stage.listen(probe);
    for (let expected = 0; expected < 5; expected++) {
      const { nodeId } = await stage.another(probe, bound);
      expect(nodeId).toBe(expected);
      probe.closeConnection(nodeId);
    }
  });

  it.each([
    ['false', () => false],
    ['what is not a boolean', () => 1],
    [
      'a throw',
      () => {
        throw new Error('no');
      },
    ],
  ])('refuses a connection by %s: the peer is hung up at once and nothing else is called', async (_title, answer) => {
    const probe = stage.probe();
    probe.on.eventNewConnectionAccepted = answer;
    const peer = await stage.dialedBy(stage.listen(probe));
    peer.send('anyone there?');
    await until('the peer to notice', () => peer.hasEOF || peer.brokenBy !== undefined);
    await stage.settled();
    expect(probe.events).toEqual(['accepted 0']);
    expect(probe.connectionCount).toBe(0);
    expect(probe.stats()).toMatchObject({ accepted: 1, refused: 1, closed: 1 });
    expect(probe.closeConnection(0)).toBe(false);
  });

  it('lets the callback send, before any other callback of the connection', async () => {
    const probe = stage.probe();
    const taken: number[] = [];
    probe.on.eventNewConnectionAccepted = (nodeId) => {
      taken.push(probe.sendBytes(nodeId, Buffer.from('hello')));
      return true;
    };
    const peer = await stage.dialedBy(stage.listen(probe));
    await until('the greeting', () => peer.bytes.toString() === 'hello');
    expect(taken).toEqual([5]);
  });

  it('accepts nothing before the start, and then all that waited', async () => {
    const probe = stage.idleProbe();
    const peer = await stage.dialedBy(stage.listen(probe));
    peer.send('early');
    await stage.settled();
    expect(probe.events).toEqual([]);
    probe.startSocketsThreads();
    await until('the bytes', () => probe.text(0) === 'early');
  });

  it.each([1, 3, 512])('accepts no more than acceptBatch = %i connections in a turn', async (acceptBatch) => {
    const acceptedIn: number[] = [];
    const probe = stage.probe(
      { acceptBatch },
      { eventIOLoopCompletedForAllPeers: () => void acceptedIn.push(probe.accepted.length) },
    );
    const bound = stage.listen(probe);
    const count = 20;
    await Promise.all(Array.from({ length: count }, () => stage.dialedBy(bound)));
    await until('all to be accepted', () => probe.accepted.length === count);
    acceptedIn.push(count);
    const perTurn = acceptedIn.map((accepted, turn) => accepted - (acceptedIn[turn - 1] ?? 0));
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(acceptBatch);
  });
});
