// Options of both `crawl` and `monitor`: the network, its seeds, proxies and exclusions.

import { readFile } from 'node:fs/promises';
import { AsMap } from '../../addrman/asmap/as-map.ts';
import { lookUpHost } from '../../connman/settings/name-lookup.ts';
import type { CrawlOptions, CrawlSeed } from '../../crawl/crawl-options.ts';
import { Exclusions } from '../../crawl/frontier/exclusions.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { systemFileError } from '../../storage/file-error.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { networkOption } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { readRoutes } from './crawl-routes.ts';
import { seedOfText, seedsOfFile, seedsOfPeers } from './crawl-seeds.ts';

/** The options. */
export const CRAWL_OPTIONS = {
  chain: networkOption('main', `the network: ${Object.keys(CHAIN_PARAMS).join(', ')}; main by default`),
  contact: option.text('TEXT', 'how to reach you: part of the user agent that every node sees'),
  seed: option.texts('ADDRESS', 'address to begin with; may be repeated'),
  from: option.texts(
    'FILE',
    'file of addresses, one a line, or of records of an earlier crawl; - is standard input; may be repeated',
  ),
  'peers-dat': option.text('FILE', 'begins with the addresses of a peers.dat, which is only read', 'file'),
  dns: option.zeroOrOne(
    true,
    'asks the DNS seeds, through a proxy if there is one; 1 by default, 0 with --seed, --from or --peers-dat',
  ),
  'fixed-seeds': option.zeroOrOne(
    true,
    'also begins with the built-in list; 1 by default, 0 with --seed, --from or --peers-dat',
  ),
  exclude: option.text('FILE', 'file of addresses, subnets and AS numbers that are not visited, one a line', 'file'),
  asmap: option.text('FILE', 'groups addresses by autonomous system, by this map', 'file'),
  v2: option.choice(
    'auto|only|never',
    ['auto', 'only', 'never'],
    'auto',
    'V2 (BIP 324) where offered and then V1 (auto), V2 only, or V1 only (never)',
  ),
  proxy: option.texts(
    'ADDRESS[=NET]',
    'SOCKS5 proxy for every network, or for ipv4, ipv6, onion, cjdns; may be repeated',
  ),
  i2psam: option.text('ADDRESS', 'SAM bridge of an I2P router, to visit I2P nodes'),
  cjdns: option.flag('visits CJDNS nodes directly: this machine is in that network'),
  onlynet: option.texts('NET', 'visits only ipv4, ipv6, onion, i2p or cjdns; may be repeated'),
  concurrency: option.wholeNumber('NUMBER', 'concurrent visits (4000)', 1, 100_000),
  'group-rate': option.number('NUMBER', 'most dials a second to one network group (10)', 0.001, 100_000),
};

type CrawlValues = ValuesOf<typeof CRAWL_OPTIONS>;

/** @throws {UsageError} Contradictory or invalid options. {FileError} A file cannot be read. */
export async function readCrawlArguments(values: CrawlValues, io: CliIo): Promise<CrawlOptions> {
  const { chain, contact, exclude, asmap, v2, concurrency } = values;
  const { routes, nameProxy } = await readRoutes({
    proxies: values.proxy,
    samBridge: values.i2psam,
    cjdns: values.cjdns,
    onlyNetworks: values.onlynet,
  });
  const seeds = await readSeeds(values, io.signal);
  const isAlone = seeds.length === 0;
  return {
    chain,
    v2,
    routes,
    seeds,
    // All nodes of a regtest are on the user's machine.
    followsLocal: chain === 'regtest',
    fixedSeeds: isAlone && values['fixed-seeds'],
    ...(isAlone && values.dns ? (nameProxy === undefined ? { lookUpHost } : { nameProxy }) : {}),
    ...given({ contact, concurrency, groupRate: values['group-rate'] }),
    ...(exclude === undefined ? {} : { exclusions: await readExclusions(exclude) }),
    ...(asmap === undefined ? {} : { asMap: await AsMap.load(asmap, io.signal) }),
  };
}

/** The options that were given. */
export function given<Values extends object>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };
}

async function readSeeds(values: CrawlValues, signal: AbortSignal): Promise<CrawlSeed[]> {
  const chain = CHAIN_PARAMS[values.chain];
  const seeds = values.seed.map((text) => seedOfText(text, chain));
  for (const path of values.from) for (const seed of await seedsOfFile(path, chain, signal)) seeds.push(seed);
  const peers = values['peers-dat'];
  if (peers !== undefined) for (const seed of await seedsOfPeers(peers, chain, signal)) seeds.push(seed);
  return seeds;
}

async function readExclusions(path: string): Promise<Exclusions> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw systemFileError(path, 'read', error);
  });
  try {
    return Exclusions.parse(text);
  } catch (error) {
    throw new UsageError(`--exclude: ${path}: ${(error as Error).message}`);
  }
}
