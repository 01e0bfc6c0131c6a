// The backends of this machine, each with a world for its tests. It depends on no test runner: campaigns use it as well.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '../../native/load.cjs';
import type { Service } from '../../ts/netaddr/service.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { connectMemoryPeer, connectNetPeer, listenMemoryPeers, listenNetPeers } from './peers/raw-peer.ts';
import type { RawListener, RawPeer } from './peers/raw-peer.ts';

export type BackendName = 'native/epoll' | 'native/poll' | 'native/kqueue' | 'node-net' | 'memory';

/** The environment of one test's SockMans and raw peers. */
export interface World {
  /** The options that put a `SockMan` into this world. */
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

/** Every backend, including those that this machine cannot run. */
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

/** The backends that run here; the others are named on the console. */
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
