// Words for the operating system's error numbers. Numbers are positive here; results of the API carry them negated.
//
// They are the system's own, but on Windows, where errors of Node carry numbers that libuv made up.

import type { constants } from 'node:os';
import { nodeOs, nodeUtil } from '../load-later.ts';

type ErrnoName = keyof typeof constants.errno;

/** Negative numbers with name and description. Node makes a new map for each call, at the price of several connections. */
const words = nodeUtil().getSystemErrorMap();

const numbers = Object.fromEntries(Array.from(words, ([number, [name]]) => [name, -number])) as typeof constants.errno;

/** The errno values that code decides on, for this platform. */
export const {
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EAGAIN,
  EBADF,
  ECONNABORTED,
  ECONNREFUSED,
  ECONNRESET,
  EHOSTUNREACH,
  EINVAL,
  EMFILE,
  ENAMETOOLONG,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  ENOTCONN,
  ENOTSUP,
  EPIPE,
  ETIMEDOUT,
} = numbers;

/** This platform's number of an errno. Those that libuv has no word for come from the system's own list. */
export function errnoNumber(name: ErrnoName): number {
  return numbers[name] ?? nodeOs().constants.errno[name];
}

function wordsOf(errno: number): [string, string] | undefined {
  return words.get(-errno);
}

/** The name of an errno, such as `ECONNRESET`; `errno 999` when the platform has none. */
export function errnoName(errno: number): string {
  return wordsOf(errno)?.[0] ?? `errno ${errno}`;
}

/** Made once each: a server that is reset by its peers needs one with each connection. As many as there are words. */
const texts = new Map<number, string>();

/** Name and description of an errno: `ECONNRESET (connection reset by peer)`. */
export function errnoText(errno: number): string {
  return texts.get(errno) ?? makeText(errno);
}

function makeText(errno: number): string {
  const entry = wordsOf(errno);
  if (entry === undefined) return `errno ${errno}`;
  const text = `${entry[0]} (${entry[1]})`;
  texts.set(errno, text);
  return text;
}

/** The positive errno of an error thrown or emitted by the runtime, or `fallback` when it carries none. */
export function errnoOf(error: unknown, fallback: number): number {
  const { errno, code } = (error ?? {}) as { errno?: unknown; code?: unknown };
  // Node's permission model names no errno.
  if (code === 'ERR_ACCESS_DENIED') return EACCES;
  // Node negates the number, Bun does not.
  return typeof errno === 'number' && errno !== 0 ? Math.abs(errno) : fallback;
}
