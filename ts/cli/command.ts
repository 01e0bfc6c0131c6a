// A command of `sockman`: its options, its help and its work.

import { parseCommandLine } from './options.ts';
import type { CommandLine, Operand, OptionHelp, OptionTable, ValuesOf } from './options.ts';
import type { CliIo } from './terminal/cli-io.ts';

/** The arguments of a command, for its help and for completions. */
export interface CommandShape {
  readonly options: Readonly<Record<string, OptionHelp>>;
  /** Each is required, once. */
  readonly operands?: readonly Operand[];
  /** Whole command lines and what they do, for the help. */
  readonly examples: readonly (readonly [commandLine: string, what: string])[];
  /** Paragraphs below the options in the help. */
  readonly notes?: readonly string[];
}

/** One command. */
export interface Command extends CommandShape {
  /** Only parses the arguments. @throws {UsageError} They are invalid. */
  check(args: readonly string[]): void;
  /**
   * @param args - The words after the command's name.
   * @returns The exit code: 0 for success, 1 for failure.
   * @throws {UsageError} The arguments are invalid: exit code 2.
   */
  run(args: readonly string[], io: CliIo): Promise<number>;
}

/** A command that is not loaded yet. */
export interface CommandEntry {
  /** A line that says what it does. */
  readonly summary: string;
  load(): Promise<Command>;
}

/** Makes a command from its options and its work. */
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
