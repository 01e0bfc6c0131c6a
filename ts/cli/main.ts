#!/usr/bin/env node
// The `sockman` command: finds the requested command, gives it a terminal and a way to be stopped, and turns the outcome
// into an exit code: 0 success, 1 failure, 2 invalid arguments.

import { COMMANDS } from './commands.ts';
import { keepCompiledCode } from './compile-cache.ts';
import { isDebugWord } from './log/categories.ts';
import type { CliIo } from './terminal/cli-io.ts';
import { manual, overview } from './help.ts';
import { UsageError, didYouMean } from './options.ts';
import { StartError } from './start-error.ts';
import { terminalIo } from './terminal/terminal.ts';
import { VERSION } from '../util/version.ts';

const HELP_WORDS: readonly string[] = ['-h', '--help', 'help'];
const VERSION_WORDS: readonly string[] = ['-V', '--version'];

/** Runs one command line (without node and script). @returns The exit code. */
async function main(args: readonly string[], io: CliIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined) return complainAll(io, overview(COMMANDS, io.columns, io.style));
  if (HELP_WORDS.includes(name) && rest.length === 0) return printAll(io, overview(COMMANDS, io.columns, io.style));
  if (VERSION_WORDS.includes(name)) return printAll(io, [`sockman ${VERSION} (Node ${process.versions.node})`]);
  // `sockman help node` is `sockman node --help`.
  if (HELP_WORDS.includes(name)) return runCommand(rest[0]!, ['--help'], io);
  return runCommand(name, rest, io);
}

async function runCommand(name: string, args: readonly string[], io: CliIo): Promise<number> {
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const names = Object.keys(COMMANDS);
    io.complain(`sockman: no command '${name}'${didYouMean(name, names) || `; there are ${names.join(', ')}`}`);
    return 2;
  }
  try {
    const command = await entry.load();
    if (asksForHelp(args)) return printAll(io, manual(name, entry.summary, command, io.columns, io.style));
    return await command.run(args, io);
  } catch (error) {
    // An interrupted command did not succeed, and says nothing more.
    if (io.signal.aborted) return 1;
    if (error instanceof StartError) {
      io.complain(`Error: ${error.message}`);
      return 1;
    }
    io.complain(`sockman ${name}: ${error instanceof Error ? error.message : String(error)}`);
    if (!(error instanceof UsageError)) return 1;
    io.complain(`(sockman ${name} --help lists its options)`);
    return 2;
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes('--help') || options.includes('-h');
}

function printAll(io: CliIo, lines: readonly string[]): number {
  for (const line of lines) io.print(line);
  return 0;
}

function complainAll(io: CliIo, lines: readonly string[]): number {
  for (const line of lines) io.complain(line);
  return 2;
}

/**
 * Removes `--debug` from a command line. In front of a category it is an option of the node, which logs that one.
 *
 * @returns Whether it was there.
 */
function takeDebug(args: string[]): boolean {
  const end = args.indexOf('--');
  const index = args.indexOf('--debug');
  if (index < 0 || (end >= 0 && index > end)) return false;
  if (args[0] === 'node' && isDebugWord(args[index + 1] ?? '')) return false;
  args.splice(index, 1);
  return true;
}

// Before a command is loaded.
keepCompiledCode();
const args = process.argv.slice(2);
const isDebugging = takeDebug(args);
// Loggers that are created from now on read the environment. (util/debug-log.ts)
if (isDebugging) process.env['NODE_DEBUG'] = `${process.env['NODE_DEBUG'] ?? ''},sockman`;
// A redrawn table and lines on standard error would overwrite each other.
const { io, close } = terminalIo({ redraws: !isDebugging });
void main(args, io).then(close);
