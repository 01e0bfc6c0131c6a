// JSON for a terminal and for other programs: a line of ASCII, whatever texts of peers contain.

import { isBytes } from '../../util/bytes/is-bytes.ts';

/** A value as one line. Bytes are hexadecimal, hashes in reverse; whole numbers beyond 2^53 and addresses are strings. */
export function jsonLine(value: object): string {
  return asciiLine(
    JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string, item: unknown) {
      // A Buffer has turned itself into an object by now.
      const given = this[key];
      return readable(key, isBytes(given) ? given : item);
    }),
  );
}

/** A line of JSON in ASCII. */
export function asciiLine(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Converts values that JSON cannot represent. */
function readable(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (isBytes(value)) return Buffer.from(isHash(key, value) ? value.toReversed() : value).toString('hex');
  if (Array.isArray(value) && HASHES.test(key)) return value.map((item: unknown) => readable('hash', item));
  if (isService(value)) return value.toString();
  return value;
}

/** Names of fields with hashes of blocks, transactions and filters, and with targets, which are written in reverse byte order. */
const HASHES = /(hash|hashes|root|txid|previousheader|filterheaders|locator|merklepath|target)$/i;
const HASH_BYTES = 32;

function isHash(key: string, { length }: Uint8Array): boolean {
  return length === HASH_BYTES && HASHES.test(key);
}

/** An address and port, which has its own text form. */
function isService(value: unknown): value is { toString(): string } {
  return typeof value === 'object' && value !== null && 'address' in value && 'port' in value;
}
