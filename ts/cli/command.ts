// What every command of `sockman` is, and what it may use of the world. Commands print through `CliIo` and never touch
// `process`, so that tests run them in memory.

/** The outside of a command. */
export interface CliIo {
  /** A line to standard output. */
  print(line: string): void;
  /** A line to standard error. */
  complain(line: string): void;
  /** Replaces what the last call drew. Only on a terminal; undefined elsewhere. */
  readonly redraw: ((lines: readonly string[]) => void) | undefined;
  /** Width of the terminal, in characters; 0 when there is none. */
  readonly columns: number;
  /** Aborted by Ctrl-C and SIGTERM: the command ends cleanly, with exit code 0. */
  readonly signal: AbortSignal;
}

/** One command. */
export interface Command {
  /** What it does, on a line. */
  readonly summary: string;
  /** Its options, for `--help`. */
  readonly usage: readonly string[];
  /** @returns The exit code. Throws `UsageError` for what it cannot understand. */
  run(args: readonly string[], io: CliIo): Promise<number>;
}

/** The command line cannot be understood; the message says what, and the exit code is 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** A numeric option. @throws {UsageError} Not a number in `min`..`max`. */
export function numberOption(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= min && value <= max)) {
    throw new UsageError(`--${name}: expected a number from ${min} to ${max}, got '${text}'`);
  }
  return value;
}
