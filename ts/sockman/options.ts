// Options of a `SockMan`, their defaults and limits.

import { debugLog, withDebugLog } from '../util/debug-log.ts';
import type { DebugLog } from '../util/debug-log.ts';
import type { Logger } from '../util/logger.ts';
import { checkOptionNames } from '../util/options/option-names.ts';
import { invalidArg, outOfRange } from '../util/errors/errors.ts';
import type { Backend, BackendOptions, PollerName } from './backends/backend.ts';
import type { CallbackErrorHandler } from '../util/errors/callback-errors.ts';
import { nodePath, nodeUrl } from '../util/load-later.ts';
import { guardedLogger } from '../util/guarded-logger.ts';

/**
 * Default bound of one receive, in bytes. A bulk stream runs at about 1.4 × the rate of 64 KiB (Bitcoin Core's bound), and
 * small messages lose nothing (bench/cases/sockets/echo-bulk.mjs).
 */
const DEFAULT_RECEIVE_CHUNK_BYTES = 256 * 1024;
/** Smallest and largest bound of one receive, in bytes. Three times the bound is allocated. */
const MIN_RECEIVE_CHUNK_BYTES = 1;
const MAX_RECEIVE_CHUNK_BYTES = 16 * 1024 * 1024;

/** Default time of one pass, in milliseconds: an unnoticeable delay for a timer, and several batches of work. */
const DEFAULT_PASS_MS = 20;

/** Default bytes received in one pass: a few receives of full size, copied in 0.2 ms. */
const DEFAULT_PASS_BYTES = 1024 * 1024;

/** Default connections accepted per listener and turn: enough to amortize the turn, little enough to stay fair. */
const DEFAULT_ACCEPT_BATCH = 64;

/** Default length of the accept queue; the kernel cuts it to its own SOMAXCONN. */
const DEFAULT_BACKLOG = 4096;

/** Default time a connect may take, in milliseconds. (Bitcoin Core src/netbase.h, DEFAULT_CONNECT_TIMEOUT.) */
export const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;

/** Longest time of an option, in milliseconds: the longest timer of the host. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Largest share of a pass, in milliseconds and bytes. */
const MAX_PASS_MS = 60_000;
const MAX_PASS_BYTES = 2 ** 30;

/** Makes a backend; `MemoryNetwork.createBackend` of `sockman/testing` is one. */
export type BackendFactory = (options: BackendOptions) => Backend;

/** Options of a `SockMan`. Every option has a default; a misspelt one is refused by name. */
export interface SockManOptions {
  /**
   * `native` (the C++ addon), `node-net` (TypeScript on `node:net`), or a factory. Default: environment variable
   * `SOCKMAN_BACKEND`, else the addon where it loads and `node-net` where it does not.
   */
  backend?: 'native' | 'node-net' | BackendFactory;
  /**
   * File of the addon to try first, as an absolute path or a `file:` URL: for programs in a bundle, where the package's own
   * cannot be found (docs/guides/bundling.md). It must come from this very version. Default: only the package's own.
   */
  addon?: string | URL;
  /** Readiness call of the native backend. Default: `SOCKMAN_POLLER`, else the platform's best. */
  poller?: PollerName;
  /** Receives log lines. What it throws is handled as a callback's throw. Default: none. */
  logger?: Logger;
  /** Receives what a callback threw. Default: it becomes an uncaught exception, after the batch. */
  onCallbackError?: CallbackErrorHandler;
  /** Most bytes of one receive, 1 to 16 MiB. Default 256 KiB. */
  receiveChunkBytes?: number;
  /** Most connections accepted per listener and turn, 1 to 512. Default 64. */
  acceptBatch?: number;
  /** Length of the accept queue, 1 to 65,535. Default 4,096, cut by the kernel to its SOMAXCONN. */
  backlog?: number;
  /** SO_REUSEPORT on listeners: several processes or workers share a port. Default false. */
  reusePort?: boolean;
  /** Listeners on IPv6 addresses accept IPv4 as well. Default false. */
  dualStack?: boolean;
  /** TCP_NODELAY. Default true. */
  noDelay?: boolean;
  /** Idle seconds before TCP keep-alive probes, 0 to 32,767. Default 0, which is off. */
  keepAliveSeconds?: number;
  /** SO_RCVBUF and SO_SNDBUF in bytes, 0 to 1 GiB. Default 0, which leaves them to the system. */
  receiveBufferBytes?: number;
  sendBufferBytes?: number;
  /** Longest time of a connect, in milliseconds. Default 5,000. */
  connectTimeoutMs?: number;
  /**
   * Share of the sockets in one pass of the host's event loop, before timers and other descriptors run: time in
   * milliseconds, 1 to 60,000, default 20, and bytes received, 1 to 1 GiB, default 1 MiB. The rest comes in the next pass.
   */
  passMs?: number;
  passBytes?: number;
  /** Debugging aid: overwrites received bytes after each `eventGotData`, which reveals kept views. Default false. */
  poisonReceivedBytes?: boolean;
}

