// The caller's logger, guarded: what it throws is reported and interrupts no turn.

import { invalidArg } from '../../util/errors/errors.ts';
import { silentLogger } from '../../util/logger.ts';
import type { Logger } from '../../util/logger.ts';
import { reportThrown } from './callback-errors.ts';
import type { CallbackErrorHandler } from './callback-errors.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies (keyof Logger)[];

/** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a method is missing. */
export function guardedLogger(logger: Logger | undefined, onError: CallbackErrorHandler | undefined): Logger {
  if (logger === undefined) return silentLogger;
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
