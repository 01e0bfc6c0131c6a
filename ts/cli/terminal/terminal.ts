// The real input and output of a command: standard output and error, the terminal's size and colours, Ctrl-C, the terminal's end.

import { once } from 'node:events';

import type { CliIo } from './cli-io.ts';
import { Screen } from './screen.ts';
import { styleFor } from './style.ts';

/** Waiting bytes from which output counts as behind: more than a pipe's buffer, and little for a process. */
const MAX_WAITING_BYTES = 1_048_576;

/** How long an ending process waits for the reader of its output, in milliseconds. */
const LAST_WORDS_MS = 250;

/** The exit code of a process that a signal ended is this plus the signal's number. */
const SIGNAL_EXIT = 128;
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** Exit code of a command whose output could not be written. */
const FAILED = 1;

/** Width of a terminal that does not tell its own. */
const USUAL_COLUMNS = 80;

/**
 * @param redraws - Whether a picture may be redrawn on a terminal; otherwise it gets lines.
 * @returns The process's input and output, and a function that ends it with an exit code.
 */
export function terminalIo({ redraws }: { redraws: boolean }): { io: CliIo; close: (exitCode: number) => void } {
  const { stdout, stderr } = process;
  const stop = new AbortController();
  // A dumb terminal cannot move its cursor: it gets lines.
  const isDrawn = stdout.isTTY && redraws && process.env['TERM'] !== 'dumb';
  const screen = isDrawn ? new Screen(stdout) : undefined;
  const errorStyle = styleFor(stderr);
  const onSignal = (name: NodeJS.Signals): void => {
    // The second signal ends the process, whatever the command still waits for.
    if (stop.signal.aborted) {
      screen?.leave();
      process.exit(SIGNAL_EXIT + SIGNALS[name as keyof typeof SIGNALS]);
    }
    stop.abort();
  };
  for (const name of Object.keys(SIGNALS)) process.on(name, onSignal);
  let hasFailed = false;
  const onOutputError = (name: string, error: NodeJS.ErrnoException): void => {
    // A reader that closes, as `head` does, has read enough: this is not a failure, and the command ends.
    if (error.code !== 'EPIPE' && !hasFailed) {
      hasFailed = true;
      // For a command that has ended already; `close` sets it for others.
      process.exitCode = FAILED;
      complain(`sockman: standard ${name} cannot be written: ${error.message}`);
    }
    stop.abort();
  };
  stdout.on('error', (error) => onOutputError('output', error));
  stderr.on('error', (error) => onOutputError('error', error));
  // A terminal that is closed says so with SIGHUP. It may say so twice, which must not cut short what ends.
  const hangUps = new Set<() => void>();
  const onHangUp = (): void => {
    if (hangUps.size === 0) stop.abort();
    for (const listener of hangUps) listener();
  };
  process.on('SIGHUP', onHangUp);
  if (screen !== undefined) {
    stdout.on('resize', () => screen.refresh());
    // Node's report of an exception goes below the picture.
    process.on('uncaughtExceptionMonitor', () => screen.leave());
  }
  const complain = (line: string): void => void stderr.write(`${errorStyle.bad(line)}\n`);
  const isBehind = (): boolean => stdout.writableLength > MAX_WAITING_BYTES;
  const io: CliIo = {
    print: (line) => (screen === undefined ? void stdout.write(`${line}\n`) : screen.print(line)),
    complain: (line) => {
      if (screen === undefined || !stderr.isTTY) complain(line);
      else screen.print(errorStyle.bad(line), (text) => void stderr.write(text));
    },
    redraw: screen && ((lines) => screen.redraw(lines)),
    get columns() {
      return stdout.isTTY ? stdout.columns || USUAL_COLUMNS : 0;
    },
    style: styleFor(stdout),
    get isBehind() {
      return isBehind();
    },
    caughtUp: async () => {
      if (isBehind() && !stop.signal.aborted) await once(stdout, 'drain', { signal: stop.signal }).catch(() => []);
    },
    signal: stop.signal,
    onHangUp: (listener) => {
      hangUps.add(listener);
      return () => void hangUps.delete(listener);
    },
  };
  const close = (exitCode: number): void => {
    for (const name of Object.keys(SIGNALS)) process.off(name, onSignal);
    screen?.leave();
    process.off('SIGHUP', onHangUp);
    process.exitCode = hasFailed ? FAILED : exitCode;
    // Unread output must not keep a process that was told to end.
    if (stop.signal.aborted) setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
  };
  return { io, close };
}
