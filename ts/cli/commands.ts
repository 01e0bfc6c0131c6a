// All commands. A new one is a file in `commands/` that exports `command`, and a line here.
//
// Each is loaded when it is asked for: `--help` and a misspelt name load none of them, and so cost nothing.

import type { Command, CommandEntry } from './command.ts';
import { keepHeapLean } from './node/lean-heap.ts';

function entry(summary: string, load: () => Promise<{ readonly command: Command }>): CommandEntry {
  return { summary, load: async () => (await load()).command };
}

/** By name, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  node: entry('runs a Bitcoin peer and shows a live table of its peers', () => {
    // Before the command is loaded: the space for new objects that loading uses would stay.
    keepHeapLean();
    return import('./commands/node.ts');
  }),
  watch: entry('prints every message of one peer as a line of JSON', () => import('./commands/watch.ts')),
  dial: entry('dials an address, also through a proxy, and times each step', () => import('./commands/dial.ts')),
  crawl: entry('visits every node of a network, and makes reports of it', () => import('./commands/crawl.ts')),
  monitor: entry(
    'stays connected to every node of a network, and reports what it hears',
    () => import('./commands/monitor.ts'),
  ),
  'sv2-server': entry('serves block templates over Stratum V2', () => import('./commands/sv2-server.ts')),
  'sv2-client': entry('follows a Stratum V2 server, and mines on regtest', () => import('./commands/sv2-client.ts')),
  addrman: entry('shows what is in a peers.dat, which it only reads', () => import('./commands/addrman.ts')),
  bench: entry('measures this machine for twenty seconds, beside node:net', () => import('./commands/bench.ts')),
  completions: entry('prints a completion script for bash, zsh or fish', () => import('./commands/completions.ts')),
};
