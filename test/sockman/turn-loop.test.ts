// What needs an exact clock: when the tick comes, and that a wake does not wait for it.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { TICK_MS } from '../../ts/sockman/turn/turn-loop.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import type { MemoryPeer } from '../../ts/testing.ts';
import { Probe } from '../harness/probe.ts';
import type { Overridable } from '../harness/probe.ts';

describe('TurnLoop', () => {
  let net: MemoryNetwork;

  beforeEach(() => {
    net = new MemoryNetwork();
  });

  function listening(overrides: Overridable, options: SockManOptions = {}): { probe: Probe; bound: Service } {
    const probe = new Probe({ backend: net.createBackend, ...options }, overrides);
    const result = probe.bindAndStartListening('127.0.0.1:0');
    if (!result.ok) throw new Error(result.errmsg);
    probe.startSocketsThreads();
    return { probe, bound: result.bound };
  }

  function connected(overrides: Overridable, options: SockManOptions = {}): { probe: Probe; peer: MemoryPeer } {
    const { probe, bound } = listening(overrides, options);
    const peer = net.connect(bound);
    net.clock.runUntilIdle();
    return { probe, peer };
  }

  it('notices a silent change of mind at the next tick, and not before', () => {
    let mayReceive = false;
    const { probe, peer } = connected({ shouldTryToRecv: () => mayReceive });
    peer.send('x');
    net.clock.runUntilIdle();
    mayReceive = true;
    net.clock.advance(TICK_MS - 1);
    expect(probe.receivedBytes(0)).toBe(0);
    net.clock.advance(1);
    expect(probe.text(0)).toBe('x');
  });

  it('notices it at once when woken', () => {
    let mayReceive = false;
    const { probe, peer } = connected({ shouldTryToRecv: () => mayReceive });
    peer.send('x');
    net.clock.runUntilIdle();
    mayReceive = true;
    probe.wake(0);
    net.clock.advance(0);
    expect(probe.text(0)).toBe('x');
  });

  it('runs a tick every 50 ms while a hook is overridden, and none otherwise', () => {
    let turns = 0;
    const { probe } = listening({ eventIOLoopCompletedForAllPeers: () => void turns++ });
    net.clock.advance(10 * TICK_MS);
    expect(turns).toBe(10);
    probe.interruptNet();
    net.clock.advance(10 * TICK_MS);
    expect(turns).toBe(10);
    const idle = connected({}).probe;
    const before = idle.stats().turns;
    net.clock.advance(3_600_000);
    expect(idle.stats().turns).toBe(before);
  });

  it('says at each tick that there is room to send to every node, where the per-node hook is overridden', () => {
    const { probe } = connected({ eventIOLoopCompletedForNode: () => {} });
    const before = probe.count('ready 0');
    net.clock.advance(4 * TICK_MS);
    expect(probe.count('ready 0')).toBe(before + 4);
  });

  it('finishes its turn when the logger throws in it, and reports that', () => {
    net.descriptorLimit = 3;
    const fail = (): never => {
      throw new Error('disk full');
    };
    const logger = { debug() {}, info() {}, warn: fail, error() {} };
    const probe = new Probe({ backend: net.createBackend, logger });
    const result = probe.bindAndStartListening('127.0.0.1:0');
    if (!result.ok) throw new Error(result.errmsg);
    const peers = [net.connect(result.bound), net.connect(result.bound), net.connect(result.bound)];
    net.clock.runUntilIdle();
    probe.startSocketsThreads();
    net.clock.runUntilIdle();
    expect(probe.thrown).toMatchObject([{ error: { message: 'disk full' }, where: 'logger.warn', nodeId: undefined }]);
    peers[1]!.send('still there');
    net.clock.runUntilIdle();
    expect(probe.text(1)).toBe('still there');
  });

  it('calls no hook for a dialed connection before its caller knows the id', async () => {
    // The connect is established at the very time of a tick.
    net.latencyMs = TICK_MS / 2;
    const called: number[] = [];
    const { probe, bound } = listening({ eventIOLoopCompletedForNode: (nodeId) => void called.push(nodeId) });
    const { bound: target } = listening({});
    net.connect(bound);
    net.clock.advance(10 * TICK_MS);
    called.length = 0;
    const dial = probe.connectAndMakeNodeId(target);
    net.clock.advance(5 * TICK_MS);
    expect(called).not.toContain(1);
    expect(await dial).toMatchObject({ nodeId: 1 });
    await net.clock.settle();
    net.clock.advance(TICK_MS);
    expect(called).toContain(1);
  });

  it('delivers nothing for a dialed connection before its caller knows the id, not at a tick either', async () => {
    // The first connection is held back, so that there are ticks.
    const { probe, bound } = listening({ shouldTryToRecv: (nodeId) => nodeId !== 0 });
    net.connect(bound).send('held');
    net.clock.runUntilIdle();
    const listener = net.listen();
    const dial = probe.connectAndMakeNodeId(listener.bound);
    net.clock.runUntilIdle();
    listener.peers[0]!.send('early');
    net.clock.advance(5 * TICK_MS);
    expect(probe.eventsOf(1)).toEqual([]);
    expect(await dial).toMatchObject({ nodeId: 1 });
    await net.clock.settle();
    expect(probe.text(1)).toBe('early');
  });

  it('has one tick, however many turns come between two of them', () => {
    let turns = 0;
    const { peer } = connected({ eventIOLoopCompletedForAllPeers: () => void turns++ });
    for (let count = 0; count < 5; count++) {
      peer.send('x');
      net.clock.runUntilIdle();
    }
    net.clock.advance(TICK_MS);
    turns = 0;
    net.clock.advance(10 * TICK_MS);
    expect(turns).toBe(10);
  });

  it('reports no room while there is none, woken or not; once there is, a wake reports it again', () => {
    const { probe, peer } = connected({});
    peer.pauseReading();
    while (probe.sendBytes(0, new Uint8Array(1 << 20)) > 0) net.clock.runUntilIdle();
    const before = probe.count('ready 0');
    probe.wake(0);
    net.clock.runUntilIdle();
    expect(probe.count('ready 0')).toBe(before);
    peer.resumeReading();
    net.clock.runUntilIdle();
    expect(probe.count('ready 0')).toBe(before + 1);
    probe.wake(0);
    net.clock.runUntilIdle();
    expect(probe.count('ready 0')).toBe(before + 2);
  });

  it.each(['at once', 'after it held some back'])(
    'leaves the rest with the kernel when a handler had enough %s',
    (when) => {
      let mayReceive = when === 'at once';
      const { probe, peer } = connected({ shouldTryToRecv: () => mayReceive }, { receiveChunkBytes: 10 });
      probe.on.eventGotData = () => {
        mayReceive = false;
      };
      peer.send(new Uint8Array(100));
      net.clock.runUntilIdle();
      if (when !== 'at once') {
        mayReceive = true;
        probe.wake(0);
        net.clock.runUntilIdle();
      }
      net.clock.advance(2 * TICK_MS);
      expect(probe.receivedBytes(0)).toBe(10);
      expect(probe.countersOf(0)!.receivedBytes).toBe(10);
    },
  );
});
