// The folder of a crawl: a disk that is full, folders of other versions and chains, round after round.

import * as fs from 'node:fs/promises';
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { AppendFile } from '../../../ts/crawl/journal/append-file.ts';
import type { AppendFiles } from '../../../ts/crawl/journal/append-file.ts';
import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import { readRecords } from '../../../ts/crawl/record/read-records.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { VirtualVillage, crawlVillage } from '../village/crawl-village.ts';
import { expectGroundTruth } from '../village/ground-truth.ts';

/** Files on a disk that has room for so many bytes more; writes stop in the middle when it is full. */
class SmallDisk {
  roomBytes = 0;
  readonly files: AppendFiles = {
    open: async (...args: Parameters<typeof fs.open>) => {
      const handle = await fs.open(...args);
      const write = async (bytes: Uint8Array): Promise<{ bytesWritten: number }> => {
        if (this.roomBytes === 0)
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC', errno: -28 });
        const { bytesWritten } = await handle.write(bytes.subarray(0, this.roomBytes));
        this.roomBytes -= bytesWritten;
        return { bytesWritten };
      };
      return Object.assign(Object.create(handle) as fs.FileHandle, {
        write,
        truncate: (length: number) => handle.truncate(length),
        datasync: () => handle.datasync(),
        close: () => handle.close(),
      });
    },
  };
}

describe('the folder of a crawl', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-folder-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const recordsOf = (name: string): CrawlRecord[] =>
    readFileSync(join(folder, name), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => parseRecord(line) as CrawlRecord);

  it('takes what a full disk refused when there is room again, and nothing twice', async () => {
    const disk = new SmallDisk();
    const path = join(folder, 'file');
    const file = await AppendFile.open(path, 0, disk.files);
    const expected = Buffer.from(Array.from({ length: 1_000 }, (_, index) => `line ${index}\n`).join(''));
    file.append(expected.subarray(0, 5_000));
    for (let at = 5_000; file.waitingBytes > 0 || at < expected.length;) {
      await expect(file.flush()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM' });
      file.append(expected.subarray(at, at + 1_000));
      at += 1_000;
      disk.roomBytes = 777;
      await file.flush().catch(() => undefined);
      if (at >= expected.length) disk.roomBytes = 1_000_000;
      if (at >= expected.length) await file.flush();
      if (at >= expected.length) break;
      disk.roomBytes = 0;
    }
    await file.close();
    expect(readFileSync(path)).toEqual(expected);
  });

  it('has round after round, each beginning with the nodes that the last one reached', async () => {
    const virtual = new VirtualVillage({ count: 60, seed: 5, mix: { v1: 8, both: 8, refusing: 2 } });
    const { records, endings } = await crawlVillage(virtual, { folder, everyMs: 600_000, rounds: 3 });
    expect(endings.map(({ round, isComplete }) => [round, isComplete])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ]);
    for (const round of [1, 2, 3])
      expectGroundTruth(
        virtual.village,
        records.filter((record) => record.round === round),
      );
    expect(
      readdirSync(folder)
        .filter((name) => name.startsWith('records'))
        .sort(),
    ).toEqual(['records-1.ndjson', 'records-2.ndjson', 'records.ndjson']);
    expect(recordsOf('records.ndjson').every(({ round }) => round === 3)).toBe(true);
    for (const name of ['records-1.ndjson', 'records-2.ndjson', 'records.ndjson'])
      expectGroundTruth(virtual.village, recordsOf(name));
    expect(records.filter(({ round, source }) => round === 2 && source === 'earlier-round').length).toBeGreaterThan(40);
    await virtual.stop();
  }, 60_000);

  it('packs the records of rounds that are over where that is wished, and finds them again', async () => {
    const virtual = new VirtualVillage({ count: 40, seed: 5, mix: { v1: 1, both: 1 } });
    await crawlVillage(virtual, { folder, everyMs: 600_000, rounds: 3, pack: 'gzip' });
    const names = (): string[] => readdirSync(folder).filter((name) => name.startsWith('records'));
    expect(names().sort()).toEqual(['records-1.ndjson.gz', 'records-2.ndjson.gz', 'records.ndjson']);
    const packed: CrawlRecord[] = [];
    await readRecords(join(folder, 'records-2.ndjson.gz'), (record) => packed.push(record));
    expectGroundTruth(virtual.village, packed);
    // A process that was killed before the records moved back: the round before is read from where it was packed.
    rmSync(join(folder, 'records.ndjson'));
    renameSync(join(folder, 'records-2.ndjson.gz'), join(folder, 'records-3.ndjson.gz'));
    writeFileSync(join(folder, 'records-1.ndjson.gz.new'), 'unfinished');
    const { records } = await crawlVillage(virtual, { folder, seeds: [], pack: 'gzip' });
    expect(records).toHaveLength(40);
    expect(names().sort()).toEqual(['records-1.ndjson.gz', 'records-3.ndjson.gz', 'records.ndjson']);
    await virtual.stop();
  }, 60_000);

  it('of nothing but records of an older version is gone on with, and they are kept', async () => {
    const virtual = new VirtualVillage({ count: 30, seed: 6, mix: { v1: 1 } });
    const [, second] = virtual.village.villagers;
    const line = `${JSON.stringify({ time: 1, round: 4, address: String(second!.service.address), port: second!.service.port, network: 'ipv4', outcome: 'reachable' })}\n`;
    writeFileSync(join(folder, 'records.ndjson'), line);
    const { records } = await crawlVillage(virtual, { folder, seeds: [] });
    expect(readFileSync(join(folder, 'records-4.ndjson'), 'utf8')).toBe(line);
    expect(records).toHaveLength(30);
    expect(records.every(({ round }) => round === 5)).toBe(true);
    await virtual.stop();
  }, 60_000);

  it.each([
    ['crawl.json', '{"version":2}', 'ERR_SOCKMAN_FILE_NEWER'],
    ['crawl.json', '{"version":1}', 'ERR_SOCKMAN_FILE_CORRUPT'],
    ['crawl.json', 'garbage', 'ERR_SOCKMAN_FILE_CORRUPT'],
    [
      'crawl.json',
      '{"version":1,"chain":"main","round":1,"startedAt":1,"isComplete":true,"refusals":{}}',
      'ERR_SOCKMAN_FILE_CORRUPT',
    ],
  ])('with a %s of %j is refused with %s and left as it is', async (name, text, code) => {
    const virtual = new VirtualVillage({ count: 2 });
    writeFileSync(join(folder, name), text);
    await expect(crawlVillage(virtual, { folder })).rejects.toMatchObject({ code });
    expect(readFileSync(join(folder, name), 'utf8')).toBe(text);
    await virtual.stop();
  });

  it('leaves a node alone for a day that closed on us three rounds in a row', async () => {
    const virtual = new VirtualVillage({ count: 20, seed: 9, mix: { v1: 3, full: 1 } });
    const fullCount = virtual.village.villagers.filter(({ kind }) => kind === 'full').length;
    const options = { folder, everyMs: 3_600_000, attempts: 1 };
    const { endings } = await crawlVillage(virtual, { ...options, rounds: 4 });
    expect(fullCount).toBeGreaterThan(2);
    expect(endings.map(({ distinct }) => distinct)).toEqual([20, 20, 20, 20 - fullCount]);
    expect(endings[3]!.leftAlone).toBeGreaterThan(0);
    virtual.net.clock.advance(86_400_000);
    const later = await crawlVillage(virtual, { ...options, rounds: 1 });
    expect(later.endings[0]!.distinct).toBe(20);
    await virtual.stop();
  }, 60_000);
});
