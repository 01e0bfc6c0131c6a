// Options of an `HttpServer`, their checks and defaults.

import { Service } from '../netaddr/service.ts';
import { Subnet } from '../netaddr/subnet.ts';
import { SOCK_MAN_OPTION_NAMES, integer, sockManOptionsOf } from '../sockman/options.ts';
import type { SockManOptions } from '../sockman/options.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { invalidArg } from '../util/errors/errors.ts';
import { MemoryBudget } from '../util/memory/memory-budget.ts';
import { checkOptionNames } from '../util/options/option-names.ts';
import {
  DEFAULT_HANDLER_SLOTS,
  DEFAULT_IDLE_TIMEOUT_SECONDS,
  DEFAULT_MAX_BODY_BYTES,
  DEFAULT_MAX_CONNECTIONS,
  DEFAULT_MAX_UNPARSED_BYTES,
  DEFAULT_WORK_QUEUE_DEPTH,
} from './limits.ts';

/** Peers that are always allowed. (Bitcoin Core src/httpserver.cpp, InitHTTPAllowList) */
const LOCAL_SUBNETS = ['127.0.0.0/8', '::1/128'];

/** Longest time an option takes, in seconds: a day. */
const MAX_SECONDS = 86_400;

/** Options of an `HttpServer`. Each has a default. */
export interface HttpServerOptions extends SockManOptions {
  /** Addresses to listen at: `Service` or its text; port 0 takes any free port. Default `127.0.0.1:0`. */
  bind?: readonly (Service | string)[];
  /** Who may connect besides this machine: `Subnet` or its text, such as `10.0.0.0/8`, `0.0.0.0/0`, `::/0`. Default nobody. */
  allowIp?: readonly (Subnet | string)[];
  /** Handlers that run at a time, 1 to 65,535. Default 16. */
  handlerSlots?: number;
  /** Requests that wait for a slot, 1 to 65,535; further ones are answered 503. Default 64. */
  workQueueDepth?: number;
  /** Seconds without a byte after which a connection without a request in flight is closed; 0 is never. Default 30. */
  idleTimeoutSeconds?: number;
  /** Seconds from the first byte of a request to the end of its head; 0, the default, is no limit. */
  requestDeadlineSeconds?: number;
  /** Connections at a time, 1 to 1,000,000; more wait in the kernel. Default 128. */
  maxConnections?: number;
  /** Bytes kept of what follows a request in flight, 1 KiB to 16 MiB; also the most of one receive. Default 64 KiB. */
  maxUnparsedBytes?: number;
  /** Longest request body, in bytes, 0 to 1 GiB. Default 32 MiB. */
  maxBodyBytes?: number;
  /**
   * What all requests and answers together may hold in memory. Default: 32 MiB, or an eighth of the heap limit if that is
   * less. Beyond it, connections that hold more than their share are not read until there is room; one body is always read
   * on. A budget can be shared with other servers.
   */
  memoryBudget?: MemoryBudget;
  /** `Content-Type` of answers whose handler sets none. Default `text/html; charset=ISO-8859-1`, as Bitcoin Core has it. */
  defaultContentType?: string;
  /** Clock, for tests: that of the `backend`. Default the system's. */
  clock?: Clock;
}

const HTTP_OPTION_NAMES: Readonly<Record<keyof HttpServerOptions, true>> = {
  ...SOCK_MAN_OPTION_NAMES,
  bind: true,
  allowIp: true,
  handlerSlots: true,
  workQueueDepth: true,
  idleTimeoutSeconds: true,
  requestDeadlineSeconds: true,
  maxConnections: true,
  maxUnparsedBytes: true,
  maxBodyBytes: true,
  memoryBudget: true,
  defaultContentType: true,
  clock: true,
};

/** Options with every default filled in and every value checked. */
export interface ResolvedHttpOptions {
  readonly bind: readonly Service[];
  readonly allowed: readonly Subnet[];
  readonly handlerSlots: number;
  readonly workQueueDepth: number;
  readonly idleTimeoutMs: number;
  readonly requestDeadlineMs: number;
  readonly maxConnections: number;
  readonly maxUnparsedBytes: number;
  readonly maxBodyBytes: number;
  readonly memoryBudget: MemoryBudget;
  readonly defaultContentType: string;
  readonly clock: Clock;
}

/**
 * Checks options and fills in the defaults.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
 */
export function resolveHttpOptions(options: HttpServerOptions): ResolvedHttpOptions {
  if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
  checkOptionNames('', options, HTTP_OPTION_NAMES);
  const { bind = ['127.0.0.1:0'], allowIp = [], clock = systemClock } = options;
  const { defaultContentType = 'text/html; charset=ISO-8859-1' } = options;
  if (!Array.isArray(bind) || bind.length === 0) throw invalidArg('bind', 'an array of at least one address', bind);
  if (!Array.isArray(allowIp)) throw invalidArg('allowIp', 'an array', allowIp);
  if (typeof defaultContentType !== 'string') throw invalidArg('defaultContentType', 'a string', defaultContentType);
  const count = (name: keyof HttpServerOptions, fallback: number): number =>
    integer(name, options[name], fallback, 1, 65_535);
  const milliseconds = (name: keyof HttpServerOptions, fallback: number): number =>
    1_000 * integer(name, options[name], fallback, 0, MAX_SECONDS);
  return {
    bind: bind.map((to: Service | string) => (to instanceof Service ? to : Service.parse(to))),
    allowed: [...LOCAL_SUBNETS, ...allowIp].map((net) => (net instanceof Subnet ? net : Subnet.parse(net))),
    handlerSlots: count('handlerSlots', DEFAULT_HANDLER_SLOTS),
    workQueueDepth: count('workQueueDepth', DEFAULT_WORK_QUEUE_DEPTH),
    idleTimeoutMs: milliseconds('idleTimeoutSeconds', DEFAULT_IDLE_TIMEOUT_SECONDS),
    requestDeadlineMs: milliseconds('requestDeadlineSeconds', 0),
    maxConnections: integer('maxConnections', options.maxConnections, DEFAULT_MAX_CONNECTIONS, 1, 1_000_000),
    maxUnparsedBytes: unparsedBytes(options.maxUnparsedBytes),
    maxBodyBytes: integer('maxBodyBytes', options.maxBodyBytes, DEFAULT_MAX_BODY_BYTES, 0, 2 ** 30),
    memoryBudget: budgetOf(options.memoryBudget),
    defaultContentType,
    clock,
  };
}

function budgetOf(memoryBudget = new MemoryBudget()): MemoryBudget {
  if (!(memoryBudget instanceof MemoryBudget)) throw invalidArg('memoryBudget', 'a MemoryBudget', memoryBudget);
  return memoryBudget;
}

function unparsedBytes(value: unknown): number {
  return integer('maxUnparsedBytes', value, DEFAULT_MAX_UNPARSED_BYTES, 1_024, 2 ** 24);
}

/**
 * The options of the sockets. One receive brings at most what may be kept behind a request, so that nothing received has to
 * be refused.
 */
export function socketOptions(options: HttpServerOptions): SockManOptions {
  if (typeof options !== 'object' || options === null) return {};
  const most = unparsedBytes(options.maxUnparsedBytes);
  return { ...sockManOptionsOf(options), receiveChunkBytes: Math.min(options.receiveChunkBytes ?? most, most) };
}
