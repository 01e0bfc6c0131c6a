// Closing from inside each callback: this connection, the next one of the batch, all of them, the SockMan itself. What the
// batch still holds for them is not delivered, and what is opened meanwhile gets nothing of it.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Connected, Stage } from '../harness/backends.ts';
import type { Overridable, Probe } from '../harness/probe.ts';
import { until } from '../harness/until.ts';

/** The callbacks in which something is closed, and what a peer does to have them called. */
const CALLBACKS = [
  ['eventGotData', (peer) => peer.send('x')],
  ['eventGotEOF', (peer) => peer.end()],
  ['eventGotPermanentReadError', (peer) => peer.reset()],
  ['shouldTryToRecv', (peer) => peer.send('x')],
  ['eventReadyToSend', undefined],
  ['shouldTryToSend', undefined],
  ['eventIOLoopCompletedForNode', (peer) => peer.send('x')],
  ['eventIOLoopCompletedForAllPeers', (peer) => peer.send('x')],
] as const satisfies [string, ((peer: Connected['peer']) => void) | undefined][];

type Name = (typeof CALLBACKS)[number][0];

/** A probe with connections, of which the first to call back runs `act`, once. */
async function acting(stage: Stage, name: Name, count: number, act: (probe: Probe, nodeId: number) => void) {
  let isArmed = false;
  const state: { probe?: Probe; actor: number | undefined } = { actor: undefined };
  const callback = (nodeId: number | undefined): boolean => {
    if (isArmed) {
      isArmed = false;
      state.actor = nodeId ?? 0;
      act(state.probe!, state.actor);
    }
    return true;
  };
  const overridable: Overridable = {};
  const isHand = name === 'eventGotData' || name === 'eventGotEOF' || name === 'eventGotPermanentReadError';
  if (name === 'shouldTryToRecv' || name === 'shouldTryToSend') overridable[name] = callback;
  else if (name === 'eventIOLoopCompletedForNode') overridable[name] = (nodeId) => void callback(nodeId);
  else if (name === 'eventIOLoopCompletedForAllPeers') overridable[name] = () => void callback(undefined);
  const probe = stage.probe({}, overridable);
  state.probe = probe;
  if (isHand) probe.on[name] = (nodeId: number) => void callback(nodeId);
  if (name === 'eventReadyToSend') {
    probe.on.eventReadyToSend = (nodeId) => {
      callback(nodeId);
      return false;
    };
  }
  const bound = stage.listen(probe);
  const connections: Connected[] = [];
  for (let index = 0; index < count; index++) connections.push(await stage.another(probe, bound));
  await until('the first words', () => connections.every(({ nodeId }) => probe.has(`ready ${nodeId}`)));
  await stage.settled();
  probe.events.length = 0;
  isArmed = true;
  // In one go, so that all of it is ready in one turn.
  const trigger = CALLBACKS.find(([known]) => known === name)![1];
  for (const { peer, nodeId } of connections) {
    if (trigger === undefined) probe.wake(nodeId);
    else trigger(peer);
  }
  await until('the callback', () => state.actor !== undefined);
  return { probe, connections, bound, actor: state.actor! };
}

