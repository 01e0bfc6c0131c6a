// What the commands that run until they are stopped have in common.

import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import type { ChainName } from '../p2p/chain-params.ts';
import { silentLogger } from '../util/logger.ts';
import type { Logger } from '../util/logger.ts';
import { UsageError } from './command.ts';
import type { CliIo } from './command.ts';

/** Longest run, in seconds: what a timer of the host can wait. */
export const MAX_RUN_SECONDS = 2_147_483;

/** The network of that name. @throws {UsageError} There is none. */
export function chainName(text: string): ChainName {
  if (Object.hasOwn(CHAIN_PARAMS, text)) return text as ChainName;
  throw new UsageError(`--network: expected one of ${Object.keys(CHAIN_PARAMS).join(', ')}, got '${text}'`);
}

/** A switch that is 0 or 1. @throws {UsageError} It is neither. */
export function switchOption(name: string, text: string): boolean {
  if (text !== '0' && text !== '1') throw new UsageError(`--${name}: expected 0 or 1, got '${text}'`);
  return text === '1';
}

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

/** Shows whoever runs a command what goes wrong meanwhile, such as a disk that is full; the rest is for programmers. */
export function complainingLogger(io: CliIo): Logger {
  const complain = (line: string): void => io.complain(line);
  return { ...silentLogger, warn: complain, error: complain };
}
