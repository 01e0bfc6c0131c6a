// The log of a node, in Bitcoin Core's form: `2026-01-31T12:00:00Z [net] Added connection peer=0`.

import type { Logger } from '../../util/logger.ts';
import type { LogFilter } from './categories.ts';

/** Longest line, in characters; the rest is cut, and the line says so. Text of peers is cut long before. */
const MAX_LINE_CHARS = 4_096;

/** The format of a line. */
export interface LogFormat {
  readonly hasTime: boolean;
  readonly hasMicroseconds: boolean;
  readonly alwaysNamesLevel: boolean;
}

/** The sinks and the format of a log. */
export interface NodeLogOptions extends LogFormat {
  readonly filter: LogFilter;
  /** Receive each line with its line end. */
  readonly sinks: readonly ((text: string) => void)[];
  /** Wall-clock milliseconds of the real clock; a mocked time is shown beside it. */
  wallTimeMs(): number;
  /** A mocked time; undefined while there is none. */
  mockTimeMs(): number | undefined;
}

/** Category of lines that name none. */
const DEFAULT_CATEGORY = 'net';
const CATEGORY = /^\[([a-z0-9]+)\] /;
// eslint-disable-next-line no-control-regex -- these are the characters that a terminal acts on
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f]/g;

/** A `Logger` that filters, dates and escapes lines. */
export class NodeLog implements Logger {
  readonly #options: NodeLogOptions;

  constructor(options: NodeLogOptions) {
    this.#options = options;
  }

  debug(message: string): void {
    const category = CATEGORY.exec(message)?.[1];
    if (!this.#options.filter.wants(category ?? DEFAULT_CATEGORY)) return;
    const text = category === undefined ? message : message.slice(category.length + 3);
    this.#write(category ?? DEFAULT_CATEGORY, 'debug', text);
  }

  info(message: string): void {
    this.#write('all', 'info', message);
  }

  warn(message: string): void {
    this.#write('all', 'warning', message);
  }

  error(message: string): void {
    this.#write('all', 'error', message);
  }

  #write(category: string, level: 'debug' | 'info' | 'warning' | 'error', message: string): void {
    const cut = message.length > MAX_LINE_CHARS ? `${message.slice(0, MAX_LINE_CHARS)}… (cut)` : message;
    const line = `${this.#time()}${this.#prefix(category, level)}${cut.replace(UNSAFE, escaped)}\n`;
    for (const sink of this.#options.sinks) sink(line);
  }

  #time(): string {
    const { hasTime, hasMicroseconds } = this.#options;
    if (!hasTime) return '';
    const nowMs = this.#options.wallTimeMs();
    const micros = Math.floor((nowMs % 1_000) * 1_000);
    const time = isoSeconds(nowMs / 1_000);
    const fine = hasMicroseconds ? `${time.slice(0, -1)}.${String(micros).padStart(6, '0')}Z` : time;
    const mocked = this.#options.mockTimeMs();
    return mocked === undefined ? `${fine} ` : `${fine} (mocktime: ${isoSeconds(mocked / 1_000)}) `;
  }

  /** Informational lines have no prefix, and a category implies `debug`. */
  #prefix(category: string, level: string): string {
    if (this.#options.alwaysNamesLevel) return `[${category}:${level}] `;
    if (category === 'all') return level === 'info' ? '' : `[${level}] `;
    return level === 'debug' ? `[${category}] ` : `[${category}:${level}] `;
  }
}

function isoSeconds(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1_000).toISOString().slice(0, 19)}Z`;
}

function escaped(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
