// The content of a message of results: records of one round, as JSON in UTF-8.
//
// `[version, round, texts, record, record, …]`. A record is the list of its values in the order of `RECORD_KEYS` without the
// round; null stands for an absent one. Most texts and lists come in many records of a message: they stand in `texts`, and the
// records have their numbers. It takes a quarter of the bytes of a records file, and of the time to read it.

import { findRecordFault } from '../record/check-record.ts';
import { FIELDS, RECORD_KEYS, formatValue } from '../record/record.ts';
import type { CrawlRecord } from '../record/record.ts';

const VERSION = 1;

/** Limits of a message: records, and text in UTF-16 units. Well below what a server takes (1 MiB). */
const MAX_RECORDS = 250;
const FULL_CHARS = 131_072;

/** The keys of a record in the message. */
const KEYS = RECORD_KEYS.filter((key) => key !== 'round');

/** Kinds of values that may stand in `texts`. */
const TEXT_KINDS: ReadonlySet<string> = new Set(['text', 'word', 'texts']);

/** Whether the value of a key may be a number of a text. Addresses differ from record to record. */
const IS_SHARED = KEYS.map((key) => key !== 'address' && TEXT_KINDS.has(FIELDS[key].type));

/** Gathers records for a message. */
export class ResultsWriter {
  readonly #round: number;
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #numbersOfLists = new Map<string, number>();
  #records = '';
  #count = 0;
  #textChars = 0;

  constructor(round: number) {
    this.#round = round;
  }

  get isFull(): boolean {
    return this.#count >= MAX_RECORDS || this.#records.length + this.#textChars >= FULL_CHARS;
  }

  /** Adds a record of the round. */
  add(record: CrawlRecord): void {
    let text = '';
    for (let index = 0; index < KEYS.length; index++) {
      const value = record[KEYS[index]!];
      if (value === undefined) text += ',null';
      else text += `,${IS_SHARED[index]! ? this.#numberOf(value as string | readonly string[]) : formatValue(value)}`;
    }
    this.#records += `,[${text.slice(1)}]`;
    this.#count += 1;
  }

  /** The message. */
  finish(): Uint8Array {
    return Buffer.from(`[${VERSION},${this.#round},[${this.#texts.join(',')}]${this.#records}]`, 'utf8');
  }

  /** A text may read like a list, so each has numbers of its own. */
  #numberOf(value: string | readonly string[]): number {
    const isText = typeof value === 'string';
    const numbers = isText ? this.#numbers : this.#numbersOfLists;
    const key = isText ? value : formatValue(value);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    const text = isText ? formatValue(value) : key;
    numbers.set(key, number);
    this.#texts.push(text);
    this.#textChars += text.length + 1;
    return number;
  }
}

/** Records of one round as a message. There must be at least one. */
export function encodeResults(records: readonly CrawlRecord[]): Uint8Array {
  const writer = new ResultsWriter(records[0]!.round);
  for (const record of records) writer.add(record);
  return writer.finish();
}

/**
 * The records of a message.
 *
 * @param onFault - Called once for a message that is something else, and for each record that is not one.
 */
export function decodeResults(bytes: Uint8Array, onFault: () => void = () => {}): CrawlRecord[] {
  const [version, round, texts, ...rows] = parseList(bytes);
  const records: CrawlRecord[] = [];
  if (version !== VERSION || !Array.isArray(texts)) onFault();
  else
    for (const row of rows) {
      const record = recordIn(row, round, texts);
      if (record === undefined) onFault();
      else records.push(record);
    }
  return records;
}

function parseList(bytes: Uint8Array): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** All keys are set, so that the records of all messages have the same shape in memory. */
function recordIn(row: unknown, round: unknown, texts: readonly unknown[]): CrawlRecord | undefined {
  if (!Array.isArray(row)) return undefined;
  const record: Partial<Record<keyof CrawlRecord, unknown>> = { time: row[0], round };
  for (let index = 1; index < KEYS.length; index++) {
    const value: unknown = row[index] ?? undefined;
    // A number of no text must not pass for an absent value.
    record[KEYS[index]!] = IS_SHARED[index]! && typeof value === 'number' ? (texts[value] ?? null) : value;
  }
  return findRecordFault(record) === undefined ? (record as unknown as CrawlRecord) : undefined;
}
