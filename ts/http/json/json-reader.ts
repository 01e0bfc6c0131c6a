// Reads JSON as Bitcoin Core does: strictly, with limited depth; numbers keep their digits and objects their duplicate keys.
// (RFC 8259; src/univalue/lib/univalue_read.cpp)

import { DecodeError } from '../../util/errors/errors.ts';
import { JsonNumber, JsonObject } from './json-value.ts';
import type { JsonValue } from './json-value.ts';
import { latin1 } from '../parser/text-of-bytes.ts';

/** Most arrays and objects open at a time. (Bitcoin Core src/univalue/lib/univalue_read.cpp, MAX_JSON_DEPTH) */
export const MAX_JSON_DEPTH = 512;

/**
 * Most values of a text, not counting keys. A text of `[0,0,…]` takes many times its size in memory, and no real call has a
 * million values.
 */
export const MAX_JSON_VALUES = 1_048_576;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const BLANK = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const UPPER_E = 0x45;
const LOWER_E = 0x65;

/** Longest input that is checked for being ASCII alone, which needs no decoding. */
const MAX_SHORT_BYTES = 4_096;
const NON_ASCII = /[\x80-\xff]/;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** Invalid bytes are errors. A byte order mark is kept, and refused because no value begins with it. */
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one value, which may have blanks around it.
 *
 * @param input - UTF-8, or text.
 * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not JSON, invalid UTF-8, half a surrogate pair, deeper than 512, or more than
 * 1,048,576 values; `offset` is in bytes of UTF-8.
 */
export function parseJson(input: Uint8Array | string): JsonValue {
  return new Reader(typeof input === 'string' ? input : decoded(input)).read();
}

function decoded(bytes: Uint8Array): string {
  if (bytes.length <= MAX_SHORT_BYTES) {
    const text = latin1(bytes, 0, bytes.length);
    if (!NON_ASCII.test(text)) return text;
  }
  try {
    return decoder.decode(bytes);
  } catch {
    throw new DecodeError('JSON: invalid UTF-8', 0);
  }
}

class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #valueCount = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): JsonValue {
    const value = this.#value();
    this.#skipBlanks();
    if (this.#at < this.#text.length) throw this.#error('something follows the value');
    return value;
  }

  #error(what: string): DecodeError {
    return new DecodeError(`JSON: ${what}`, Buffer.byteLength(this.#text.slice(0, this.#at)));
  }

  #skipBlanks(): void {
    const text = this.#text;
    for (; this.#at < text.length; this.#at++) {
      const unit = text.charCodeAt(this.#at);
      if (unit !== BLANK && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d) return;
    }
  }

  /** The next unit that is not a blank; NaN at the end. */
  #peek(): number {
    this.#skipBlanks();
    return this.#text.charCodeAt(this.#at);
  }

  #value(): JsonValue {
    if (++this.#valueCount > MAX_JSON_VALUES) throw this.#error('too many values');
    switch (this.#peek()) {
      case QUOTE:
        return this.#string();
      case OPEN_OBJECT:
        return this.#object();
      case OPEN_ARRAY:
        return this.#array();
      case 0x74:
        return this.#word('true', true);
      case 0x66:
        return this.#word('false', false);
      case 0x6e:
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#error('no value');
    this.#at += word.length;
    return value;
  }

  #number(): JsonNumber {
    return this.#positiveInteger() ?? this.#anyNumber();
  }

  /** Most numbers are only digits; undefined for any other. */
  #positiveInteger(): JsonNumber | undefined {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let unit = text.charCodeAt(at);
    if (unit === ZERO || !isDigit(unit)) return undefined;
    do unit = text.charCodeAt(++at);
    while (isDigit(unit));
    if (unit === DOT || unit === UPPER_E || unit === LOWER_E) return undefined;
    this.#at = at;
    return new JsonNumber(text.slice(start, at));
  }

  #anyNumber(): JsonNumber {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw this.#error('no value');
    this.#at += match[0].length;
    return new JsonNumber(match[0]);
  }

  #enter(): void {
    if (++this.#depth > MAX_JSON_DEPTH) throw this.#error('too deep');
    this.#at++;
  }

  #leave(): void {
    this.#depth--;
    this.#at++;
  }

  #array(): JsonValue[] {
    this.#enter();
    const values: JsonValue[] = [];
    if (this.#peek() !== CLOSE_ARRAY) {
      do values.push(this.#value());
      while (this.#takeComma());
      if (this.#peek() !== CLOSE_ARRAY) throw this.#error('no comma or end of the array');
    }
    this.#leave();
    return values;
  }

  #object(): JsonObject {
    this.#enter();
    const object = new JsonObject();
    if (this.#peek() !== CLOSE_OBJECT) {
      do this.#member(object);
      while (this.#takeComma());
      if (this.#peek() !== CLOSE_OBJECT) throw this.#error('no comma or end of the object');
    }
    this.#leave();
    return object;
  }

  #member(object: JsonObject): void {
    if (this.#peek() !== QUOTE) throw this.#error('no key');
    const key = this.#string();
    if (this.#peek() !== COLON) throw this.#error('no colon behind the key');
    this.#at++;
    object.push(key, this.#value());
  }

  #takeComma(): boolean {
    if (this.#peek() !== COMMA) return false;
    this.#at++;
    return true;
  }

  #string(): string {
    const text = this.#text;
    let start = ++this.#at;
    let value = '';
    for (; ; this.#at++) {
      const unit = text.charCodeAt(this.#at);
      if (unit === QUOTE) break;
      if (unit === BACKSLASH) {
        value += text.slice(start, this.#at) + this.#escape();
        start = this.#at + 1;
      } else if (unit < BLANK) throw this.#error('a control character in a string');
      else if (Number.isNaN(unit)) throw this.#error('a string without an end');
      else if (unit >= 0xd800 && unit <= 0xdfff) this.#skipPair(unit);
    }
    const end = this.#at++;
    return value === '' ? text.slice(start, end) : value + text.slice(start, end);
  }

  /** Goes to the second half of a pair. Only text, not UTF-8, can hold half of one. */
  #skipPair(unit: number): void {
    if (unit >= 0xdc00 || !isLowSurrogate(this.#text.charCodeAt(this.#at + 1)))
      throw this.#error('half a surrogate pair');
    this.#at++;
  }

  /** Reads an escape, and ends on its last unit. */
  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? '';
    if (letter === 'u') return this.#unicodeEscape();
    const plain = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (plain === undefined) throw this.#error('no such escape');
    this.#at++;
    return plain;
  }

  #unicodeEscape(): string {
    const first = this.#hexAt(this.#at + 2);
    if (first < 0xd800 || first > 0xdfff) {
      this.#at += 5;
      return String.fromCharCode(first);
    }
    if (first >= 0xdc00 || !this.#text.startsWith('\\u', this.#at + 6)) throw this.#error('half a surrogate pair');
    const second = this.#hexAt(this.#at + 8);
    if (!isLowSurrogate(second)) throw this.#error('half a surrogate pair');
    this.#at += 11;
    return String.fromCharCode(first, second);
  }

  #hexAt(at: number): number {
    FOUR_HEX.lastIndex = at;
    const match = FOUR_HEX.exec(this.#text);
    if (match === null) throw this.#error('no such escape');
    return Number.parseInt(match[0], 16);
  }
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
