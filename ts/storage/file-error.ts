// Errors of data files: damage, or a refusal of the system.

import { SockManError } from '../util/errors/errors.ts';
import type { ErrorCode } from '../util/errors/errors.ts';

/** A data file that cannot be used. Unless the message says otherwise, the file is as it was. */
export class FileError extends SockManError {
  readonly path: string;
  /** What is wrong, without the name of the file. */
  readonly reason: string;

  constructor(code: ErrorCode, path: string, reason: string, cause?: unknown) {
    const { errno, syscall } = (cause ?? {}) as NodeJS.ErrnoException;
    super(code, `${path}: ${reason}`, {
      ...(errno === undefined ? {} : { errno: -errno }),
      ...(syscall === undefined ? {} : { syscall }),
      cause,
    });
    this.name = 'FileError';
    this.path = path;
    this.reason = reason;
  }
}

/** The system refused an operation on a file; `action` names it, as in "cannot be read". */
export function systemFileError(path: string, action: string, cause: unknown): FileError {
  const { code = String(cause) } = (cause ?? {}) as NodeJS.ErrnoException;
  return new FileError('ERR_SOCKMAN_SYSTEM', path, `cannot be ${action}: ${code}`, cause);
}
