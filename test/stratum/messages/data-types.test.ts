import { describe, expect, it } from 'vitest';
import {
  B0_16M,
  B0_255,
  B0_32,
  B0_64K,
  BOOL,
  OPTION,
  SEQ0_255,
  SEQ0_64K,
  STR0_255,
  U16,
  U24,
  U256,
  U32,
  U64,
  U8,
} from '../../../ts/stratum/messages/data-types.ts';
import type { DataType } from '../../../ts/stratum/messages/data-types.ts';
import { ByteReader, ByteWriter } from '../../../ts/util/bytes/bytes.ts';
import { fromHex, readVectorJson, toHex } from '../../harness/data/vectors.ts';

interface Row {
  type: string;
  encoded: string;
  value: unknown;
  reason: string;
  length?: number;
}

const vectors =
  readVectorJson<Record<'roundTrip' | 'decodeOnly' | 'decodeFails' | 'encodeFails', Row[]>>('sv2_data_types.json');

const SIMPLE: Record<string, DataType<unknown>> = Object.fromEntries(
  Object.entries({ BOOL, U8, U16, U24, U32, U64, U256, STR0_255, B0_32, B0_255, B0_64K, B0_16M }),
);

function typeOf(text: string): DataType<unknown> {
  const [, outer, inner] = /^(\w+)(?:\[(\w+)\])?$/.exec(text)!;
  if (inner === undefined) return SIMPLE[outer!]!;
  const element = SIMPLE[inner]!;
  if (outer === 'OPTION') return OPTION(element);
  return outer === 'SEQ0_255' ? SEQ0_255(element) : SEQ0_64K(element);
}

/** A value as the vector files write it: bytes as hex, 64-bit numbers as decimal text. */
function asInVectors(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value === 'bigint') return `${value}`;
  return Array.isArray(value) ? value.map(asInVectors) : value;
}

/** The value that a vector means, for the given type. */
function fromVectors(type: string, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((element) => fromVectors(type.replace(/^\w+\[(\w+)\]$/, '$1'), element));
  if (type === 'U64') return BigInt(value as string);
  return /^(B0_|U256)/.test(type) ? fromHex(value as string) : value;
}

describe('Stratum V2 data types', () => {
  it.each(vectors.roundTrip)('$type $encoded reads and writes alike', ({ type, encoded, value }) => {
    const reader = new ByteReader(fromHex(encoded));
    expect(asInVectors(typeOf(type).read(reader))).toEqual(value);
    expect(reader.remaining).toBe(0);
    const writer = new ByteWriter();
    typeOf(type).write(writer, fromVectors(type, value));
    expect(toHex(writer.finish())).toBe(encoded);
  });

  it.each(vectors.decodeOnly)('$type $encoded reads as $value', ({ type, encoded, value }) => {
    expect(typeOf(type).read(new ByteReader(fromHex(encoded)))).toBe(value);
  });

  it.each(vectors.decodeFails)('$type refuses to read $reason', ({ type, encoded }) => {
    expect(() => typeOf(type).read(new ByteReader(fromHex(encoded)))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });

  it.each(vectors.encodeFails)('$type refuses to write $length or $value', ({ type, length, value }) => {
    let tooMuch = value;
    if (type.startsWith('STR')) tooMuch = 'x'.repeat(length!);
    else if (type.startsWith('B0')) tooMuch = new Uint8Array(length!);
    else if (length !== undefined) tooMuch = new Array(length).fill(0);
    expect(() => typeOf(type).write(new ByteWriter(), tooMuch)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  });

  it.each(vectors.roundTrip)('$type refuses $encoded cut short at every byte', ({ type, encoded }) => {
    const bytes = fromHex(encoded);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => typeOf(type).read(new ByteReader(bytes.subarray(0, length)))).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
      );
    }
  });

  it('U256 refuses to write 31 and 33 bytes', () => {
    for (const length of [31, 33]) {
      expect(() => U256.write(new ByteWriter(), new Uint8Array(length))).toThrow(RangeError);
    }
  });
});
