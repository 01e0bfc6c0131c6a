// The file with the id of a node's process. (Bitcoin Core -pid)

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { StartError } from '../start-error.ts';

/** Writes the file. @returns A function that removes it. @throws {StartError} It cannot be written. */
export function writePidFile(path: string): () => void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    throw new StartError(`Unable to create the PID file '${path}': ${(error as Error).message}`);
  }
  return () => rmSync(path, { force: true });
}
