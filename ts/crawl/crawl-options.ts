// Options of a crawl with their defaults and the checks that are made before anything is dialed.

import { randomBytes } from 'node:crypto';

import type { AsMap } from '../addrman/asmap/as-map.ts';
import type { NetAddress } from '../netaddr/net-address.ts';
import type { Service } from '../netaddr/service.ts';
import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import type { ChainName } from '../p2p/chain-params.ts';
import type { RandomBytes } from '../p2p/bip324/ellswift.ts';
import type { Proxy } from '../sockman/dial/connect-options.ts';
import type { SockManOptions } from '../sockman/options.ts';
import { invalidArg, outOfRange } from '../util/errors/errors.ts';
import { guardedLogger } from '../util/guarded-logger.ts';
import type { Logger } from '../util/logger.ts';
import { createSecureRandom } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { Exclusions } from './frontier/exclusions.ts';
import type { SeedSource } from './frontier/sources.ts';
import { checkPacking } from './journal/pack-records.ts';
import type { Packing } from './journal/pack-records.ts';
import { CLEAR_LIMITS, DIRECT_ROUTES, OVERLAY_LIMITS } from './visit/routes.ts';
import type { Routes, VisitLimits } from './visit/routes.ts';
import type { V2Policy } from './visit/visitor.ts';

/** An address to begin with. */
export interface CrawlSeed {
  readonly service: Service;
  /** The services it is known to offer; left out when nothing is known. */
  readonly services?: bigint;
  readonly source: SeedSource;
}

/** Options of a `Crawler`. */
export interface CrawlOptions {
  /** The chain whose network is crawled. Default `main`. */
  readonly chain?: ChainName;
  /** Folder for records and journal; left out, nothing is kept. */
  readonly folder?: string;
  /** Compresses the records of finished rounds: `gzip`, or `zstd` where Node has it (22.15 or newer). Default: not compressed. */
  readonly pack?: Packing;
  /** Where people can reach the operator of the crawl: part of the user agent. Letters, digits, space and `.,;-_?@`. */
  readonly contact?: string;
  /** Transports: V2 and then V1 (`auto`), or only one of them. Default `auto`. */
  readonly v2?: V2Policy;
  /** The ways to each network. Default: IPv4 and IPv6, directly. */
  readonly routes?: Routes;
  /** Addresses to begin with. */
  readonly seeds?: readonly CrawlSeed[];
  /** Looks up the names of the chain's DNS seeds. Default: DNS seeds are not asked. */
  readonly lookUpHost?: (name: string) => Promise<readonly NetAddress[]>;
  /**
   * SOCKS5 proxy that resolves names: the chain's DNS seeds are visited through it, for the addresses that they tell. Default:
   * none.
   */
  readonly nameProxy?: Proxy;
  /** Also begins with the chain's built-in list of addresses. Default false. */
  readonly fixedSeeds?: boolean;
  /** Addresses that are never visited. Default: none. */
  readonly exclusions?: Exclusions;
  /** Groups addresses by autonomous system, and names them in records. */
  readonly asMap?: AsMap;
  /** Visits at once, 1 to 100,000. Default 4,000. */
  readonly concurrency?: number;
  /** Dials of one group a second, more than 0, at most 100,000. Default 10. */
  readonly groupRate?: number;
  /** Visits of one group at once, 1 to 100,000; default 64, and 128 in each of the sixteen groups of onion and of I2P. */
  readonly groupConcurrency?: number;
  readonly overlayConcurrency?: number;
  /** Dials of one address in a round, 1 to 20. Default 3. */
  readonly attempts?: number;
  /** Pause between two dials of one address, in milliseconds, 0 to a day. Default 60,000. */
  readonly retryDelayMs?: number;
  /** New addresses that are taken from one source in a round, 1 to 1,000,000. Default 10,000. */
  readonly perSource?: number;
  /** Limits of one visit, in milliseconds, where they differ from the defaults. */
  readonly clear?: Partial<VisitLimits>;
  readonly overlay?: Partial<VisitLimits>;
  /** Follows addresses of loopback: for villages. Default false. */
  readonly followsLocal?: boolean;
  /** Interval between the starts of two rounds, in milliseconds; left out, there is one round. */
  readonly everyMs?: number;
  /** Number of rounds, with `everyMs`. Default: unlimited. */
  readonly rounds?: number;
  /** Default: the host's clock, unpredictable numbers, keys from the system. */
  readonly clock?: Clock;
  readonly random?: RandomUint32;
  readonly randomBytes?: RandomBytes;
  /** Options of the `SockMan`. */
  readonly sockets?: SockManOptions;
  readonly logger?: Logger;
}

