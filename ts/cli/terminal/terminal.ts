// The real outside of a command: standard output and error, the terminal's width, Ctrl-C.

import type { CliIo } from '../command.ts';

const CURSOR_UP = (lines: number): string => `\x1b[${lines}A`;
const CLEAR_BELOW = '\x1b[0J';

/** @returns The io of this process, and what ends its listening for signals. */
export function terminalIo(): { io: CliIo; close: () => void } {
  const { stdout, stderr } = process;
  const stop = new AbortController();
  const onSignal = (): void => stop.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  // Whoever reads our output has read enough, as `head` does: not a failure, but nothing is left to do.
  const onOutputError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    stop.abort();
  };
  stdout.on('error', onOutputError);
  let drawnLines = 0;
  const io: CliIo = {
    print: (line) => {
      drawnLines = 0;
      stdout.write(`${line}\n`);
    },
    complain: (line) => void stderr.write(`${line}\n`),
    redraw: stdout.isTTY
      ? (lines) => {
          const up = drawnLines > 0 ? CURSOR_UP(drawnLines) : '';
          stdout.write(`${up}${CLEAR_BELOW}${lines.map((line) => `${line}\n`).join('')}`);
          drawnLines = lines.length;
        }
      : undefined,
    get columns() {
      return stdout.isTTY ? stdout.columns : 0;
    },
    signal: stop.signal,
  };
  const close = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { io, close };
}
