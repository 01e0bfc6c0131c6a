import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { MAX_RECORD_LINE_BYTES, RecordLines, readRecords } from '../../../ts/crawl/record/read-records.ts';
import type { RecordFileSummary } from '../../../ts/crawl/record/read-records.ts';
import { formatRecord } from '../../../ts/crawl/record/record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { FULL_RECORD, SHORT_RECORD } from './records.ts';

const TWO_LINES = `${formatRecord(FULL_RECORD)}\n${formatRecord(SHORT_RECORD)}\n`;

function readChunks(...chunks: readonly (string | Uint8Array)[]): {
  records: CrawlRecord[];
  summary: RecordFileSummary;
} {
  const records: CrawlRecord[] = [];
  const lines = new RecordLines((record) => records.push(record));
  for (const chunk of chunks) lines.take(Buffer.from(chunk));
  return { records, summary: lines.finish() };
}

describe('lines of records', () => {
  it('are read alike wherever the bytes are split', () => {
    const bytes = Buffer.from(TWO_LINES.replace('Satoshi', 'Ünïcödé'));
    const whole = readChunks(bytes);
    expect(whole.records).toHaveLength(2);
    for (let at = 0; at <= bytes.length; at++) {
      expect(readChunks(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
    }
  });

  it('whose last one has no end are read without it', () => {
    for (let kept = 1; kept < formatRecord(SHORT_RECORD).length; kept++) {
      const torn = TWO_LINES.slice(0, formatRecord(FULL_RECORD).length + 1 + kept);
      const { records, summary } = readChunks(torn);
      expect(records).toEqual([FULL_RECORD]);
      expect(summary).toMatchObject({ isTorn: true, wholeBytes: formatRecord(FULL_RECORD).length + 1 });
    }
  });

  it('that are no records are left out, and the first is named', () => {
    const { records, summary } = readChunks(`${formatRecord(SHORT_RECORD)}\ngarbage\n\n${TWO_LINES}`);
    expect(records).toHaveLength(3);
    expect(summary).toMatchObject({ badLineCount: 2, firstFault: { line: 2, fault: 'not JSON' } });
  });

  it('of the longest length are read, and one byte more is a bad line and nothing else', () => {
    const fill = (length: number): string => {
      const line = formatRecord(SHORT_RECORD);
      return line + ' '.repeat(length - line.length);
    };
    const { records, summary } = readChunks(
      `${fill(MAX_RECORD_LINE_BYTES)}\n${fill(MAX_RECORD_LINE_BYTES + 1)}\n${TWO_LINES}`,
    );
    expect(records).toHaveLength(3);
    expect(summary).toMatchObject({ badLineCount: 1, isTorn: false, firstFault: { line: 2 } });
  });
});

describe('readRecords', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-records-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ['records.ndjson', Buffer.from(TWO_LINES)],
    ['records.ndjson.gz', gzipSync(TWO_LINES)],
  ])('reads %s', async (name, bytes) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const records: CrawlRecord[] = [];
    const summary = await readRecords(path, (record) => records.push(record));
    expect(records).toEqual([FULL_RECORD, SHORT_RECORD]);
    expect(summary).toMatchObject({ recordCount: 2, badLineCount: 0, isTorn: false, wholeBytes: TWO_LINES.length });
  });

  it('says which file is not there', async () => {
    const path = join(folder, 'missing.ndjson');
    await expect(readRecords(path, () => undefined)).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path });
  });

  it('passes on what the caller throws, which is no fault of the file', async () => {
    const path = join(folder, 'records.ndjson');
    writeFileSync(path, `${formatRecord(FULL_RECORD)}\n`);
    const error = new Error('no room');
    await expect(
      readRecords(path, () => {
        throw error;
      }),
    ).rejects.toBe(error);
  });
});
