// Listeners for which there are no descriptors: how long they rest, what is said of it, and who may wake them. Listeners that drain.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Service } from '../../ts/netaddr/service.ts';
import { ACCEPT_RETRY_MS } from '../../ts/sockman/listeners.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { Probe } from '../harness/probe.ts';

describe('a listener without descriptors', () => {
  let net: MemoryNetwork;
  let probe: Probe;
  let bound: Service;
  let warnings: string[];
  /** How often a connection was to be accepted. */
  let tries: number;

  beforeEach(() => {
    // The listener, and one connection.
    net = new MemoryNetwork({ descriptorLimit: 2 });
    net.faults = { accept: () => void tries++ };
    tries = 0;
    warnings = [];
    const logger = { debug() {}, info() {}, warn: (line: string) => void warnings.push(line), error() {} };
    probe = new Probe({ backend: net.createBackend, logger });
    const result = probe.bindAndStartListening('127.0.0.1:0');
    if (!result.ok) throw new Error(result.errmsg);
    bound = result.bound;
    probe.startSocketsThreads();
    net.connect(bound);
    net.connect(bound);
    net.clock.runUntilIdle();
  });

  it('tries again every 100 ms, and speaks once an episode', () => {
    expect(tries).toBe(2);
    net.clock.advance(ACCEPT_RETRY_MS - 1);
    expect(tries).toBe(2);
    net.clock.advance(1);
    expect(tries).toBe(3);
    net.clock.advance(9 * ACCEPT_RETRY_MS);
    expect(tries).toBe(12);
    expect(probe.stats().acceptExhaustedEpisodes).toBe(1);
    expect(warnings).toEqual([expect.stringContaining(`${bound} rests: EMFILE`)]);
  });

  it('lets in who waited once there is a descriptor; the next time is an episode of its own', () => {
    probe.closeConnection(0);
    net.clock.advance(ACCEPT_RETRY_MS);
    expect(probe.accepted).toHaveLength(2);
    net.connect(bound);
    net.clock.runUntilIdle();
    expect(probe.stats().acceptExhaustedEpisodes).toBe(2);
    expect(warnings).toHaveLength(2);
  });

  it('stays paused beyond its rest when it was paused meanwhile', () => {
    probe.pauseAccepting();
    probe.closeConnection(0);
    net.clock.advance(10 * ACCEPT_RETRY_MS);
    expect(tries).toBe(2);
    probe.resumeAccepting();
    net.clock.runUntilIdle();
    expect(probe.accepted).toHaveLength(2);
  });

  it('is not woken from its rest by resumeAccepting', () => {
    probe.pauseAccepting();
    probe.resumeAccepting();
    net.clock.advance(ACCEPT_RETRY_MS - 1);
    expect(tries).toBe(2);
    net.clock.advance(1);
    expect(tries).toBe(3);
  });

  it.each(['stopListening', 'closeSockets', 'interruptNet'] as const)('tries no more after %s', (end) => {
    probe[end]();
    net.descriptorLimit = Infinity;
    net.clock.advance(10 * ACCEPT_RETRY_MS);
    expect(tries).toBe(2);
    expect(probe.accepted).toHaveLength(1);
  });
});

describe('a listener that drains', () => {
  let net: MemoryNetwork;
  let probe: Probe;
  let bound: Service;
  beforeEach(() => {
    net = new MemoryNetwork();
    probe = new Probe({ backend: net.createBackend });
    const result = probe.bindAndStartListening('127.0.0.1:0');
    if (!result.ok) throw new Error(result.errmsg);
    bound = result.bound;
    probe.startSocketsThreads();
  });

  it('tells all who asked, once it is closed', async () => {
    const counts: number[] = [];
    for (let caller = 0; caller < 2; caller++) void probe.drainListeners().then((count) => counts.push(count));
    net.clock.advance(200);
    await net.clock.settle();
    expect([counts, probe.stats().listenerCount]).toEqual([[], 1]);
    net.clock.advance(100);
    await net.clock.settle();
    expect([counts, probe.stats().listenerCount]).toEqual([[1, 1], 0]);
  });

  it('counts as not closed when the network is interrupted', async () => {
    const draining = probe.drainListeners();
    probe.interruptNet();
    expect([await draining, probe.stats().listenerCount]).toEqual([0, 1]);
  });

  it('lets in who waits, even if it is paused meanwhile', async () => {
    probe.pauseAccepting();
    net.connect(bound);
    net.clock.runUntilIdle();
    const draining = probe.drainListeners();
    probe.pauseAccepting();
    net.clock.advance(1_000);
    expect([await draining, probe.accepted.length]).toEqual([1, 1]);
  });
});
