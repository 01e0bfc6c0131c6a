// The file with the id of a node's process. (Bitcoin Core -pid)

import { rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { makeFolder } from '../../storage/make-folder.ts';
import { readSmallFile } from '../../util/private-file.ts';
import { StartError } from '../start-error.ts';

/** Writes the file. @returns A function that removes it while it is ours. @throws {StartError} It cannot be written. */
export function writePidFile(path: string): () => void {
  const content = `${process.pid}\n`;
  try {
    makeFolder(dirname(path));
    writeFileSync(path, content);
  } catch (error) {
    throw new StartError(`Unable to create the PID file '${path}': ${(error as Error).message}`);
  }
  return () => {
    const file = readSmallFile(path, content.length);
    const isOurs = file.ok && file.bytes !== undefined && Buffer.from(file.bytes).toString('latin1') === content;
    if (isOurs) rmSync(path, { force: true });
  };
}
