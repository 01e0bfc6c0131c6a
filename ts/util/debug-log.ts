// What happens inside, for people who look for a fault: lines on standard error, as of `util.debuglog`, while the
// environment variable `NODE_DEBUG` names `sockman`.
//
// The variable is read when an object is made, not once per process, so that a program can turn it on for one of them.

import type { Logger } from './logger.ts';

/** Gets one line. */
export type DebugLog = (line: string) => void;

const NAMES_US = /(^|[\s,])(sockman|\*)([\s,]|$)/i;

/** Where debug lines go; undefined where nobody asked for any, and then nothing is made for them. */
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
