// Callbacks that throw: one defined outcome, whatever is thrown, and nothing else is disturbed.

import { describe, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import type { Overridable, Probe } from '../harness/probe.ts';
import { until } from '../harness/until.ts';

const VALUES: [string, unknown][] = [
  ['an Error', new Error('thrown by a test')],
  ['a string', 'words'],
  ['null', null],
  ['undefined', undefined],
];

const CALLBACKS = [
  'eventNewConnectionAccepted',
  'eventReadyToSend',
  'eventGotData',
  'eventGotEOF',
  'eventGotPermanentReadError',
  'shouldTryToSend',
  'shouldTryToRecv',
  'eventIOLoopCompletedForNode',
  'eventIOLoopCompletedForAllPeers',
] as const;

describeEachBackend('callbacks that throw', (stage) => {
  describe.each(CALLBACKS)('%s', (name) => {
    it.each(VALUES)('%s is reported, and others get their bytes', async (_title, value) => {
      let throwsFor: ((nodeId: number | undefined) => boolean) | undefined;
      const callback = (nodeId?: number): boolean => {
        if (throwsFor?.(nodeId) !== true) return true;
        throwsFor = undefined;
        throw value;
      };
      const overridable: Overridable = {};
      if (name.startsWith('should') || name.startsWith('eventIO')) Object.assign(overridable, { [name]: callback });
      const probe: Probe = stage.probe({}, overridable);
      if (Object.keys(overridable).length === 0) Object.assign(probe.on, { [name]: callback });
      const bound = stage.listen(probe);
      const victim = await stage.another(probe, bound);
      const other = await stage.another(probe, bound);
      await until('the first words', () => [victim, other].every(({ nodeId }) => probe.has(`ready ${nodeId}`)));

      throwsFor = (nodeId) => nodeId === undefined || nodeId === victim.nodeId || name === 'eventNewConnectionAccepted';
      if (name === 'eventNewConnectionAccepted') await stage.dialedBy(bound);
      probe.wake(victim.nodeId);
      victim.peer.send('x');
      other.peer.send('y');
      if (name === 'eventGotEOF') victim.peer.end();
      if (name === 'eventGotPermanentReadError') {
        await until('the byte', () => probe.text(victim.nodeId) === 'x');
        victim.peer.reset();
      }
      await until('the report', () => probe.thrown.length === 1);
      await until('the bytes', () => probe.text(victim.nodeId) === 'x' && probe.text(other.nodeId) === 'y');
      await stage.settled();

      expect(probe.thrown).toHaveLength(1);
      const { error, where, nodeId } = probe.thrown[0]!;
      expect(error).toBe(value);
      expect(where).toBe(name);
      const about = { eventIOLoopCompletedForAllPeers: undefined, eventNewConnectionAccepted: 2 };
      expect(nodeId).toBe(name in about ? about[name as keyof typeof about] : victim.nodeId);
      expect(probe.stats().callbackErrors).toBe(1);
      // A throw refuses a new connection; it never closes an old one.
      expect(probe.connectionCount).toBe(2);
      if (name === 'eventGotEOF' || name === 'eventGotPermanentReadError') return;
      victim.peer.send('z');
      await until('what comes later', () => probe.text(victim.nodeId) === 'xz');
    });
  });

  it.each(VALUES)('%s is an uncaught exception without onCallbackError, after the batch', async (_title, value) => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const { probe, peer, nodeId } = await stage.connected({ onCallbackError: undefined as never });
      probe.on.eventGotData = () => {
        throw value;
      };
      peer.send('x');
      await until('the byte', () => probe.text(nodeId) === 'x');
      await stage.settled();
      expect(uncaught).toEqual([value]);
      peer.send('y');
      await until('the next byte', () => probe.text(nodeId) === 'xy');
      await stage.settled();
      expect(uncaught).toEqual([value, value]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  it('reports what onCallbackError itself throws as an uncaught exception', async () => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    try {
      const { probe, peer, nodeId } = await stage.connected({
        onCallbackError: () => {
          throw new Error('second');
        },
      });
      probe.on.eventGotData = () => {
        throw new Error('first');
      };
      peer.send('x');
      await until('the byte', () => probe.text(nodeId) === 'x');
      await stage.settled();
      expect(uncaught).toMatchObject([{ message: 'second' }]);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });
});
