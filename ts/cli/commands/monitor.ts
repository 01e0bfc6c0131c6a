// `sockman monitor`: holds connections to all nodes of a network, and reports what it hears.

import { readDescriptorLimit } from '../../connman/settings/descriptor-limit.ts';
import { DEFAULT_MAX_HELD, RESERVED_DESCRIPTORS } from '../../crawl/monitor/monitor-options.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { CRAWL_OPTIONS, readCrawlArguments } from '../crawl/crawl-arguments.ts';
import { runMonitor } from '../monitor/run-monitor.ts';
import * as option from '../option-kinds.ts';

const OPTIONS = {
  ...CRAWL_OPTIONS,
  out: option.text(
    'FOLDER',
    'folder for events as lines of JSON, and for how fast blocks and transactions spread',
    'folder',
  ),
  connections: option.wholeNumber(
    'NUMBER',
    `most connections at a time (${DEFAULT_MAX_HELD}, or what descriptors allow)`,
    1,
    1_000_000,
  ),
  http: option.listenAddress('ADDRESS', 'serves a page and /metrics there, such as 127.0.0.1:8080'),
  for: option.number('SECONDS', 'ends after this time', 0.001, 2_147_483),
  json: option.flag('prints events as lines of JSON'),
};

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [
      ['sockman monitor --chain signet --out signet --contact me@example.org', 'until Ctrl-C'],
      ['sockman monitor --http 127.0.0.1:8080 --asmap asmap.dat', 'with a page and metrics'],
    ],
    notes: ['Asks for addresses once and for nothing else; answers pings. Exits with 1 if no connection was held.'],
  },
  async (values, io) => {
    const crawl = await readCrawlArguments(values, io);
    const { out: folder, http, for: seconds, json: isJson } = values;
    const maxHeld = heldByDescriptors(values.connections ?? DEFAULT_MAX_HELD, io);
    const options = { crawl, maxHeld, ...(folder === undefined ? {} : { folder }) };
    return runMonitor(options, { isJson, http, seconds }, io);
  },
);

/** As many connections as descriptors allow; reports if they are fewer than wanted. */
function heldByDescriptors(wanted: number, io: CliIo): number {
  const limit = readDescriptorLimit();
  if (limit === undefined) return wanted;
  const fitting = Math.max(1, limit - RESERVED_DESCRIPTORS);
  if (fitting >= wanted) return wanted;
  io.complain(
    `this process may open ${limit} descriptors: at most ${fitting} connections are held, not ${wanted}, unless ulimit -n raises the limit`,
  );
  return fitting;
}
