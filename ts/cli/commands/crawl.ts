// `sockman crawl`: visits every node of a network, and says what it saw.

import { readFile } from 'node:fs/promises';

import { AsMap } from '../../addrman/asmap/as-map.ts';
import { lookUpHost } from '../../connman/settings/name-lookup.ts';
import type { CrawlOptions, CrawlSeed } from '../../crawl/crawl-options.ts';
import { Exclusions } from '../../crawl/frontier/exclusions.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { systemFileError } from '../../storage/file-error.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../command.ts';
import { networkOption } from '../common-options.ts';
import { readRoutes } from '../crawl/crawl-routes.ts';
import { seedOfText, seedsOfFile, seedsOfPeers } from '../crawl/crawl-seeds.ts';
import { startDemo } from '../crawl/demo.ts';
import { replay, runCrawl } from '../crawl/run-crawl.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { ofArguments } from '../run.ts';

/** Units of `--every`, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const OPTIONS = {
  chain: networkOption('main', `the network: ${Object.keys(CHAIN_PARAMS).join(', ')}; main by default`),
  out: option.text(
    'FOLDER',
    'keeps records, reports and a journal there; a crawl that ended in any way goes on',
    'folder',
  ),
  contact: option.text('TEXT', 'how to reach you: part of the user agent that every node is shown'),
  seed: option.texts('ADDRESS', 'address to begin with; may be repeated'),
  from: option.texts(
    'FILE',
    'addresses, one a line, or records of an earlier crawl; - is standard input; may be repeated',
  ),
  'peers-dat': option.text('FILE', 'begins with the addresses of a peers.dat, which is only read', 'file'),
  dns: option.zeroOrOne(
    true,
    'asks the DNS seeds; 1 by default, not with --seed, --from or --peers-dat, nor with a proxy for names',
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
  attempts: option.number('NUMBER', 'dials of one address in a round, at most (3)', 1, 20),
  every: option.text('TIME', 'round after round, each so long after the last began: 600s, 10m, 1h, 1d'),
  rounds: option.number('NUMBER', 'ends after so many rounds, with --every', 1, 1_000_000_000),
  demo: option.flag('crawls a village of 2,000 nodes that it brings along, on loopback: nothing leaves the machine'),
  replay: option.texts('FILE', 'makes the reports of --out from records alone, oldest first; nothing is dialed'),
  json: option.flag('prints what happens as lines of JSON'),
};

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [
      ['sockman crawl --demo', 'a village on this machine, in a few seconds'],
      ['sockman crawl --chain signet --out signet --contact me@example.org', 'one round of signet, with reports'],
      ['sockman crawl --out main --every 10m --proxy 127.0.0.1:9050=onion --i2psam 127.0.0.1', 'round after round'],
      ['sockman crawl --replay main/records.ndjson --out again', 'reports from records'],
    ],
    notes: [
      'Be a good neighbour: give --contact, and keep a list for --exclude. A node that closes on us three rounds in a row is left alone for a day.',
      'On regtest addresses of this machine are followed, too.',
      'Ends with 1 if nobody was reached.',
    ],
  },
  async (values, io) => {
    if (values.replay.length > 0) return replay(values.replay, values.chain, outOf(values), io);
    if (!values.demo) return runCrawl(await readArguments(values, io), values.json, io);
    const demo = await startDemo(1);
    try {
      const { out: folder } = values;
      return await runCrawl({ ...demo.options, ...(folder === undefined ? {} : { folder }) }, values.json, io);
    } finally {
      await demo.stop();
    }
  },
);

function outOf({ out }: ValuesOf<typeof OPTIONS>): string {
  if (out === undefined) throw new UsageError('--replay needs --out, the folder for the reports');
  return out;
}

async function readArguments(values: ValuesOf<typeof OPTIONS>, io: CliIo): Promise<CrawlOptions> {
  const { chain, contact, out: folder, exclude, asmap, v2, concurrency, attempts, rounds } = values;
  const everyMs = values.every === undefined ? undefined : durationMs(values.every);
  if (rounds !== undefined && everyMs === undefined) throw new UsageError('--rounds needs --every');
  const { routes, hasNameProxy } = await readRoutes({
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
    // The nodes of a regtest are where whoever plays with it is.
    followsLocal: chain === 'regtest',
    usesFixedSeeds: isAlone && values['fixed-seeds'],
    ...(isAlone && values.dns && !hasNameProxy ? { lookUpHost } : {}),
    ...given({ contact, folder, concurrency, attempts, everyMs, rounds, groupRate: values['group-rate'] }),
    ...(exclude === undefined ? {} : { exclusions: await readExclusions(exclude) }),
    ...(asmap === undefined ? {} : { asMap: await AsMap.load(asmap, io.signal) }),
  };
}

/** Options that were given, and no others. */
function given<Values extends object>(values: Values): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>;
  };
}

async function readSeeds(values: ValuesOf<typeof OPTIONS>, signal: AbortSignal): Promise<CrawlSeed[]> {
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

/** @throws {UsageError} Not a number and a unit. */
function durationMs(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * UNITS[unit ?? '']!;
  if (number === undefined || ms > 2 ** 31 - 1)
    throw new UsageError(`--every: expected a time such as 10m, got '${text}'`);
  return ms;
}
