import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';

import { findRecordFault, parseRecord } from '../../../ts/crawl/record/check-record.ts';
import { FIELDS, RECORD_KEYS, REQUIRED_KEYS, formatRecord } from '../../../ts/crawl/record/record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { FULL_RECORD, SHORT_RECORD } from './records.ts';

interface Property {
  type?: string;
  enum?: string[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
  pattern?: string;
  items?: { maxLength: number };
}

const schema = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../../schemas/crawl-record.schema.json'), 'utf8'),
) as { properties: Record<string, Property>; required: string[] };
const isValid = new Ajv2020().compile(schema);

/** A value just outside of what a field may hold, for each limit that it has. */
function beyondLimits(property: Property): unknown[] {
  const values: unknown[] = [null, {}];
  if (property.enum !== undefined) values.push('nothing of that');
  if (property.minimum !== undefined) values.push(property.minimum - 1, Number.NaN);
  if (property.maximum !== undefined && property.maximum < Number.MAX_SAFE_INTEGER) values.push(property.maximum + 1);
  if (property.type === 'integer') values.push(1.5);
  if (property.type === 'string') values.push('x'.repeat(property.maxLength! + 1));
  if (property.pattern !== undefined) values.push('x');
  if (property.items !== undefined) {
    values.push(['x'.repeat(property.items.maxLength + 1)], Array<string>(property.maxItems! + 1).fill('x'), [1]);
  }
  return values;
}

describe('a record', () => {
  it('is written with its keys in the order of the schema, whatever the order of the object', () => {
    const keys = Object.keys(JSON.parse(formatRecord(FULL_RECORD)) as object);
    expect(keys).toEqual(Object.keys(schema.properties));
    expect(keys).toEqual(RECORD_KEYS);
  });

  it('leaves out what is absent', () => {
    expect(Object.keys(JSON.parse(formatRecord(SHORT_RECORD)) as object)).toEqual(REQUIRED_KEYS);
    expect(formatRecord({ ...SHORT_RECORD, code: undefined })).toBe(formatRecord(SHORT_RECORD));
  });

  it('has each character of a text as JSON.stringify writes it', () => {
    const characters = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code));
    for (const text of [...characters, '\ud800', '\u2028', '\u{1f600}', characters.join('')]) {
      const record = { ...SHORT_RECORD, code: text, features: ['plain', text] };
      expect(formatRecord(record)).toBe(JSON.stringify(record));
    }
  });

  it.each([FULL_RECORD, SHORT_RECORD])('of $outcome is valid by the schema and reads back as it was', (record) => {
    const line = formatRecord(record);
    expect(isValid(JSON.parse(line)), JSON.stringify(isValid.errors)).toBe(true);
    expect(parseRecord(line)).toEqual(record);
  });

  it('is required by the schema to have what the reader requires', () => {
    expect(schema.required).toEqual(REQUIRED_KEYS);
  });

  it.each(RECORD_KEYS)('has a field %s whose limits are the same for schema and reader', (key) => {
    for (const value of beyondLimits(schema.properties[key]!)) {
      const record = { ...FULL_RECORD, [key]: value };
      expect(isValid(record), `${key}: ${String(value)}`).toBe(false);
      expect(findRecordFault(record)).toBe(`${key} is not what it should be`);
    }
    const { type } = FIELDS[key];
    if (type === 'word') expect(schema.properties[key]!.enum).toEqual((FIELDS[key] as { words: string[] }).words);
  });

  it.each(REQUIRED_KEYS)('without %s is refused', (key) => {
    const record: Partial<CrawlRecord> = { ...FULL_RECORD };
    delete record[key];
    expect(isValid(record)).toBe(false);
    expect(findRecordFault(record)).toBe(`${key} is missing`);
  });

  it.each(['', '{', 'null', '[]', '7', '"text"'])('is not made of the line %j', (line) => {
    expect(typeof parseRecord(line)).toBe('string');
  });

  it('of a newer release, with a key that is not known, is read', () => {
    expect(findRecordFault({ ...SHORT_RECORD, moreToCome: 1 })).toBeUndefined();
  });
});
