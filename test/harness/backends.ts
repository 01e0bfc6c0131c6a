// What a suite over every backend gets: a stage for each, with probes that are closed after the test.

import { afterEach, beforeEach, describe, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import type { SockMan } from '../../ts/sockman/sock-man.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { Probe } from './probe.ts';
import type { Overridable } from './probe.ts';
import type { RawListener, RawPeer } from './peers/raw-peer.ts';
import { settled, still } from './settled.ts';
import { until } from './until.ts';
import { backendsUnderTest } from './worlds.ts';
import type { BackendName, BackendUnderTest, World } from './worlds.ts';

/** A connection between a probe and a raw peer. */
export interface Connected {
  probe: Probe;
  peer: RawPeer;
  nodeId: number;
}

/** A world for each test, and probes that are closed after it. */
export class Stage {
  readonly backend: BackendName;
  readonly #createWorld: () => World;
  #world: World | undefined;
  #probes: Probe[] = [];
  /** The raw peers that dialed. */
  peers: RawPeer[] = [];
  #listeners: RawListener[] = [];

  constructor({ name, createWorld }: BackendUnderTest) {
    this.backend = name;
    this.#createWorld = createWorld;
  }

  get isNative(): boolean {
    return this.backend.startsWith('native/');
  }

  get world(): World {
    this.#world ??= this.#createWorld();
    return this.#world;
  }

  /** A probe, not started. */
  idleProbe(options: SockManOptions = {}, overrides: Overridable = {}): Probe {
    const probe = new Probe({ ...this.world.options, ...options }, overrides);
    this.#probes.push(probe);
    return probe;
  }

  /** A running probe. */
  probe(options: SockManOptions = {}, overrides: Overridable = {}): Probe {
    const probe = this.idleProbe(options, overrides);
    probe.startSocketsThreads();
    return probe;
  }

  /** Makes a probe listen. */
  listen(probe: SockMan, at: Service | string = '127.0.0.1:0'): Service {
    const result = probe.bindAndStartListening(at);
    if (!result.ok) throw new Error(result.errmsg);
    return result.bound;
  }

  /** A raw peer that dials. */
  async dialedBy(to: Service, localAddress?: string): Promise<RawPeer> {
    const peer = await this.world.connectPeer(to, localAddress);
    this.peers.push(peer);
    return peer;
  }

  async rawListener(host?: string): Promise<RawListener> {
    const listener = await this.world.listenPeers(host);
    this.#listeners.push(listener);
    return listener;
  }

  /** A probe, and a raw peer that dialed it. */
  async connected(options: SockManOptions = {}, overrides: Overridable = {}): Promise<Connected> {
    const probe = this.probe(options, overrides);
    return this.another(probe, this.listen(probe));
  }

  /** Another raw peer for a listening probe. */
  async another(probe: Probe, bound: Service): Promise<Connected> {
    const before = probe.accepted.length;
    const peer = await this.dialedBy(bound);
    await until('the accept', () => probe.accepted.length > before);
    return { probe, peer, nodeId: probe.accepted[before]!.nodeId };
  }

  /** Dials with a probe. @throws {Error} The dial failed. */
  async dial(probe: Probe, to: Service | string): Promise<number> {
    const result = await probe.connectAndMakeNodeId(to, {});
    if (result.nodeId === undefined) throw new Error(result.errmsg);
    return result.nodeId;
  }

  /** Resolves when everything ready has been delivered: see `settled`. */
  settled(): Promise<void> {
    return settled(...this.#probes);
  }

  /** See `still`. */
  still(measure: () => number): Promise<number> {
    return still(measure, ...this.#probes);
  }

  unixService(): Service {
    return Service.unix(this.world.freshPath());
  }

  async clear(): Promise<void> {
    for (const probe of this.#probes) await probe[Symbol.asyncDispose]();
    for (const peer of this.peers) peer.reset();
    for (const listener of this.#listeners) {
      for (const peer of listener.peers) peer.reset();
      listener.close();
    }
    this.#probes = [];
    this.peers = [];
    this.#listeners = [];
    this.#world?.destroy();
    this.#world = undefined;
  }
}

/** Runs a suite over every backend; one that this machine lacks is skipped, with the reason in its title. */
export function describeEachBackend(theme: string, define: (stage: Stage) => void): void {
  describe.each(backendsUnderTest())(`$name: ${theme}`, (backend) => {
    if (backend.skipReason !== undefined) {
      it.skip(`is not tested: ${backend.skipReason}`, () => {});
      return;
    }
    const stage = new Stage(backend);
    beforeEach(() => {
      void stage.world;
    });
    afterEach(() => stage.clear());
    define(stage);
  });
}

/** A test that some backends cannot pass by their nature: skipped there, with the reason in its title. */
export function itUnless(reason: string | undefined): (title: string, test: () => void | Promise<void>) => void {
  return (title, test) => (reason === undefined ? it(title, test) : it.skip(`${title} (skipped: ${reason})`, test));
}
