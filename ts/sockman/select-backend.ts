// Choice of the backend of a `SockMan`: the option, then the environment, then the best available.

import { SockManError, invalidArg } from '../util/errors/errors.ts';
import type { ResolvedOptions } from './options.ts';
import { loadAddon } from './backends/addon.ts';
import type { Backend, PollerName } from './backends/backend.ts';
import { NativeBackend } from './backends/native.ts';
import { NodeNetBackend } from './backends/node-net.ts';

/** A backend, and, if it is `node-net` by default, why the addon was unavailable. */
export interface SelectedBackend {
  readonly backend: Backend;
  readonly fallbackReason: string | undefined;
}

/**
 * Makes the backend that options and environment ask for.
 *
 * By default, `node-net` is used wherever the addon does not load: other runtimes, platforms without a binary,
 * `--no-addons`, bundles. The logger gets a warning. A backend or poller that was named is used or refused.
 *
 * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: the named backend or poller is unavailable; the message says why.
 */
export function selectBackend(options: ResolvedOptions): SelectedBackend {
  const settings = options.socket;
  if (options.poller !== undefined && (options.backend ?? 'native') !== 'native') {
    throw new SockManError('ERR_SOCKMAN_BACKEND', 'pollers belong to the native backend; another one was asked for');
  }
  if (typeof options.backend === 'function') return asked(options.backend(settings));
  const poller = options.poller ?? pollerFromEnvironment();
  const backend = options.backend ?? backendFromEnvironment() ?? (poller === undefined ? undefined : 'native');
  if (backend === 'node-net') return asked(new NodeNetBackend(settings));
  const addon = loadAddon(options.addon);
  if (addon.ok) return asked(new NativeBackend(addon.addon, settings, poller));
  if (backend !== undefined) {
    throw new SockManError('ERR_SOCKMAN_BACKEND', `the native backend is unavailable: ${addon.reason}`);
  }
  options.logger.warn(`running on node-net, as the native addon is unavailable: ${addon.reason}`);
  return { backend: new NodeNetBackend(settings), fallbackReason: addon.reason };
}

const asked = (backend: Backend): SelectedBackend => ({ backend, fallbackReason: undefined });

function backendFromEnvironment(): 'native' | 'node-net' | undefined {
  const name = process.env['SOCKMAN_BACKEND'];
  if (name === undefined || name === '') return undefined;
  if (name !== 'native' && name !== 'node-net') throw invalidArg('SOCKMAN_BACKEND', "'native' or 'node-net'", name);
  return name;
}

function pollerFromEnvironment(): PollerName | undefined {
  const name = process.env['SOCKMAN_POLLER'];
  if (name === undefined || name === '') return undefined;
  if (name !== 'epoll' && name !== 'kqueue' && name !== 'poll') {
    throw invalidArg('SOCKMAN_POLLER', "'epoll', 'kqueue' or 'poll'", name);
  }
  return name;
}
