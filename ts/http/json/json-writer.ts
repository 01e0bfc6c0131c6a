// Writes JSON as Bitcoin Core does: compact, keys in the order given. (src/univalue/lib/univalue_write.cpp)

import { invalidArg } from '../../util/errors/errors.ts';
import { JsonNumber, JsonObject } from './json-value.ts';
import type { JsonInput } from './json-value.ts';

/** Significant digits of a number that is not an integer. */
const SIGNIFICANT_DIGITS = 16;

/** Satoshis per bitcoin. */
const COIN = 100_000_000n;

// eslint-disable-next-line no-control-regex -- Control characters are what is to be found.
const TO_ESCAPE = /["\\\x00-\x1f\x7f]/g;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * A value as text without blanks. Members of a plain object that are undefined are left out.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a number that is not finite, or something that is not a value of JSON.
 */
export function writeJson(value: JsonInput): string {
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'number':
      return numberText(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : objectText(value);
    default:
      throw invalidArg('value', 'a value of JSON', value);
  }
}

function objectText(value: Exclude<JsonInput, null | string | number | bigint | boolean>): string {
  if (value instanceof JsonNumber) return value.text;
  if (Array.isArray(value)) return `[${(value as readonly JsonInput[]).map(writeJson).join(',')}]`;
  const entries = value instanceof JsonObject ? value : Object.entries(value as Record<string, JsonInput | undefined>);
  let text = '{';
  for (const [key, member] of entries) {
    if (member === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${quoted(key)}:${writeJson(member)}`;
  }
  return `${text}}`;
}

/** An amount in bitcoins, with its eight decimals. @param satoshis - Whole satoshis, negative ones too. */
export function jsonAmount(satoshis: bigint): JsonNumber {
  const amount = satoshis < 0n ? -satoshis : satoshis;
  const decimals = String(amount % COIN).padStart(8, '0');
  return new JsonNumber(`${satoshis < 0n ? '-' : ''}${amount / COIN}.${decimals}`);
}

function quoted(text: string): string {
  TO_ESCAPE.lastIndex = 0;
  return TO_ESCAPE.test(text) ? `"${text.replace(TO_ESCAPE, escaped)}"` : `"${text}"`;
}

function escaped(character: string): string {
  return SHORT_ESCAPES[character] ?? `\\u00${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** The number as C's `%.16g` writes it. */
function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return Object.is(value, -0) ? '-0' : String(value);
  if (!Number.isFinite(value)) throw invalidArg('value', 'a finite number', value);
  const [digits, exponentText] = value.toExponential(SIGNIFICANT_DIGITS - 1).split('e') as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < SIGNIFICANT_DIGITS) {
    return withoutZeros(value.toFixed(SIGNIFICANT_DIGITS - 1 - exponent));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutZeros(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
