// `nodes.csv`: every record of the round as a row, for spreadsheets.

import { RECORD_KEYS } from '../../record/record.ts';
import type { CrawlRecord } from '../../record/record.ts';
import type { NodeList } from './node-lists.ts';
import { OutputFile } from './output-file.ts';

/** Beginnings that make a spreadsheet take a cell for a formula, leading blanks included. */
const FORMULA = /^[\s\u00a0]*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** A header and a row for each record, as in RFC 4180; the items of lists are separated by blanks. */
export class NodesCsv implements NodeList {
  readonly name = 'nodes.csv';
  readonly #file: OutputFile;

  /** @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be made. */
  constructor(path: string) {
    this.#file = new OutputFile(path);
    this.#file.write(`${RECORD_KEYS.join(',')}\r\n`);
  }

  add(record: CrawlRecord): void {
    this.#file.write(`${csvRow(record)}\r\n`);
  }

  finish(): void {
    this.#file.finish();
  }

  abandon(): void {
    this.#file.abandon();
  }
}

/** A record as a row, without the line end. */
export function csvRow(record: CrawlRecord): string {
  return RECORD_KEYS.map((key) => cell(record[key])).join(',');
}

/** Numbers are ours and stay numbers. A text that a spreadsheet would evaluate gets a leading apostrophe. */
function cell(value: CrawlRecord[keyof CrawlRecord]): string {
  if (value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : value.join(' ');
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
