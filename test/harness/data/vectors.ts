// Test vectors of `test/vectors`, by file name, such as `compactsize.csv`.

import { readFileSync } from 'node:fs';

const FOLDER = new URL('../../vectors/', import.meta.url);

/** The raw bytes of a vector file. */
export function readVectorBytes(name: string): Uint8Array {
  return readFileSync(new URL(name, FOLDER));
}

/** The parsed content of a JSON vector file; the caller knows its shape. */
export function readVectorJson<T = unknown>(name: string): T {
  return JSON.parse(readVectorText(name)) as T;
}

/**
 * The rows of a CSV vector file, keyed by the names in its header line.
 *
 * @example readVectorCsv<'input' | 'valid'>('subnet_parse.csv')[0]?.input
 */
export function readVectorCsv<Column extends string = string>(name: string): Record<Column, string>[] {
  const [header, ...rows] = parseCsv(readVectorText(name));
  if (header === undefined || rows.length === 0) throw new Error(`${name} has no rows`);
  return rows.map((fields, index) => {
    if (fields.length !== header.length) throw new Error(`${name}: row ${index + 1} has ${fields.length} fields`);
    return Object.fromEntries(fields.map((field, column) => [header[column], field])) as Record<Column, string>;
  });
}

/** Bytes from hex digits. */
export function fromHex(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new Error(`not hex: ${hex}`);
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** Bytes as lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

function readVectorText(name: string): string {
  return Buffer.from(readVectorBytes(name)).toString('utf8');
}

/** Splits CSV text (RFC 4180 with LF line ends) into rows of fields. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    const [whole, quoted, plain, end] = match;
    if (whole === '' && row.length === 0) break;
    row.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
