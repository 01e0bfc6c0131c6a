#!/usr/bin/env node
// The `sockman` command: finds the command that was asked for, gives it a terminal and a way to be stopped, and turns what
// comes out into an exit code: 0 fine, 1 failed, 2 not understood.

import { COMMANDS } from './commands.ts';
import { UsageError } from './command.ts';
import type { CliIo } from './command.ts';
import { terminalIo } from './terminal/terminal.ts';

/** Runs one command line (without node and script). @returns The exit code. */
export async function main(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    printHelp(io);
    return name === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    io.complain(`sockman: no command '${name}'; there are ${Object.keys(COMMANDS).join(', ')}`);
    return 2;
  }
  const command = await load();
  if (rest.includes('--help')) {
    for (const line of [command.summary, '', ...command.usage]) io.print(line);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    io.complain(`sockman ${name}: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof UsageError || isParseError(error)) return 2;
    return 1;
  }
}

/** What `util.parseArgs` throws for options it does not know. */
function isParseError(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_');
}

function printHelp(io: CliIo): void {
  io.print('usage: sockman COMMAND [OPTIONS], sockman COMMAND --help');
  io.print(`commands: ${Object.keys(COMMANDS).join(', ')}`);
}

const { io, close } = terminalIo();
void main(process.argv.slice(2), io).then((code) => {
  close();
  process.exitCode = code;
});
