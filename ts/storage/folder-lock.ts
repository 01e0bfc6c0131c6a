// The lock of a data folder: one process at a time, as in Bitcoin Core.
//
// Both lock all of a file `.lock` in the folder with fcntl(2), so that neither starts on a folder that the other uses. The
// kernel lets go when a process ends, however it does: a lock never outlives its owner. The file itself stays; ours has the
// process id in it, for messages only.
//
// Node cannot lock files, and our own addon knows sockets and nothing else. The calls are those of `fs-native-extensions`,
// an optional package with binaries for the common platforms. On Linux it takes a lock of the open file description, which
// conflicts with Core's lock of the process in both directions, and also keeps two parts of one process apart. Without the
// package a lock can only be looked for, in Linux's list of all; the logger then warns that nobody sees ours.

import * as fs from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';

import { lazily } from '../util/load-later.ts';
import type { Logger } from '../util/logger.ts';
import { FileError, systemFileError } from './file-error.ts';

/** The name that Bitcoin Core uses. */
const LOCK_FILE = '.lock';

/** Most characters of a process id in the file. */
const MAX_PID_CHARS = 10;

const LIBRARY = 'fs-native-extensions';

/** Locks all of an open file for writing; false if it is locked by another. */
type TryLock = (descriptor: number) => boolean;

/** A locked folder. */
export interface FolderLock {
  /** Whether others see the lock: false if this system or installation cannot lock. */
  readonly isHeld: boolean;
  /** Unlocks the folder. Idempotent. */
  release(): void;
}

/**
 * Locks a folder until `release`, or the end of this process.
 *
 * @param tryLock - For tests; null for an installation that cannot lock.
 * @param name - The file that is locked: programs that may share a folder have one each.
 * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: locked by another process, or by another part of this one.
 * `ERR_SOCKMAN_SYSTEM`: the file cannot be created or locked.
 */
export function lockFolder(
  folder: string,
  logger: Logger,
  tryLock: TryLock | null = libraryLock(),
  name: string = LOCK_FILE,
): FolderLock {
  const path = join(folder, name);
  const descriptor = openLockFile(path);
  try {
    const isLocked = tryLock === null ? findOwner(descriptor) !== undefined : !tryLock(descriptor);
    if (isLocked) throw new FileError('ERR_SOCKMAN_FILE_LOCKED', folder, `in use by ${describeOwner(descriptor)}`);
    if (tryLock !== null) writePid(descriptor);
  } catch (error) {
    fs.closeSync(descriptor);
    throw error instanceof FileError ? error : systemFileError(path, 'locked', error);
  }
  if (tryLock === null) {
    logger.warn(
      `${folder} is not locked, since the package ${LIBRARY} is not installed: make sure that no other node uses it`,
    );
  }
  return heldLock(descriptor, tryLock !== null);
}

function openLockFile(path: string): number {
  try {
    return fs.openSync(path, 'a+');
  } catch (error) {
    throw systemFileError(path, 'opened', error);
  }
}

function heldLock(descriptor: number, isHeld: boolean): FolderLock {
  let isReleased = false;
  return {
    isHeld,
    release: () => {
      if (isReleased) return;
      isReleased = true;
      if (isHeld) truncate(descriptor);
      fs.closeSync(descriptor);
    },
  };
}

function writePid(descriptor: number): void {
  fs.ftruncateSync(descriptor);
  fs.writeSync(descriptor, String(process.pid));
}

/** The id of a process that is gone would mislead. A failure to truncate must not keep the lock. */
function truncate(descriptor: number): void {
  try {
    fs.ftruncateSync(descriptor);
  } catch {
    return;
  }
}

// ---- The owner of a lock ------------------------------------------------------------------------------------------------

/** `process 1234 (bitcoind)`, as far as known. */
function describeOwner(descriptor: number): string {
  const owner = findOwner(descriptor) ?? writtenPid(descriptor);
  if (owner === undefined || owner <= 0) return 'another process';
  if (owner === process.pid) return 'this process';
  const name = processName(owner);
  return `process ${owner}${name === undefined ? '' : ` (${name})`}`;
}

/**
 * The process that has locked a file, from Linux's list; undefined if there is none, or no list.
 *
 * A lock of an open file description belongs to no process: then it is the one that wrote its id into the file.
 */
function findOwner(descriptor: number): number | undefined {
  const { dev, ino } = fs.fstatSync(descriptor, { bigint: true });
  const device = `${hex((dev >> 8n) & 0xfffn)}:${hex((dev & 0xffn) | ((dev >> 12n) & ~0xffn))}`;
  for (const line of readText('/proc/locks').split('\n')) {
    // 1: POSIX  ADVISORY  WRITE 1234 08:01:56789 0 EOF
    const match = /^\d+: (POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) /.exec(line);
    if (match === null || match[3] !== device || match[4] !== String(ino)) continue;
    return match[1] === 'POSIX' ? Number(match[2]) : (writtenPid(descriptor) ?? 0);
  }
  return undefined;
}

/** A device's major or minor number as the list has it. */
function hex(value: bigint): string {
  return value.toString(16).padStart(2, '0');
}

/** The id in the file, if that process exists. */
function writtenPid(descriptor: number): number | undefined {
  const bytes = Buffer.alloc(MAX_PID_CHARS);
  const text = bytes.toString('latin1', 0, fs.readSync(descriptor, bytes, 0, MAX_PID_CHARS, 0));
  if (!/^[1-9]\d*$/.test(text)) return undefined;
  const pid = Number(text);
  return isAlive(pid) ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The name of a process, in printable characters. */
function processName(pid: number): string | undefined {
  const [program = ''] = readText(`/proc/${pid}/cmdline`).split('\0');
  const name = basename(program).replace(/[^\x20-\x7e]/g, '?');
  return name === '' ? undefined : name;
}

/** The content of a kernel file; empty if it does not exist. */
function readText(path: string): string {
  try {
    return fs.readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

// ---- The calls ----------------------------------------------------------------------------------------------------------

/** Not an `import`: bundlers would look for an optional package, and separate binaries from their package. */
const libraryLock = lazily((): TryLock | null => {
  try {
    const { tryLock } = createRequire(import.meta.url)(LIBRARY) as { tryLock: TryLock };
    return (descriptor) => tryLock(descriptor);
  } catch {
    return null;
  }
});
