// Opens the log of a node by its settings: its file, its categories, its format.

import { dirname, isAbsolute, join, resolve } from 'node:path';

import { makeFolder } from '../../storage/make-folder.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { ReadSettings } from '../config/read-settings.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { StartError } from '../start-error.ts';
import { LOG_LEVELS, LogFilter } from './categories.ts';
import { LogFile, shrinkLog } from './log-file.ts';
import { NodeLog } from './node-log.ts';

/** Default name of the log, in the chain's folder. */
const LOG_FILE = 'debug.log';

/** Separates this run from the last one. */
const GAP = '\n\n\n\n\n';

/** An open log. */
export interface OpenLog {
  readonly log: NodeLog;
  readonly filter: LogFilter;
  /** Undefined without a file. */
  readonly path: string | undefined;
  /** Whether lines go to standard output, in place of the table. */
  readonly isOnConsole: boolean;
  close(): void;
}

/**
 * Opens the log of a node; undefined without one. There is a log with a configuration file, and if the command line asks for
 * it: `--debug=…`, `--debuglogfile`, `--printtoconsole`.
 *
 * @param chainDir - The folder of the chain, which is created if needed.
 * @param mockTimeMs - The mocked time, shown beside the real one.
 * @throws {StartError} The file cannot be opened, or a category or level does not exist.
 */
export function openLog(
  { settings, confFiles }: ReadSettings,
  chainDir: string | undefined,
  mockTimeMs: () => number | undefined,
  io: CliIo,
): OpenLog | undefined {
  const filter = new LogFilter();
  const wrong = filter.apply(settings.texts('debug'), settings.texts('debugexclude'), settings.texts('loglevel'));
  if (wrong !== undefined) throw new StartError(messageFor(...wrong));
  const isOnConsole = settings.switch('printtoconsole') ?? false;
  const path = pathOf(settings, chainDir, confFiles.length > 0 || filter.isAnyOn);
  if (path === undefined && !isOnConsole) return undefined;
  const file =
    path === undefined ? undefined : openFile(path, settings.switch('shrinkdebugfile') ?? !filter.isAnyOn, io);
  file?.write(GAP);
  const sinks = [
    ...(file === undefined ? [] : [(text: string) => file.write(text)]),
    ...(isOnConsole ? [(text: string) => printUnlessBehind(io, text)] : []),
  ];
  const log = new NodeLog({
    filter,
    sinks,
    hasTime: settings.switch('logtimestamps') ?? true,
    hasMicroseconds: settings.switch('logtimemicros') ?? false,
    alwaysNamesLevel: settings.switch('loglevelalways') ?? false,
    wallTimeMs: () => systemClock.wallTimeMs(),
    mockTimeMs,
  });
  const stopListening = file === undefined ? () => {} : io.onHangUp(() => file.reopen());
  const close = (): void => {
    stopListening();
    file?.close();
  };
  return { log, filter, path, isOnConsole, close };
}

function pathOf(
  settings: ReadSettings['settings'],
  chainDir: string | undefined,
  isByDefault: boolean,
): string | undefined {
  if (settings.isNegated('debuglogfile')) return undefined;
  const named = settings.text('debuglogfile');
  if (named !== undefined && named !== '') return isAbsolute(named) ? named : join(chainDir ?? resolve('.'), named);
  return isByDefault && chainDir !== undefined ? join(chainDir, LOG_FILE) : undefined;
}

/** @throws {StartError} The file cannot be opened. */
function openFile(path: string, shrinks: boolean, io: CliIo): LogFile {
  try {
    makeFolder(dirname(path));
    if (shrinks) shrinkLog(path);
    return new LogFile(path, ({ message }) => io.complain(`the log ${path} cannot be written: ${message}`));
  } catch (error) {
    throw new StartError(`Could not open debug log file ${path}: ${(error as Error).message}`);
  }
}

/** Drops lines when the reader is slow, so that they do not fill memory. */
function printUnlessBehind(io: CliIo, text: string): void {
  if (!io.isBehind) io.print(text.slice(0, -1));
}

function messageFor(option: string, value: string): string {
  const name = `-${option}=${value}`;
  if (option !== 'loglevel') return `Unsupported logging category ${name}.`;
  return `Unsupported logging level ${name}. Valid values: ${LOG_LEVELS.join(', ')}, or a category with one: net:trace.`;
}
