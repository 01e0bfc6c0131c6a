// A refusal of the operating system as an error, in the shape of Node's own.

import { errnoName, errnoText } from './errno.ts';
import type { ErrorCode } from './errors.ts';

/** What an error of the system may carry besides the errno. */
export interface SystemErrorDetails {
  /** The address the call was about, without port; the path of a Unix-domain socket. */
  address?: string;
  port?: number;
  /** The connection the call was about. */
  connectionId?: number;
  cause?: unknown;
}

/**
 * An error of the operating system, as programs expect it of Node: `error.code === 'ECONNRESET'` works on a stream of
 * `SockMan.duplex` as it does on a `net.Socket`. `sockmanCode` is its name in the table of `ERROR_CODES`.
 */
export class SystemError extends Error {
  readonly sockmanCode = 'ERR_SOCKMAN_SYSTEM' satisfies ErrorCode;
  /** The name of the errno, such as `ECONNRESET`. */
  readonly code: string;
  /** The errno, negative as in Node. */
  readonly errno: number;
  /** What failed, in Node's words: `read`, `write`, `connect`, `bind`, `listen`. */
  readonly syscall: string;
  declare readonly address?: string;
  declare readonly port?: number;
  declare readonly connectionId?: number;

  /** @param errno - The errno; positive or negative. */
  constructor(syscall: string, errno: number, details: SystemErrorDetails = {}) {
    const { address, port, connectionId, cause } = details;
    const where = address === undefined ? '' : port === undefined ? ` ${address}` : ` ${address}:${port}`;
    super(`${syscall} ${errnoText(Math.abs(errno))}${where}`, cause === undefined ? undefined : { cause });
    this.name = 'SystemError';
    this.code = errnoName(Math.abs(errno));
    this.errno = -Math.abs(errno);
    this.syscall = syscall;
    if (address !== undefined) this.address = address;
    if (port !== undefined) this.port = port;
    if (connectionId !== undefined) this.connectionId = connectionId;
  }
}
