// `sockman crawl`: visits every node of a network, and makes reports.

import type { CrawlOptions } from '../../crawl/crawl-options.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { CRAWL_OPTIONS, given, readCrawlArguments } from '../crawl/crawl-arguments.ts';
import { startDemo } from '../crawl/demo.ts';
import { replay, runCrawl } from '../crawl/run-crawl.ts';
import { runFleet } from '../crawl/run-fleet.ts';
import type { FleetArguments } from '../crawl/run-fleet.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';

/** Units of `--every`, in milliseconds. */
const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const OPTIONS = {
  ...CRAWL_OPTIONS,
  out: option.text(
    'FOLDER',
    'folder for records, reports and a journal; an interrupted crawl resumes from it',
    'folder',
  ),
  attempts: option.wholeNumber('NUMBER', 'most dials of one address in a round (3)', 1, 20),
  every: option.text('TIME', 'repeats rounds at this interval: 600s, 10m, 1h, 1d'),
  rounds: option.wholeNumber('NUMBER', 'with --every: ends after this many rounds', 1, 1_000_000_000),
  pack: option.choice(
    'none|gzip|zstd',
    ['none', 'gzip', 'zstd'],
    'none',
    'how the records of finished rounds are compressed; zstd needs Node 22.15',
  ),
  demo: option.flag('crawls a simulated village of 2,000 nodes on loopback: nothing leaves the machine'),
  replay: option.texts('FILE', 'makes reports in --out from records, oldest first; dials nothing'),
  json: option.flag('prints events as lines of JSON'),
  fleet: option.text('URL', 'works in a fleet over NATS JetStream at nats://HOST:PORT; several separated by commas'),
  name: option.text('NAME', "this worker's name in the fleet; by default the machine's name and random digits"),
  'fleet-user': option.text('NAME', 'user name for NATS, together with --fleet-password'),
  'fleet-password': option.text('WORD', 'password for NATS'),
  'fleet-token': option.text('WORD', 'token for NATS'),
};

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [
      ['sockman crawl --demo', 'a village on this machine, in a few seconds'],
      ['sockman crawl --chain signet --out signet --contact me@example.org', 'one round of signet, with reports'],
      ['sockman crawl --out main --every 10m --proxy 127.0.0.1:9050=onion --i2psam 127.0.0.1', 'round after round'],
      ['sockman crawl --fleet nats://127.0.0.1:4222 --name paris --out paris', 'one worker of many'],
      ['sockman crawl --replay main/records.ndjson --out again', 'reports from records'],
    ],
    notes: [
      'Be a good neighbour: give --contact, and keep a list for --exclude. A node that closes the connection in three rounds in a row is left alone for a day.',
      '--demo takes no other network: its own seeds, proxies and chain. Started again with the same --out, its village is the same.',
      'On regtest addresses of this machine are followed, too.',
      'Exits with 1 if no node was reached; with --fleet, if this worker reached none.',
    ],
  },
  async (values, io) => {
    if (values.replay.length > 0) {
      refuseOthers(values, 'replay', TAKEN_BY_REPLAY);
      return replay(values.replay, values.chain, outOf(values), values.json, io);
    }
    if (values.demo) return crawlDemo(values, io);
    const crawl = await readArguments(values, io);
    const fleet = fleetOf(values);
    return fleet === undefined ? runCrawl(crawl, values.json, io) : runFleet(crawl, fleet, values.json, io);
  },
);

type CrawlCommandValues = ValuesOf<typeof OPTIONS>;

/** Options that mean something with `--replay`, and with `--demo`, whose network is its own. */
const TAKEN_BY_REPLAY: readonly (keyof CrawlCommandValues)[] = ['out', 'chain', 'json'];
const TAKEN_BY_DEMO: readonly (keyof CrawlCommandValues)[] = [
  ...(['out', 'json', 'contact', 'exclude', 'asmap', 'v2', 'concurrency', 'group-rate'] as const),
  ...(['attempts', 'every', 'rounds', 'pack'] as const),
];

/** @throws {UsageError} An option was given that would have no effect. */
function refuseOthers(
  values: CrawlCommandValues,
  mode: 'replay' | 'demo',
  taken: readonly (keyof CrawlCommandValues)[],
): void {
  for (const name of Object.keys(OPTIONS) as (keyof CrawlCommandValues)[]) {
    const unset: unknown = OPTIONS[name].read(name, []);
    const isGiven = JSON.stringify(values[name]) !== JSON.stringify(unset);
    if (isGiven && name !== mode && !taken.includes(name))
      throw new UsageError(`--${name} has no effect with --${mode}`);
  }
}

async function crawlDemo(values: CrawlCommandValues, io: CliIo): Promise<number> {
  refuseOthers(values, 'demo', TAKEN_BY_DEMO);
  const crawl = await readArguments({ ...values, dns: false, 'fixed-seeds': false }, io);
  const demo = await startDemo(1, values.out);
  try {
    const { concurrency, 'group-rate': groupRate } = values;
    return await runCrawl({ ...crawl, ...demo.options, ...given({ concurrency, groupRate }) }, values.json, io);
  } finally {
    await demo.stop();
  }
}

function outOf({ out }: CrawlCommandValues): string {
  if (out === undefined) throw new UsageError('--replay needs --out, the folder for the reports');
  return out;
}

async function readArguments(values: CrawlCommandValues, io: CliIo): Promise<CrawlOptions> {
  const { out: folder, attempts, rounds } = values;
  const pack = values.pack === 'none' ? undefined : values.pack;
  const everyMs = values.every === undefined ? undefined : durationMs(values.every);
  if (rounds !== undefined && everyMs === undefined) throw new UsageError('--rounds needs --every');
  return { ...(await readCrawlArguments(values, io)), ...given({ folder, attempts, everyMs, rounds, pack }) };
}

function fleetOf(values: CrawlCommandValues): FleetArguments | undefined {
  const { fleet: servers, name, rounds, 'fleet-user': user, 'fleet-password': pass, 'fleet-token': token } = values;
  if (servers === undefined) {
    for (const one of ['name', 'fleet-user', 'fleet-password', 'fleet-token'] as const)
      if (values[one] !== undefined) throw new UsageError(`--${one} needs --fleet`);
    return undefined;
  }
  if (rounds !== undefined) throw new UsageError('--rounds is for a crawl without --fleet');
  if ((user === undefined) !== (pass === undefined))
    throw new UsageError('--fleet-user and --fleet-password go together');
  return { servers, name, credentials: given({ user, pass, token }) };
}

/** @throws {UsageError} Not a number and a unit. */
function durationMs(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * UNITS[unit ?? '']!;
  if (number === undefined || ms > 2 ** 31 - 1)
    throw new UsageError(`--every: expected a time such as 10m, got '${text}'`);
  return ms;
}
