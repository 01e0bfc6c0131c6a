// Factories of the two backends that ship, for code that wraps or compares backends. Other programs name one in the option
// `backend` of `SockMan`.

import { SockManError } from '../../util/errors/errors.ts';
import { loadAddon } from './addon.ts';
import type { Backend, BackendOptions, PollerName } from './backend.ts';
import { NativeBackend } from './native.ts';
import { NodeNetBackend } from './node-net.ts';

/** Settings of a native backend besides those of its sockets. */
export interface NativeBackendOptions {
  /** Default: the platform's best. */
  readonly poller?: PollerName;
  /** Absolute path of a binary to load in place of the package's own. */
  readonly addon?: string;
}

/** Makes a backend on `node:net`, which works on every runtime that has Node's sockets. */
export function createNodeNetBackend(settings: BackendOptions): Backend {
  return new NodeNetBackend(settings);
}

/**
 * Makes a backend on the addon.
 *
 * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: the addon does not load, or has no such poller; the message says why.
 */
export function createNativeBackend(settings: BackendOptions, { poller, addon }: NativeBackendOptions = {}): Backend {
  const loaded = loadAddon(addon);
  if (loaded.ok) return new NativeBackend(loaded.addon, settings, poller);
  throw new SockManError('ERR_SOCKMAN_BACKEND', `the native backend is unavailable: ${loaded.reason}`);
}
