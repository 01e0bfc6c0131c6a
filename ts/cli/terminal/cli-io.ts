// What a command sees of the world. Commands print through it and never touch `process`, so that tests run them in memory.

import type { Style } from './style.ts';

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
  /** Calls `listener` at each SIGHUP, by which programs that rotate logs ask for a new file. @returns Stops that. */
  onHangUp(listener: () => void): () => void;
}
