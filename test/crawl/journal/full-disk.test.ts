// A crawl on a disk that fills up: a real one, of 512 KiB, in a mount namespace of its own.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

import { noBuild } from '../../harness/child.ts';

const PROGRAM = fileURLToPath(new URL('children/full-disk.mjs', import.meta.url));
const DISK_BYTES = 524_288;
/** Leaves room for less than half of the records. */
const BALLAST_BYTES = 425_984;

/** Why no disk can be mounted here; undefined where one can. */
function noMount(): string | undefined {
  const { status, stderr } = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `skipped: no tmpfs can be mounted: ${(stderr ?? '').trim()}`;
}

const skipped = noBuild ?? noMount();
if (skipped !== undefined) console.info(`a crawl on a full disk: ${skipped}`);

describe.skipIf(skipped !== undefined)(`a crawl on a full disk ${skipped ?? ''}`, () => {
  it('pauses, says so, goes on when there is room, and has every record once and whole', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'sockman-disk-'));
    const script = `mount -t tmpfs -o size=${DISK_BYTES} none "${disk}" && exec "${process.execPath}" "${PROGRAM}" "${disk}" ${BALLAST_BYTES}`;
    const { stdout } = await promisify(execFile)('unshare', ['-rm', 'sh', '-c', script], { timeout: 90_000 });
    rmSync(disk, { recursive: true });
    expect(JSON.parse(stdout)).toEqual({
      events: ['stuck ERR_SOCKMAN_SYSTEM', 'paused', 'recovered', 'complete'],
      villagers: 400,
      lines: 400,
      damaged: 0,
      distinct: 400,
    });
  }, 100_000);
});
