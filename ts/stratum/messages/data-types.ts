// The data types of Stratum V2, each a pair of a reader and a writer.
//
// Integers are little-endian. A type named for a length (`B0_255`) puts that length in front, in bytes; a sequence puts
// its count. Nothing is allocated for what a peer only announced: a length is compared with the bytes that are there,
// and a count with the least its elements take. Byte strings that are read are views of the message.
//
// | type               | in TypeScript | on the wire                                             |
// |--------------------|---------------|---------------------------------------------------------|
// | BOOL               | boolean       | one byte, of which bit 0 counts                         |
// | U8, U16, U24, U32  | number        | 1, 2, 3, 4 bytes                                        |
// | U64                | bigint        | 8 bytes                                                 |
// | U256               | Uint8Array    | 32 bytes, least significant first                       |
// | STR0_255           | string        | U8 length, UTF-8; other bytes read as U+FFFD            |
// | B0_32, B0_255      | Uint8Array    | U8 length, bytes                                        |
// | B0_64K, B0_16M     | Uint8Array    | U16 or U24 length, bytes                                |
// | SEQ0_255, SEQ0_64K | array         | U8 or U16 count, elements                               |
// | OPTION             | T or null     | SEQ0_255 of at most one                                 |
//
// Source: Stratum V2 specification, chapter 3.

import { DecodeError, outOfRange } from '../../util/errors/errors.ts';
import type { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';

/** A reader and writer of one type. */
export interface DataType<T> {
  /** Smallest size on the wire, in bytes. */
  readonly minBytes: number;
  /** @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short, or a length above the type's limit. */
  read(reader: ByteReader): T;
  /** @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a value or length above the type's limit. */
  write(writer: ByteWriter, value: T): void;
}

/** The value of a data type. */
export type ValueOf<Type> = Type extends DataType<infer T> ? T : never;

export const BOOL: DataType<boolean> = {
  minBytes: 1,
  read: (reader) => (reader.uint8() & 1) === 1,
  write: (writer, value) => void writer.bool(value),
};

export const U8: DataType<number> = {
  minBytes: 1,
  read: (reader) => reader.uint8(),
  write: (writer, value) => void writer.uint8(value),
};

export const U16: DataType<number> = {
  minBytes: 2,
  read: (reader) => reader.uint16LE(),
  write: (writer, value) => void writer.uint16LE(value),
};

export const U24: DataType<number> = {
  minBytes: 3,
  read: (reader) => reader.uint24LE(),
  write: (writer, value) => void writer.uint24LE(value),
};

export const U32: DataType<number> = {
  minBytes: 4,
  read: (reader) => reader.uint32LE(),
  write: (writer, value) => void writer.uint32LE(value),
};

export const U64: DataType<bigint> = {
  minBytes: 8,
  read: (reader) => reader.uint64LE(),
  write: (writer, value) => void writer.uint64LE(value),
};

const U256_BYTES = 32;

export const U256: DataType<Uint8Array> = {
  minBytes: U256_BYTES,
  read: (reader) => reader.bytes(U256_BYTES),
  write: (writer, value) => {
    if (value.length !== U256_BYTES) throw outOfRange('U256', `${U256_BYTES} bytes`, value.length);
    writer.bytes(value);
  },
};

/** A length or count field, and the largest value it may have. */
function prefixed(name: string, prefix: DataType<number>, max: number): DataType<number> {
  return {
    minBytes: prefix.minBytes,
    read(reader) {
      const start = reader.offset;
      const value = prefix.read(reader);
      if (value > max) throw new DecodeError(`${name}: ${value} is above ${max}`, start);
      return value;
    },
    write(writer, value) {
      if (value > max) throw outOfRange(name, `a length of at most ${max}`, value);
      prefix.write(writer, value);
    },
  };
}

/**
 * A length-prefixed byte string.
 * @param maxBytes - The field's own limit, if lower than the prefix's.
 */
export function byteString(name: string, prefix: DataType<number>, maxBytes: number): DataType<Uint8Array> {
  const length = prefixed(name, prefix, maxBytes);
  return {
    minBytes: length.minBytes,
    read: (reader) => reader.bytes(length.read(reader)),
    write(writer, value) {
      length.write(writer, value.length);
      writer.bytes(value);
    },
  };
}

export const B0_32 = byteString('B0_32', U8, 32);
export const B0_255 = byteString('B0_255', U8, 0xff);
export const B0_64K = byteString('B0_64K', U16, 0xffff);
export const B0_16M = byteString('B0_16M', U24, 0xff_ffff);

const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Human-readable text. Text that is not UTF-8 is exact only in the frame's payload. */
export const STR0_255: DataType<string> = {
  minBytes: 1,
  read: (reader) => UTF_8.decode(B0_255.read(reader)),
  write: (writer, value) => B0_255.write(writer, Buffer.from(value, 'utf8')),
};

function sequence<T>(name: string, prefix: DataType<number>, max: number, element: DataType<T>): DataType<T[]> {
  const countType = prefixed(name, prefix, max);
  return {
    minBytes: countType.minBytes,
    read(reader) {
      const start = reader.offset;
      const count = countType.read(reader);
      if (count * element.minBytes > reader.remaining) {
        throw new DecodeError(`${name}: ${count} elements in ${reader.remaining} bytes`, start);
      }
      const elements: T[] = [];
      while (elements.length < count) elements.push(element.read(reader));
      return elements;
    },
    write(writer, elements) {
      countType.write(writer, elements.length);
      for (const value of elements) element.write(writer, value);
    },
  };
}

export function SEQ0_255<T>(element: DataType<T>): DataType<T[]> {
  return sequence('SEQ0_255', U8, 0xff, element);
}

export function SEQ0_64K<T>(element: DataType<T>): DataType<T[]> {
  return sequence('SEQ0_64K', U16, 0xffff, element);
}

export function OPTION<T>(element: DataType<T>): DataType<T | null> {
  const atMostOne = sequence('OPTION', U8, 1, element);
  return {
    minBytes: atMostOne.minBytes,
    read: (reader) => atMostOne.read(reader)[0] ?? null,
    write: (writer, value) => atMostOne.write(writer, value === null ? [] : [value]),
  };
}

/** The fields of a message, in wire order. */
export type Fields = Readonly<Record<string, DataType<unknown>>>;

/** The values of a message, by field name. */
export type ValuesOf<F extends Fields> = { -readonly [Name in keyof F]: ValueOf<F[Name]> };

/** Consecutive fields as one type. */
export function struct<F extends Fields>(fields: F): DataType<ValuesOf<F>> {
  const list = Object.entries(fields);
  return {
    minBytes: list.reduce((sum, [, type]) => sum + type.minBytes, 0),
    read: (reader) => Object.fromEntries(list.map(([name, type]) => [name, type.read(reader)])) as ValuesOf<F>,
    write(writer, values) {
      for (const [name, type] of list) type.write(writer, values[name]);
    },
  };
}
