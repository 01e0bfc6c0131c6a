// Options that `crawl` and `monitor` share: the network, its seeds, proxies and exclusions.

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
import type { ValuesOf } from '../options.ts';
import { ofArguments } from '../run.ts';
import { readRoutes } from './crawl-routes.ts';
import { seedOfText, seedsOfFile, seedsOfPeers } from './crawl-seeds.ts';

/** The options. */
export const CRAWL_OPTIONS = {
  chain: networkOption('main', `the network: ${Object.keys(CHAIN_PARAMS).join(', ')}; main by default`),
  contact: option.text('TEXT', 'how to reach you: part of the user agent that every node is shown'),
  seed: option.texts('ADDRESS', 'address to begin with; may be repeated'),
  from: option.texts(
    'FILE',
    'addresses, one a line, or records of an earlier crawl; - is standard input; may be repeated',
  ),
  'peers-dat': option.text('FILE', 'begins with the addresses of a peers.dat, which is only read', 'file'),
  dns: option.zeroOrOne(
    true,
    'asks the DNS seeds, through the proxy for names where there is one; 1 by default, not with --seed, --from or --peers-dat',
  ),
  'fixed-seeds': option.zeroOrOne(
    true,
    'begins also with the built-in list; 1 by default, not with --seed, --from or --peers-dat',
  ),
  exclude: option.text('FILE', 'who is not visited: addresses, subnets and AS numbers, one a line', 'file'),
  asmap: option.text('FILE', 'groups addresses by autonomous system, by this map', 'file'),
  v2: option.choice(
    'WORD',
    ['auto', 'only', 'never'],
    'auto',
    'V2 (BIP 324) where it is offered and then V1, or only one of them',
  ),
  proxy: option.texts(
    'ADDRESS[=NET]',
    'SOCKS5 proxy for every network, or for ipv4, ipv6, onion, cjdns; may be repeated',
  ),
  i2psam: option.text('ADDRESS', 'SAM bridge of an I2P router, by which I2P nodes are visited'),
  cjdns: option.flag('visits CJDNS nodes directly: this machine is in that network'),
  onlynet: option.texts('NET', 'visits only ipv4, ipv6, onion, i2p or cjdns; may be repeated'),
  concurrency: option.number('NUMBER', 'visits at once (4000)', 1, 100_000),
  'group-rate': option.number('NUMBER', 'dials a second of one network group, at most (10)', 0.001, 100_000),
};

type CrawlValues = ValuesOf<typeof CRAWL_OPTIONS>;

/** @throws {UsageError} They contradict each other, or one is not understood. {FileError} A file cannot be read. */
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
    // The nodes of a regtest are on the machine of its user.
    followsLocal: chain === 'regtest',
    fixedSeeds: isAlone && values['fixed-seeds'],
    ...(isAlone && values.dns ? (nameProxy === undefined ? { lookUpHost } : { nameProxy }) : {}),
    ...given({ contact, concurrency, groupRate: values['group-rate'] }),
    ...(exclude === undefined ? {} : { exclusions: await readExclusions(exclude) }),
    ...(asmap === undefined ? {} : { asMap: await AsMap.load(asmap, io.signal) }),
  };
}

/** Options that were given, and no others. */
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
  return ofArguments(() => Exclusions.parse(text));
}
