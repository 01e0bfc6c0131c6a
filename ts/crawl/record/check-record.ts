// Whether a value from a file is a record: the file may be damaged, older, newer, or of another program.

import { FIELDS, REQUIRED_KEYS } from './record.ts';
import type { CrawlRecord, FieldKind } from './record.ts';

/** Made once: every record of a round passes here. */
const KINDS: readonly (readonly [string, FieldKind])[] = Object.entries(FIELDS);

/**
 * Says what is wrong with a value that should be a record; undefined for a record. Unknown keys pass, since a newer release may
 * have more.
 *
 * @param value - Anything that JSON can hold.
 */
export function findRecordFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not an object';
  const fields = value as Partial<Record<string, unknown>>;
  for (const key of REQUIRED_KEYS) if (fields[key] === undefined) return `${key} is missing`;
  for (const [key, kind] of KINDS) {
    const field = fields[key];
    if (field !== undefined && !isOfKind(field, kind)) return `${key} is not what it should be`;
  }
  return undefined;
}

/** Reads a line of a records file. @returns The record, or what is wrong with the line. */
export function parseRecord(line: string): CrawlRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  return findRecordFault(value) ?? (value as CrawlRecord);
}

function isOfKind(value: unknown, kind: FieldKind): boolean {
  switch (kind.type) {
    case 'integer':
      return Number.isSafeInteger(value) && (value as number) >= kind.min && (value as number) <= kind.max;
    case 'number':
      return Number.isFinite(value) && (value as number) >= kind.min;
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
      return isText(value, kind.maxLength) && (kind.pattern?.test(value) ?? true);
    case 'word':
      return typeof value === 'string' && kind.words.includes(value);
    case 'texts':
      return (
        Array.isArray(value) && value.length <= kind.maxItems && value.every((item) => isText(item, kind.maxLength))
      );
  }
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}
