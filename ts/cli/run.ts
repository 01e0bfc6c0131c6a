// Shared parts of commands that run until they are stopped.

import { silentLogger } from '../util/logger.ts';
import type { Logger } from '../util/logger.ts';
import type { CliIo } from './terminal/cli-io.ts';
import { UsageError } from './options.ts';

/** Resolves when the signal is aborted, or `seconds` (undefined: no limit) are over. */
export function untilStopped(signal: AbortSignal, seconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1_000);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}

/** Creates something from the user's arguments. @throws {UsageError} In place of an error about an argument. */
export function ofArguments<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    const isTheirs = code === 'ERR_SOCKMAN_INVALID_ARG' || code === 'ERR_SOCKMAN_OUT_OF_RANGE';
    throw isTheirs ? new UsageError(message) : error;
  }
}

/**
 * Waits for a start that looks up names which the user gave.
 *
 * @throws {UsageError} In place of an error about a name without an address.
 */
export async function ofNames<Value>(start: Promise<Value>): Promise<Value> {
  try {
    return await start;
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_SOCKMAN_SYSTEM' || syscall !== 'getaddrinfo') throw error;
    // The error begins with the name of the option in programs, such as i2pSam.
    throw new UsageError(`--${message.replace(/^\w+/, (name) => name.toLowerCase())}`);
  }
}

/** Shows warnings and errors, such as a full disk, to the user of a command; the rest is for programmers. */
export function complainingLogger(io: CliIo): Logger {
  const complain = (line: string): void => io.complain(line);
  return { ...silentLogger, warn: complain, error: complain };
}
