// Reads a file of records, line by line, in constant memory: `records.ndjson` of a crawl, plain or packed.
//
// A killed process leaves an incomplete last line. That is not damage: the line is left out and the summary says so. Other lines
// that do not hold a record are left out and counted.

import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';

import { systemFileError } from '../../storage/file-error.ts';
import { parseRecord } from './check-record.ts';
import type { CrawlRecord } from './record.ts';

/** Longest line that is read, in bytes: several times the longest record. A longer one counts as one bad line. */
export const MAX_RECORD_LINE_BYTES = 65_536;

const LINE_FEED = 0x0a;

/** What a file of records holds besides its records. */
export interface RecordFileSummary {
  readonly recordCount: number;
  /** Lines that do not hold a record. */
  readonly badLineCount: number;
  /** The first bad line: its number, from 1, and what is wrong with it. */
  readonly firstFault: { readonly line: number; readonly fault: string } | undefined;
  /** Whether the last line was incomplete and was left out. */
  readonly isTorn: boolean;
  /** Bytes up to the end of the last whole line, unpacked: where a writer appends. */
  readonly wholeBytes: number;
}

/**
 * Reads a file of records. A file whose name ends in `.gz` is unpacked, and one in `.zst` if this version of Node can.
 *
 * @param onRecord - Called for each record in turn. What it throws ends the reading, and is thrown here.
 * @param signal - Aborted to stop reading.
 * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be read or unpacked.
 */
export async function readRecords(
  path: string,
  onRecord: (record: CrawlRecord) => void,
  signal?: AbortSignal,
): Promise<RecordFileSummary> {
  let thrown: { readonly error: unknown } | undefined;
  const lines = new RecordLines((record) => {
    try {
      onRecord(record);
    } catch (error) {
      thrown = { error };
      throw error;
    }
  });
  const source = createReadStream(path);
  const take = async (chunks: AsyncIterable<Uint8Array>): Promise<void> => {
    for await (const chunk of chunks) lines.take(chunk);
  };
  const options = signal === undefined ? {} : { signal };
  const unpacking = unpackerOf(path);
  try {
    await (unpacking === undefined ? pipeline(source, take, options) : pipeline(source, unpacking, take, options));
  } catch (error) {
    throw thrown === undefined ? systemFileError(path, 'read', error) : thrown.error;
  }
  return lines.finish();
}

type Unpacker = ReturnType<typeof zlib.createGunzip>;

function unpackerOf(path: string): Unpacker | undefined {
  if (path.endsWith('.gz')) return zlib.createGunzip();
  if (!path.endsWith('.zst')) return undefined;
  // Node has zstd since 22.15.
  const { createZstdDecompress } = zlib as { createZstdDecompress?: () => Unpacker };
  if (createZstdDecompress === undefined) throw systemFileError(path, 'read', { code: 'this Node knows no zstd' });
  return createZstdDecompress();
}

/** Cuts a stream of bytes into lines, and reads each as a record. */
export class RecordLines {
  readonly #onRecord: (record: CrawlRecord) => void;
  /** The beginning of a line whose end has not arrived yet. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  /** The line is too long: it is skipped up to its end. */
  #isSkipping = false;
  #line = 0;
  #wholeBytes = 0;
  #recordCount = 0;
  #badLineCount = 0;
  #firstFault: RecordFileSummary['firstFault'];

  constructor(onRecord: (record: CrawlRecord) => void) {
    this.#onRecord = onRecord;
  }

  /** @param chunk - Kept until its last line is complete. */
  take(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      this.#addPart(chunk.subarray(start, end));
      this.#endLine();
      start = end + 1;
    }
    if (start < chunk.length) this.#addPart(chunk.subarray(start));
  }

  finish(): RecordFileSummary {
    return {
      recordCount: this.#recordCount,
      badLineCount: this.#badLineCount,
      firstFault: this.#firstFault,
      isTorn: this.#partBytes > 0,
      wholeBytes: this.#wholeBytes,
    };
  }

  #addPart(part: Uint8Array): void {
    this.#partBytes += part.length;
    if (this.#partBytes > MAX_RECORD_LINE_BYTES) {
      this.#isSkipping = true;
      this.#parts = [];
    }
    if (!this.#isSkipping) this.#parts.push(part);
  }

  #endLine(): void {
    this.#line++;
    this.#wholeBytes += this.#partBytes + 1;
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const isTooLong = this.#isSkipping;
    this.#parts = [];
    this.#partBytes = 0;
    this.#isSkipping = false;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
    const record = isTooLong ? `longer than ${MAX_RECORD_LINE_BYTES} bytes` : parseRecord(text);
    if (typeof record === 'string') return this.#noteFault(record);
    this.#recordCount++;
    this.#onRecord(record);
  }

  #noteFault(fault: string): void {
    this.#badLineCount++;
    this.#firstFault ??= { line: this.#line, fault };
  }
}
