// Internal steps, for finding faults: lines on standard error, like those of `util.debuglog`, while the environment variable
// `NODE_DEBUG` contains `sockman`.
//
// The variable is read when an object is made, not once per process, so that a program can turn it on for one of them.

import type { Logger } from './logger.ts';

/** Gets one line. */
export type DebugLog = (line: string) => void;

const NAMES_US = /(^|[\s,])(sockman|\*)([\s,]|$)/i;

/** The target of debug lines; undefined if they are off, so that none are built. */
export function debugLog(): DebugLog | undefined {
  const sections = process.env['NODE_DEBUG'];
  if (sections === undefined || !NAMES_US.test(sections)) return undefined;
  return (line) => void process.stderr.write(`SOCKMAN ${process.pid}: ${line}\n`);
}

/** A logger whose lines go to the debug log as well. */
export function withDebugLog(logger: Logger, debug: DebugLog | undefined): Logger {
  if (debug === undefined) return logger;
  const both = (level: keyof Logger) => (message: string) => {
    debug(level === 'debug' || level === 'info' ? message : `${level}: ${message}`);
    logger[level](message);
  };
  return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
}
