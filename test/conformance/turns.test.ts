// Turns and ticks: hooks, wake-ups, and that nothing runs while nothing needs it.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { turnsWhilePassing } from '../harness/idleness.ts';
import { until } from '../harness/until.ts';

describeEachBackend('turns', (stage) => {
  it('makes no turn at all while nothing happens', async () => {
    const { probe, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    await stage.settled();
    expect(await turnsWhilePassing(probe, 300)).toBe(0);
  });

  it('makes no turn for a connection that could be written to all the time', async () => {
    const { probe, nodeId } = await stage.connected({}, { shouldTryToSend: () => true });
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    await stage.settled();
    expect(await turnsWhilePassing(probe, 300)).toBe(0);
    expect(probe.count(`ready ${nodeId}`)).toBe(1);
  });

  it('ticks about 20 times a second while a hook is overridden', async () => {
    const probe = stage.probe({}, { eventIOLoopCompletedForAllPeers: () => {} });
    const turns = await turnsWhilePassing(probe, 500);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(turns).toBeLessThanOrEqual(12);
  });

  it('stops ticking once nothing is paused any more', async () => {
    let mayReceive = false;
    const { probe, peer, nodeId } = await stage.connected({}, { shouldTryToRecv: () => mayReceive });
    peer.send('x');
    expect(await turnsWhilePassing(probe, 300)).toBeGreaterThan(1);
    mayReceive = true;
    await until('the byte', () => probe.text(nodeId) === 'x');
    await stage.settled();
    expect(await turnsWhilePassing(probe, 300)).toBe(0);
  });

  it('wakes a connection at once, whatever it waited for, and only once', async () => {
    const { probe, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    for (let repetition = 0; repetition < 3; repetition++) expect(probe.wake(nodeId)).toBe(true);
    await until('the wake', () => probe.count(`ready ${nodeId}`) === 2);
    await stage.settled();
    expect(probe.count(`ready ${nodeId}`)).toBe(2);
  });

  it('never calls from inside a call: a wake is served afterwards', async () => {
    const { probe, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    const before = probe.events.length;
    probe.wake(nodeId);
    expect(probe.events.length).toBe(before);
  });

  it('lets a handler that wakes itself for ever not hold the loop', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    probe.on.eventReadyToSend = () => probe.wake(nodeId);
    probe.wake(nodeId);
    peer.send('through');
    await until('the bytes', () => probe.text(nodeId) === 'through');
    await until('many wakes', () => probe.count(`ready ${nodeId}`) > 20);
    probe.on.eventReadyToSend = () => false;
  });

  describe('hooks', () => {
    it('says that the turn is over for a node after its other callbacks, and at each tick', async () => {
      const order: string[] = [];
      const { probe, peer, nodeId } = await stage.connected(
        {},
        { eventIOLoopCompletedForNode: (id) => void order.push(`done ${id}`) },
      );
      probe.on.eventGotData = () => order.push('data');
      peer.send('x');
      await until('the byte', () => order.includes('data'));
      expect(order[order.indexOf('data') + 1]).toBe(`done ${nodeId}`);
      const idle = stage.another(probe, probe.accepted[0]!.me);
      const { nodeId: idleId } = await idle;
      await until('three ticks', () => order.filter((event) => event === `done ${idleId}`).length >= 3);
    });

    it('begins each turn by saying that the last one is over for all', async () => {
      const order: string[] = [];
      const { probe, peer } = await stage.connected(
        {},
        {
          eventIOLoopCompletedForAllPeers: () => void order.push('all'),
          eventIOLoopCompletedForNode: () => void order.push('node'),
        },
      );
      probe.on.eventGotData = () => order.push('data');
      peer.send('x');
      await until('the byte', () => order.includes('data'));
      await until('the next turn', () => order.indexOf('all', order.indexOf('data')) !== -1);
      const data = order.indexOf('data');
      expect(order.lastIndexOf('all', data)).toBe(data - 1);
      expect(order[data + 1]).toBe('node');
      expect(probe.stats().turns).toBeGreaterThanOrEqual(order.filter((event) => event === 'all').length);
    });

    it('is silent for a node that was closed in the turn', async () => {
      const done: number[] = [];
      const { probe, peer, nodeId } = await stage.connected(
        {},
        { eventIOLoopCompletedForNode: (id) => void done.push(id) },
      );
      probe.on.eventGotData = () => {
        done.length = 0;
        probe.closeConnection(nodeId);
      };
      peer.send('x');
      await until('the close', () => probe.connectionCount === 0);
      await stage.settled();
      expect(done).toEqual([]);
    });

    it('may close the node it is called for', async () => {
      const { probe } = await stage.connected(
        {},
        { eventIOLoopCompletedForNode: (id) => void probe.closeConnection(id) },
      );
      await until('the close', () => probe.connectionCount === 0);
      expect(await turnsWhilePassing(probe, 200)).toBeLessThan(3);
    });
  });
});