/** All option names, for code that takes the options of a `SockMan` among its own. */
export const SOCK_MAN_OPTION_NAMES: Readonly<Record<keyof SockManOptions, true>> = {
  backend: true,
  addon: true,
  poller: true,
  logger: true,
  onCallbackError: true,
  receiveChunkBytes: true,
  acceptBatch: true,
  backlog: true,
  reusePort: true,
  dualStack: true,
  noDelay: true,
  keepAliveSeconds: true,
  receiveBufferBytes: true,
  sendBufferBytes: true,
  connectTimeoutMs: true,
  passMs: true,
  passBytes: true,
  poisonReceivedBytes: true,
};

/** Picks the options of a `SockMan` from those of its owner. */
export function sockManOptionsOf(options: SockManOptions): SockManOptions {
  const names = Object.keys(SOCK_MAN_OPTION_NAMES) as (keyof SockManOptions)[];
  return Object.fromEntries(names.map((name) => [name, options[name]]));
}

/** Options with every default filled in and every value checked. */
export interface ResolvedOptions {
  readonly backend: SockManOptions['backend'];
  readonly addon: string | undefined;
  readonly poller: PollerName | undefined;
  readonly logger: Logger;
  /** Receives what turns and dials do; undefined unless `NODE_DEBUG` asks for it. */
  readonly debug: DebugLog | undefined;
  readonly onCallbackError: CallbackErrorHandler | undefined;
  readonly socket: BackendOptions;
  readonly backlog: number;
  readonly reusePort: boolean;
  readonly dualStack: boolean;
  readonly connectTimeoutMs: number;
  readonly passMs: number;
  readonly passBytes: number;
  readonly poisonReceivedBytes: boolean;
}

/**
 * Checks options and fills in the defaults.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
 */
export function resolveOptions(options: SockManOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
  checkOptionNames('', options, SOCK_MAN_OPTION_NAMES);
  const { backend, poller, logger, onCallbackError } = options;
  if (backend !== undefined && backend !== 'native' && backend !== 'node-net' && typeof backend !== 'function') {
    throw invalidArg('backend', "'native', 'node-net' or a factory", backend);
  }
  if (poller !== undefined && poller !== 'epoll' && poller !== 'kqueue' && poller !== 'poll') {
    throw invalidArg('poller', "'epoll', 'kqueue' or 'poll'", poller);
  }
  if (onCallbackError !== undefined && typeof onCallbackError !== 'function') {
    throw invalidArg('onCallbackError', 'a function', onCallbackError);
  }
  const debug = debugLog();
  return {
    backend,
    addon: addonPath(options.addon),
    poller,
    logger: withDebugLog(guardedLogger(logger, onCallbackError), debug),
    debug,
    onCallbackError,
    socket: {
      receiveChunkBytes: integer(
        'receiveChunkBytes',
        options.receiveChunkBytes,
        DEFAULT_RECEIVE_CHUNK_BYTES,
        MIN_RECEIVE_CHUNK_BYTES,
        MAX_RECEIVE_CHUNK_BYTES,
      ),
      acceptBatch: integer('acceptBatch', options.acceptBatch, DEFAULT_ACCEPT_BATCH, 1, 512),
      noDelay: boolean('noDelay', options.noDelay, true),
      keepAliveSeconds: integer('keepAliveSeconds', options.keepAliveSeconds, 0, 0, 32_767),
      receiveBufferBytes: integer('receiveBufferBytes', options.receiveBufferBytes, 0, 0, 2 ** 30),
      sendBufferBytes: integer('sendBufferBytes', options.sendBufferBytes, 0, 0, 2 ** 30),
    },
    backlog: integer('backlog', options.backlog, DEFAULT_BACKLOG, 1, 65_535),
    reusePort: boolean('reusePort', options.reusePort, false),
    dualStack: boolean('dualStack', options.dualStack, false),
    connectTimeoutMs: integer(
      'connectTimeoutMs',
      options.connectTimeoutMs,
      DEFAULT_CONNECT_TIMEOUT_MS,
      1,
      MAX_TIMEOUT_MS,
    ),
    passMs: integer('passMs', options.passMs, DEFAULT_PASS_MS, 1, MAX_PASS_MS),
    passBytes: integer('passBytes', options.passBytes, DEFAULT_PASS_BYTES, 1, MAX_PASS_BYTES),
    poisonReceivedBytes: boolean('poisonReceivedBytes', options.poisonReceivedBytes, false),
  };
}

function addonPath(addon: string | URL | undefined): string | undefined {
  if (addon === undefined) return undefined;
  const expected = 'an absolute path or a file: URL';
  if (typeof addon === 'string' && nodePath().isAbsolute(addon)) return addon;
  if (!URL.canParse(String(addon))) throw invalidArg('addon', expected, addon);
  const url = new URL(addon);
  if (url.protocol !== 'file:') throw invalidArg('addon', expected, url.href);
  return nodeUrl().fileURLToPath(url);
}

/** An integer argument in `min`..`max`, or the default when it is undefined. */
export function integer(name: string, value: unknown, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number') throw invalidArg(name, 'a number', value);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `an integer from ${min} to ${max}`, value);
  }
  return value;
}

/** A boolean argument, or the default when it is undefined. */
export function boolean(name: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value !== 'boolean') throw invalidArg(name, 'a boolean', value);
  return value;
}
