// A command's input and output. Commands never touch `process`, so that tests run them in memory.

import type { Style } from './style.ts';

/** The input and output of a command. */
export interface CliIo {
  /** Prints a line to standard output. */
  print(line: string): void;
  /** Prints a line to standard error. */
  complain(line: string): void;
  /** Replaces the last picture, below all printed lines. Only on a terminal; undefined elsewhere. */
  readonly redraw: ((lines: readonly string[]) => void) | undefined;
  /** Width of the terminal, in characters; 0 when there is none. */
  readonly columns: number;
  /** Colours of standard output; plain if it has none. */
  readonly style: Style;
  /** Whether the reader is far behind: output that can be left out should be, and counted. */
  readonly isBehind: boolean;
  /** Resolves once the reader has caught up, or `signal` is aborted. For output that must be complete. */
  caughtUp(): Promise<void>;
  /**
   * Aborted by Ctrl-C and SIGTERM, by SIGHUP unless something listens to it, and when output cannot be written any more: the
   * command ends cleanly.
   */
  readonly signal: AbortSignal;
  /**
   * Calls `listener` at each SIGHUP, with which log rotators ask for a new file, in place of ending the command.
   *
   * @returns A function that removes the listener.
   */
  onHangUp(listener: () => void): () => void;
}
