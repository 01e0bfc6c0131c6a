// The caller's logger, guarded: what it throws is reported, and interrupts nothing. Every part that takes a logger guards it.

import { reportThrown } from './errors/callback-errors.ts';
import type { CallbackErrorHandler } from './errors/callback-errors.ts';
import { invalidArg } from './errors/errors.ts';
import { silentLogger } from './logger.ts';
import type { Logger } from './logger.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies (keyof Logger)[];

/**
 * @param onError - Without it, what the logger throws is an uncaught exception.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a method is missing.
 */
export function guardedLogger(logger: Logger | undefined, onError?: CallbackErrorHandler): Logger {
  // Itself: there are lines that are not even made for it.
  if (logger === undefined || logger === silentLogger) return silentLogger;
  if (typeof logger !== 'object' || logger === null) throw invalidArg('logger', 'an object', logger);
  for (const level of LEVELS) {
    if (typeof logger[level] !== 'function') throw invalidArg(`logger.${level}`, 'a function', logger[level]);
  }
  const at = (level: keyof Logger) => (message: string) => {
    try {
      logger[level](message);
    } catch (error) {
      reportThrown(onError, error, `logger.${level}`, undefined);
    }
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
