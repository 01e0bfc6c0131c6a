// A disk that refuses to begin a round: each try opens the files of the folder, and none may stay open behind it.

import * as fs from 'node:fs/promises';
import { mkdirSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { AppendFiles } from '../../../ts/crawl/journal/append-file.ts';
import { CrawlFolder } from '../../../ts/crawl/journal/crawl-folder.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { systemClock } from '../../../ts/util/time/clock.ts';

/** Real files, counted, of which one cannot be cut. */
class CountedFiles {
  readonly opened: string[] = [];
  readonly closed: string[] = [];
  refused = '';
  open = async (path: string): Promise<fs.FileHandle> => {
    const handle = await fs.open(path, 'a');
    const name = basename(path);
    this.opened.push(name);
    const truncate = async (length: number): Promise<void> => {
      if (name === this.refused) throw Object.assign(new Error('i/o error'), { code: 'EIO', errno: -5 });
      await handle.truncate(length);
    };
    const close = async (): Promise<void> => {
      this.closed.push(name);
      await handle.close();
    };
    const write = (bytes: Uint8Array): Promise<{ bytesWritten: number }> => handle.write(bytes);
    return Object.assign(Object.create(handle) as fs.FileHandle, {
      truncate,
      close,
      write,
      datasync: () => handle.datasync(),
    });
  };
}

describe('a disk that refuses to begin a round', () => {
  let path: string;
  let folder: CrawlFolder;
  const files = new CountedFiles();
  beforeEach(async () => {
    path = mkdtempSync(join(tmpdir(), 'sockman-folder-'));
    files.opened.length = files.closed.length = 0;
    const listener = { stuck: (): void => undefined, recovered: (): void => undefined };
    folder = await CrawlFolder.open(path, {
      chain: 'regtest',
      clock: systemClock,
      logger: silentLogger,
      listener,
      files: files as AppendFiles,
    });
  });
  afterEach(async () => {
    await folder.close();
    rmSync(path, { recursive: true });
  });

  it.each(['known.journal', 'records.ndjson'])('leaves no file open when %s cannot be cut', async (name) => {
    files.refused = name;
    for (let tries = 0; tries < 2; tries++) {
      await expect(folder.beginRound(1)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
    }
    expect(files.opened).toContain(name);
    expect(files.closed.toSorted()).toEqual(files.opened.toSorted());
    files.refused = '';
    await folder.beginRound(1);
    expect(folder.state.round).toBe(1);
  });

  it('leaves the files of the last try open, and no others, when the state cannot be saved', async () => {
    const state = join(path, 'crawl.json');
    mkdirSync(state);
    for (let tries = 0; tries < 3; tries++) {
      await expect(folder.beginRound(1)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
    }
    expect([files.opened.length, files.closed.length]).toEqual([6, 4]);
    rmdirSync(state);
    await folder.beginRound(1);
    await folder.close();
    expect(files.closed.toSorted()).toEqual(files.opened.toSorted());
  });
});
