// A command of `sockman`: its options, its help and its work.

import { parseCommandLine } from './options.ts';
import type { CommandLine, Operand, OptionHelp, OptionTable, ValuesOf } from './options.ts';
import type { CliIo } from './terminal/cli-io.ts';

/** What a command takes, for its help and for completions. */
export interface CommandShape {
  readonly options: Readonly<Record<string, OptionHelp>>;
  /** Each must be given, once. */
  readonly operands?: readonly Operand[];
  /** Whole command lines with what they do, for the help. */
  readonly examples: readonly (readonly [commandLine: string, what: string])[];
  /** Paragraphs below the options in the help. */
  readonly notes?: readonly string[];
}

/** One command. */
export interface Command extends CommandShape {
  /** Reads arguments and does nothing with them. @throws {UsageError} They cannot be understood. */
  check(args: readonly string[]): void;
  /**
   * @param args - What stands behind the command's name.
   * @returns The exit code: 0 fine, 1 failed.
   * @throws {UsageError} The arguments cannot be understood: exit code 2.
   */
  run(args: readonly string[], io: CliIo): Promise<number>;
}

/** A command that is not loaded yet. */
export interface CommandEntry {
  /** What it does, on a line. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Makes a command of what it takes and of what it does with it. */
export function defineCommand<Options extends OptionTable>(
  shape: CommandShape & CommandLine & { readonly options: Options },
  run: (values: ValuesOf<Options>, io: CliIo, operands: readonly string[]) => Promise<number>,
): Command {
  return {
    ...shape,
    check: (args) => void parseCommandLine(shape, args),
    run: async (args, io) => {
      const { values, operands } = parseCommandLine(shape, args);
      return run(values, io, operands);
    },
  };
}
