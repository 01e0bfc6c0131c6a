// The commands there are. Each is loaded when it is asked for, so that `--help` costs nothing.

import type { Command } from './command.ts';

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  node: async () => (await import('./commands/node.ts')).nodeCommand,
  watch: async () => (await import('./commands/watch.ts')).watchCommand,
  dial: async () => (await import('./commands/dial.ts')).dialCommand,
  addrman: async () => (await import('./commands/addrman.ts')).addrmanCommand,
};