describeEachBackend('closing', (stage) => {
  describe.each(CALLBACKS.map(([name]) => name))('inside %s', (name) => {
    it('this connection: nothing more comes for it, and the others go on', async () => {
      const { probe, connections, actor } = await acting(stage, name, 3, (sockMan, nodeId) => {
        expect(sockMan.closeConnection(nodeId)).toBe(true);
        expect(sockMan.closeConnection(nodeId)).toBe(false);
        sockMan.events.push('closed');
      });
      await stage.settled();
      const after = probe.events.slice(probe.events.indexOf('closed') + 1);
      expect(after.filter((event) => event.split(' ')[1] === String(actor))).toEqual([]);
      expect(probe.connectionCount).toBe(2);
      for (const { peer, nodeId } of connections) {
        if (nodeId === actor || name === 'eventGotPermanentReadError' || name === 'eventGotEOF') continue;
        peer.send('more');
        await until('the others', () => probe.text(nodeId).endsWith('more'));
      }
    });

    it('the others of the batch: nothing comes for them', async () => {
      const { probe, actor } = await acting(stage, name, 4, (sockMan, nodeId) => {
        for (let other = 0; other < 4; other++) if (other !== nodeId) sockMan.closeConnection(other);
        sockMan.events.push('closed');
      });
      await stage.settled();
      const after = probe.events.slice(probe.events.indexOf('closed') + 1);
      expect(after.filter((event) => event.split(' ')[1] !== String(actor))).toEqual([]);
      expect(probe.connectionCount).toBe(1);
    });

    it('all sockets: nothing comes for any, and the SockMan can open new ones', async () => {
      const { probe } = await acting(stage, name, 3, (sockMan) => {
        sockMan.closeSockets();
        sockMan.events.push('closed');
      });
      await stage.settled();
      expect(probe.events.at(-1)).toBe('closed');
      expect(probe.stats()).toMatchObject({ connectionCount: 0, listenerCount: 0 });
      const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
      if (name.startsWith('should')) return;
      peer.send('new life');
      await until('the bytes', () => probe.text(nodeId) === 'new life');
    });

    it('the SockMan: nothing comes for anything, and it can be joined', async () => {
      let disposed: Promise<void> | undefined;
      const { probe } = await acting(stage, name, 3, (sockMan) => {
        disposed = sockMan[Symbol.asyncDispose]();
        sockMan.events.push('closed');
      });
      await disposed;
      await stage.settled();
      expect(probe.events.at(-1)).toBe('closed');
      expect(probe.connectionCount).toBe(0);
    });
  });

  it('inside eventNewConnectionAccepted: this connection, all, and the SockMan', async () => {
    const probe = stage.probe();
    probe.on.eventNewConnectionAccepted = (nodeId) => probe.closeConnection(nodeId);
    const bound = stage.listen(probe);
    const peer = await stage.dialedBy(bound);
    await until('the peer to notice', () => peer.hasEOF || peer.brokenBy !== undefined);
    expect(probe.events).toEqual(['accepted 0']);

    probe.on.eventNewConnectionAccepted = () => {
      probe.closeSockets();
      return true;
    };
    await stage.dialedBy(bound);
    await until('the second', () => probe.accepted.length === 2);
    await stage.settled();
    expect(probe.events).toEqual(['accepted 0', 'accepted 1']);

    probe.on.eventNewConnectionAccepted = () => {
      probe.interruptNet();
      return true;
    };
    await stage.dialedBy(stage.listen(probe));
    await until('the third', () => probe.accepted.length === 3);
    await probe.joinSocketsThreads();
    await stage.settled();
    expect(probe.events).toEqual(['accepted 0', 'accepted 1', 'accepted 2']);
  });

  it.each(['closeSockets', 'stopListening'] as const)(
    'by %s inside eventNewConnectionAccepted closes connections of the same batch that were not reported yet',
    async (how) => {
      const probe = stage.idleProbe();
      probe.on.eventNewConnectionAccepted = () => {
        probe[how]();
        return true;
      };
      const bound = stage.listen(probe);
      const peers = [await stage.dialedBy(bound), await stage.dialedBy(bound), await stage.dialedBy(bound)];
      await stage.settled();
      probe.startSocketsThreads();
      const cut = how === 'closeSockets' ? 3 : 2;
      await until('the cuts', () => peers.filter(({ hasEOF, brokenBy }) => hasEOF || brokenBy).length === cut);
      await stage.settled();
      expect(probe.accepted).toHaveLength(1);
      expect(probe.connectionCount).toBe(3 - cut);
      expect(probe.stats()).toMatchObject({ accepted: 1, listenerCount: 0 });
    },
  );

  it('never gives a newcomer, whose descriptor was used before in the same turn, what was meant for another', async () => {
    const target = stage.probe();
    const targetBound = stage.listen(target);
    const newcomers: Promise<number>[] = [];
    const { probe } = await acting(stage, 'eventGotData', 8, (sockMan, nodeId) => {
      for (let other = 0; other < 8; other++) {
        if (other === nodeId) continue;
        sockMan.closeConnection(other);
        newcomers.push(stage.dial(sockMan, targetBound));
      }
    });
    const ids = await Promise.all(newcomers);
    await until('the accepts', () => target.accepted.length === ids.length);
    await stage.settled();
    for (const nodeId of ids) expect(probe.eventsOf(nodeId)).toEqual([]);
    for (const { nodeId } of target.accepted) target.sendBytes(nodeId, Buffer.from('yours'));
    await until('their own bytes', () => ids.every((nodeId) => probe.text(nodeId) === 'yours'));
  });
});
