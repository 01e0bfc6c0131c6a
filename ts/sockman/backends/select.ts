// Which backend a `SockMan` runs on: the option, then the environment, then the best there is.

import { SockManError, invalidArg } from '../../util/errors.ts';
import type { PollerName, ResolvedOptions } from '../options.ts';
import type { Backend } from './backend.ts';
import { NativeBackend, loadAddon } from './native.ts';
import { NodeNetBackend } from './node-net.ts';

/**
 * Makes the backend that options and environment ask for.
 *
 * With nothing asked for, `node-net` serves quietly wherever the addon does not load: other runtimes, platforms without a
 * binary, `--no-addons`. What is asked for by name is had or refused.
 *
 * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: what was asked for is not to be had; `cause` says why.
 */
export function selectBackend(options: ResolvedOptions): Backend {
  const settings = options.socket;
  if (typeof options.backend === 'function') return options.backend(settings);
  const poller = options.poller ?? pollerFromEnvironment();
  const backend = options.backend ?? backendFromEnvironment() ?? (poller === undefined ? undefined : 'native');
  if (backend === 'node-net') return new NodeNetBackend(settings);
  const addon = loadAddon();
  if (addon.ok) return new NativeBackend(addon.addon, settings, poller);
  if (backend === undefined) return new NodeNetBackend(settings);
  throw new SockManError('ERR_SOCKMAN_BACKEND', `the native backend is not available: ${addon.reason}`);
}

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
