// Every error this package throws, in one table.
//
// Network conditions (would block, end of stream, refused, reset) are results or events, never exceptions. What is
// thrown is misuse (`TypeError`, `RangeError`), a call at the wrong moment, or a system that said no. Test `code`, not
// the class: two copies of the package then agree. Codes never change meaning; messages may change freely.

/** Every `code`, with its meaning. */
export const ERROR_CODES = {
  ERR_SOCKMAN_INVALID_ARG: 'TypeError: an argument has the wrong type or form',
  ERR_SOCKMAN_OUT_OF_RANGE: 'RangeError: a number lies outside its documented range',
  ERR_SOCKMAN_STATE: 'SockManError: a call at the wrong moment of an object, such as a second start',
  ERR_SOCKMAN_BACKEND: 'the backend or poller asked for is not available on this machine',
  ERR_SOCKMAN_DECODE: 'DecodeError: bytes from outside do not have the form they should; `offset` says where',
  ERR_SOCKMAN_FILE_CORRUPT: 'FileError: a data file is damaged or foreign; `path` and `reason` say which and how',
  ERR_SOCKMAN_FILE_NEWER: 'FileError: a data file is of a format that only newer releases read',
  ERR_SOCKMAN_FILE_LOCKED: 'FileError: another process uses the data folder; `reason` says which, where it can be told',
  ERR_SOCKMAN_TOR_CONTROL:
    "TorControlError: Tor's control port did not do its part; `failure` says which of `TOR_FAILURES`",
  ERR_SOCKMAN_SYSTEM:
    'the operating system refused something: a `SystemError`, whose `code` is the name of the errno as in Node and whose ' +
    '`sockmanCode` is this, or a `FileError`',
} as const;

/** Which of `ERROR_CODES`. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error may carry besides its code. */
export interface ErrorDetails {
  /** Errno of the operating system, negative as in Node. */
  errno?: number;
  /** The system call that failed. */
  syscall?: string;
  /** The address the call was about, as text. */
  address?: string;
  /** The connection the call was about. */
  connectionId?: number;
  cause?: unknown;
}

/** An error with a stable `code` from `ERROR_CODES`. */
export class SockManError extends Error {
  readonly code: ErrorCode;
  readonly errno?: number;
  readonly syscall?: string;
  readonly address?: string;
  readonly connectionId?: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SockManError';
    this.code = code;
    if (details.errno !== undefined) this.errno = details.errno;
    if (details.syscall !== undefined) this.syscall = details.syscall;
    if (details.address !== undefined) this.address = details.address;
    if (details.connectionId !== undefined) this.connectionId = details.connectionId;
  }
}

/**
 * Thrown by decoders for bytes that do not have the form they should: cut short, a length beyond its limit, a number
 * written in a longer form than needed. Ordinary input from a hostile peer, so the caller of a decoder catches it.
 */
export class DecodeError extends Error {
  readonly code = 'ERR_SOCKMAN_DECODE' satisfies ErrorCode;
  /** Where the offending field starts, in bytes from the start of the decoded array. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at byte ${offset})`);
    this.name = 'DecodeError';
    this.offset = offset;
  }
}

/** Longest piece of a foreign value that reaches an error message, in characters. */
const MAX_SHOWN_CHARS = 80;

/** A value as it may stand in an error message: one line, printable, cut. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'bigint' ? `${value}n` : String(value);
  } catch {
    text = typeof value;
  }
  text = text.replace(/[^\x20-\x7e]/g, '?');
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

/** A `TypeError` with code `ERR_SOCKMAN_INVALID_ARG` that names the argument, what it takes and what came. */
export function invalidArg(name: string, expected: string, got: unknown): TypeError {
  const error = new TypeError(`${name}: expected ${expected}, got ${shown(got)}`);
  return Object.assign(error, { code: 'ERR_SOCKMAN_INVALID_ARG' satisfies ErrorCode });
}

/** A `RangeError` with code `ERR_SOCKMAN_OUT_OF_RANGE` that names the argument, its range and what came. */
export function outOfRange(name: string, range: string, got: unknown): RangeError {
  const error = new RangeError(`${name}: expected ${range}, got ${shown(got)}`);
  return Object.assign(error, { code: 'ERR_SOCKMAN_OUT_OF_RANGE' satisfies ErrorCode });
}
