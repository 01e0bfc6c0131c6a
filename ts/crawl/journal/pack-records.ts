// Packs the records of finished rounds: `records-3.ndjson` becomes `records-3.ndjson.gz`.
//
// The packed file gets its name only once it is whole, and the plain one is removed after that. A process that is killed in
// between leaves a file that is packed again.

import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';

import { systemFileError } from '../../storage/file-error.ts';
import { invalidArg } from '../../util/errors/errors.ts';

/** How records are packed. `zstd` needs Node 22.15 or newer. */
export type Packing = 'gzip' | 'zstd';

/** File name suffix of each kind of packing. */
export const PACKED_ENDINGS: Readonly<Record<Packing, string>> = { gzip: '.gz', zstd: '.zst' };

const ASIDE = /^records-\d+(-\d+)?\.ndjson$/;
const UNFINISHED = /^records-.*\.ndjson\.(gz|zst)\.new$/;

type Packer = ReturnType<typeof zlib.createGzip>;
const { createZstdCompress } = zlib as { createZstdCompress?: () => Packer };

/** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: this version of Node cannot pack that way. */
export function checkPacking(packing: Packing): void {
  const isKnown = packing === 'gzip' || (packing === 'zstd' && createZstdCompress !== undefined);
  if (!isKnown) throw invalidArg('pack', createZstdCompress === undefined ? "'gzip'" : "'gzip' or 'zstd'", packing);
}

/**
 * Packs all records of earlier rounds in a folder, one file after the other.
 *
 * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: a file cannot be read or written; it stays as it is.
 */
export async function packRecords(folder: string, packing: Packing): Promise<void> {
  const names = await readdir(folder);
  for (const name of names) if (UNFINISHED.test(name)) await rm(join(folder, name), { force: true });
  for (const name of names) {
    if (!ASIDE.test(name)) continue;
    const path = join(folder, name);
    const packed = path + PACKED_ENDINGS[packing];
    const packer = packing === 'gzip' ? zlib.createGzip() : createZstdCompress!();
    try {
      await pipeline(createReadStream(path), packer, createWriteStream(`${packed}.new`));
      await rename(`${packed}.new`, packed);
      await rm(path);
    } catch (error) {
      await rm(`${packed}.new`, { force: true });
      throw systemFileError(path, 'packed', error);
    }
  }
}
