// The backends of this machine, each with a world to live in: what a suite is run over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { loadAddon } from '../../native/load.cjs';
import { Service } from '../../ts/netaddr/service.ts';
import type { SockMan } from '../../ts/sockman/sock-man.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { Probe } from './probe.ts';
import type { Overridable } from './probe.ts';
import { connectMemoryPeer, connectNetPeer, listenMemoryPeers, listenNetPeers } from './peers/raw-peer.ts';
import type { RawListener, RawPeer } from './peers/raw-peer.ts';
import { until } from './until.ts';

export type BackendName = 'native/epoll' | 'native/poll' | 'native/kqueue' | 'node-net' | 'memory';

/** Where the SockMans of one test and their raw peers live. */
export interface World {
  /** What makes a `SockMan` live here. */
  readonly options: SockManOptions;
  /** Set for the backend in memory. */
  readonly network: MemoryNetwork | undefined;
  connectPeer(to: Service, localAddress?: string): Promise<RawPeer>;
  listenPeers(host?: string): Promise<RawListener>;
  /** A path for a Unix-domain socket that nothing uses. */
  freshPath(): string;
  destroy(): void;
}

export interface BackendUnderTest {
  readonly name: BackendName;
  /** Why it cannot be tested here. */
  readonly skipReason: string | undefined;
  createWorld(): World;
}

/** Every backend there is, those that this machine cannot run included. */
export function backendsUnderTest(): BackendUnderTest[] {
  const addon = loadAddon();
  const natives = (['epoll', 'poll', 'kqueue'] as const).map((poller): BackendUnderTest => {
    const reason = addon.ok
      ? addon.addon.pollers.includes(poller)
        ? undefined
        : `this build of the addon has no ${poller}`
      : addon.reason;
    return {
      name: `native/${poller}`,
      skipReason: reason,
      createWorld: () => systemWorld({ backend: 'native', poller }),
    };
  });
  return [
    ...natives,
    { name: 'node-net', skipReason: undefined, createWorld: () => systemWorld({ backend: 'node-net' }) },
    { name: 'memory', skipReason: undefined, createWorld: memoryWorld },
  ];
}

/** Those that run here; the others are named on the console. */
export function availableBackends(): BackendUnderTest[] {
  return backendsUnderTest().filter(({ name, skipReason }) => {
    if (skipReason !== undefined) console.info(`${name} is not tested: ${skipReason}`);
    return skipReason === undefined;
  });
}

function systemWorld(options: SockManOptions): World {
  let folder: string | undefined;
  let pathCount = 0;
  return {
    options,
    network: undefined,
    connectPeer: connectNetPeer,
    listenPeers: listenNetPeers,
    freshPath() {
      folder ??= mkdtempSync(join(tmpdir(), 'sockman-'));
      return join(folder, `${pathCount++}`);
    },
    destroy() {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

function memoryWorld(): World {
  const network = new MemoryNetwork({ autoRun: true });
  let pathCount = 0;
  return {
    options: { backend: network.createBackend },
    network,
    connectPeer: (to, localAddress) =>
      connectMemoryPeer(network, to, localAddress === undefined ? undefined : `${localAddress}:0`),
    listenPeers: (host) => Promise.resolve(listenMemoryPeers(network, host)),
    freshPath: () => `/memory/${pathCount++}`,
    destroy() {},
  };
}

// ---- For the suites -------------------------------------------------------------------------------------------------

/** A connection between a probe and a raw peer. */
export interface Connected {
  probe: Probe;
  peer: RawPeer;
  nodeId: number;
}

/** What a suite gets: a world for each test, and probes that are closed behind it. */
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

  /** A probe that runs. */
  probe(options: SockManOptions = {}, overrides: Overridable = {}): Probe {
    const probe = this.idleProbe(options, overrides);
    probe.startSocketsThreads();
    return probe;
  }

  /** Has a probe listen. */
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

  /** One more raw peer for a probe that listens. */
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

/** Runs a suite over every backend; one that this machine does not have is skipped, with the reason in its title. */
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