/** Options that have no default. */
type Optional = 'folder' | 'pack' | 'contact' | 'lookUpHost' | 'nameProxy' | 'asMap' | 'everyMs';

/** Options with every default. */
export type ResolvedCrawlOptions = Readonly<Required<Omit<CrawlOptions, Optional | 'clear' | 'overlay'>>> & {
  readonly [Name in Optional]: CrawlOptions[Name] | undefined;
} & { readonly clear: VisitLimits; readonly overlay: VisitLimits };

const DAY_MS = 86_400_000;
const MANY = 100_000;

/**
 * Checks options and fills in the defaults.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, or {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option.
 */
export function resolveCrawlOptions(options: CrawlOptions): ResolvedCrawlOptions {
  const groupRate = options.groupRate ?? 10;
  if (!(groupRate > 0 && groupRate <= MANY)) throw outOfRange('groupRate', `more than 0, at most ${MANY}`, groupRate);
  const { folder, pack, contact, lookUpHost, nameProxy, asMap, everyMs } = options;
  if (pack !== undefined) checkPacking(pack);
  checkKinds(options);
  return {
    ...{
      folder,
      pack,
      contact,
      lookUpHost,
      nameProxy,
      asMap,
      everyMs: whole('everyMs', everyMs, undefined, 0, 2 ** 31 - 1),
    },
    chain: options.chain ?? 'main',
    v2: options.v2 ?? 'auto',
    routes: options.routes ?? DIRECT_ROUTES,
    seeds: options.seeds ?? [],
    fixedSeeds: options.fixedSeeds ?? false,
    exclusions: options.exclusions ?? Exclusions.NONE,
    concurrency: whole('concurrency', options.concurrency, 4_000, 1, MANY),
    groupRate,
    groupConcurrency: whole('groupConcurrency', options.groupConcurrency, 64, 1, MANY),
    overlayConcurrency: whole('overlayConcurrency', options.overlayConcurrency, 128, 1, MANY),
    attempts: whole('attempts', options.attempts, 3, 1, 20),
    retryDelayMs: whole('retryDelayMs', options.retryDelayMs, 60_000, 0, DAY_MS),
    perSource: whole('perSource', options.perSource, 10_000, 1, 1_000_000),
    clear: limits('clear', CLEAR_LIMITS, options.clear),
    overlay: limits('overlay', OVERLAY_LIMITS, options.overlay),
    followsLocal: options.followsLocal ?? false,
    rounds: options.everyMs === undefined ? 1 : (options.rounds ?? Infinity),
    clock: options.clock ?? systemClock,
    random: options.random ?? createSecureRandom(),
    randomBytes: options.randomBytes ?? randomBytes,
    sockets: options.sockets ?? {},
    logger: guardedLogger(options.logger, options.sockets?.onCallbackError),
  };
}

/** Mistakes that would only show in the middle of a crawl, or not at all. */
function checkKinds({ chain = 'main', v2 = 'auto', seeds = [], exclusions }: CrawlOptions): void {
  if (!Object.hasOwn(CHAIN_PARAMS, chain)) throw invalidArg('chain', Object.keys(CHAIN_PARAMS).join(', '), chain);
  if (!['auto', 'only', 'never'].includes(v2)) throw invalidArg('v2', 'auto, only or never', v2);
  if (!Array.isArray(seeds)) throw invalidArg('seeds', 'an array', seeds);
  // Text is the likely mistake; a `Service` may be of another copy of this package.
  const stranger = seeds.findIndex((seed: Partial<CrawlSeed> | undefined) => typeof seed?.service?.port !== 'number');
  if (stranger !== -1) throw invalidArg(`seeds[${stranger}]`, '{ service: Service, source }', seeds[stranger]);
  if (exclusions !== undefined && typeof exclusions.has !== 'function')
    throw invalidArg('exclusions', 'an Exclusions', exclusions);
}

function limits(name: string, defaults: VisitLimits, given: Partial<VisitLimits> = {}): VisitLimits {
  return {
    connectTimeoutMs: whole(`${name}.connectTimeoutMs`, given.connectTimeoutMs, defaults.connectTimeoutMs, 1, DAY_MS),
    deadlineMs: whole(`${name}.deadlineMs`, given.deadlineMs, defaults.deadlineMs, 1, DAY_MS),
    quietMs: whole(`${name}.quietMs`, given.quietMs, defaults.quietMs, 0, DAY_MS),
  };
}

function whole<Otherwise extends number | undefined>(
  name: string,
  value: number | undefined,
  otherwise: Otherwise,
  min: number,
  max: number,
): number | Otherwise {
  if (value === undefined) return otherwise;
  if (!Number.isInteger(value) || value < min || value > max)
    throw outOfRange(name, `an integer ${min} to ${max}`, value);
  return value;
}
