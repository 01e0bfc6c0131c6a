// What every command of `sockman` is, and what it may use of the world. Commands print through `CliIo` and never touch
// `process`, so that tests run them in memory.

import { parseCommandLine } from './options.ts';
import type { CommandLine, Operand, OptionHelp, OptionTable, ValuesOf } from './options.ts';
import type { Style } from './terminal/style.ts';

/** The outside of a command. */
export interface CliIo {
  /** A line to standard output. */
  print(line: string): void;
  /** A line to standard error. */
  complain(line: string): void;
  /** Replaces what the last call drew, below all that was printed. Only on a terminal; undefined elsewhere. */
  readonly redraw: ((lines: readonly string[]) => void) | undefined;
  /** Width of the terminal, in characters; 0 when there is none. */
  readonly columns: number;
  /** Colours of standard output; none where they do not belong. */
  readonly style: Style;
  /** Whether much of what was printed still waits for its reader: what can be left out should be, and counted. */
  readonly isBehind: boolean;
  /** Resolves once the reader caught up, or `signal` is aborted. For output that must be complete. */
  caughtUp(): Promise<void>;
  /** Aborted by Ctrl-C and SIGTERM, and when nobody reads any more: the command ends cleanly. */
  readonly signal: AbortSignal;
  /** Hears of SIGHUP, by which programs that rotate logs ask for a new file. @returns Ends that. */
  onHangUp(listener: () => void): () => void;
}

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
