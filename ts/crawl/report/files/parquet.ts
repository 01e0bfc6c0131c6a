// `nodes.parquet`: every record of the round in columns, if the optional package `hyparquet-writer` is installed.

import { renameSync, rmSync } from 'node:fs';
import type * as hyparquet from 'hyparquet-writer';
import { systemFileError } from '../../../storage/file-error.ts';
import { FIELDS, RECORD_KEYS } from '../../record/record.ts';
import type { CrawlRecord } from '../../record/record.ts';
import type { NodeList } from './node-lists.ts';

/** Number of records that are gathered and written together, as a row group. */
const GROUP_RECORDS = 10_000;

type Package = typeof hyparquet;
type Writer = InstanceType<Package['ParquetWriter']>;
type Column = Parameters<Writer['write']>[0]['columnData'][number];

/** @returns The list; undefined where the package is not installed. */
export async function openNodesParquet(path: string): Promise<NodeList | undefined> {
  try {
    return new NodesParquet(path, await import('hyparquet-writer'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw systemFileError(path, 'written', error);
  }
}

/** Writes a temporary file and moves it into place at the end. */
class NodesParquet implements NodeList {
  readonly name = 'nodes.parquet';
  readonly #path: string;
  readonly #temporary: string;
  readonly #writer: Writer;
  #records: CrawlRecord[] = [];

  constructor(path: string, { ParquetWriter, fileWriter, schemaFromColumnData }: Package) {
    this.#path = path;
    this.#temporary = `${path}.tmp`;
    const schema = schemaFromColumnData({ columnData: columnsOf([]) });
    this.#writer = new ParquetWriter({ writer: fileWriter(this.#temporary), schema, createdBy: 'sockman' });
  }

  add(record: CrawlRecord): void {
    this.#records.push(record);
    if (this.#records.length === GROUP_RECORDS) this.#writeGroup();
  }

  finish(): void {
    this.#writeGroup();
    void this.#writer.finish();
    renameSync(this.#temporary, this.#path);
  }

  abandon(): void {
    rmSync(this.#temporary, { force: true });
  }

  #writeGroup(): void {
    if (this.#records.length > 0)
      void this.#writer.write({ columnData: columnsOf(this.#records), rowGroupSize: GROUP_RECORDS });
    this.#records = [];
  }
}

/** A column for each key of a record; the items of lists are separated by blanks, as in `nodes.csv`. */
function columnsOf(records: readonly CrawlRecord[]): Column[] {
  return RECORD_KEYS.map((key) => {
    const type = COLUMN_TYPES[FIELDS[key].type];
    return { name: key, type, nullable: true, data: records.map((record) => cell(record[key], type)) };
  });
}

const COLUMN_TYPES = {
  integer: 'INT64',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  text: 'STRING',
  word: 'STRING',
  texts: 'STRING',
} as const;

function cell(value: CrawlRecord[keyof CrawlRecord], type: string): unknown {
  if (value === undefined) return null;
  if (type === 'INT64') return BigInt(value as number);
  return Array.isArray(value) ? value.join(' ') : value;
}
