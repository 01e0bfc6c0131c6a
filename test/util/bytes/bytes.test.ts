import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter, MAX_SIZE } from '../../../ts/util/bytes/bytes.ts';
import { DecodeError } from '../../../ts/util/errors/errors.ts';
import { fromHex, readVectorCsv, toHex } from '../../harness/data/vectors.ts';

/** What a read throws; undefined when it returns. */
function errorOf(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('CompactSize', () => {
  const rows = readVectorCsv<'encoded' | 'value' | 'as_length' | 'as_number' | 'note'>('compactsize.csv');

  test.each(rows)('reads $encoded: as a length $as_length, as a number $as_number', (row) => {
    const asLength = () => new ByteReader(fromHex(row.encoded)).compactSize();
    const asNumber = () => new ByteReader(fromHex(row.encoded)).compactNumber();
    if (row.as_length === 'ok') expect(asLength()).toBe(Number(row.value));
    else expect(asLength).toThrow(DecodeError);
    if (row.as_number === 'ok') expect(asNumber()).toBe(BigInt(row.value));
    else expect(asNumber).toThrow(DecodeError);
  });

  test.each(rows.filter((row) => row.as_number === 'ok'))('writes $value as $encoded', (row) => {
    expect(toHex(new ByteWriter().compactSize(BigInt(row.value)).finish())).toBe(row.encoded);
    if (row.as_length === 'ok') {
      expect(toHex(new ByteWriter().compactSize(Number(row.value)).finish())).toBe(row.encoded);
    }
  });

  test('takes a lower limit than the format has, and refuses one above it', () => {
    expect(new ByteReader(fromHex('fde803')).compactSize(1000)).toBe(1000);
    expect(() => new ByteReader(fromHex('fde903')).compactSize(1000)).toThrow(DecodeError);
  });

  test('cannot be written for what has no 64-bit form', () => {
    for (const value of [-1, 300.5, NaN, 2n ** 64n, -1n]) {
      expect(() => new ByteWriter().compactSize(value)).toThrow(RangeError);
    }
  });
});

describe('integers', () => {
  const KINDS = [
    { kind: 'uint8', bytes: 1, min: 0n, max: 0xffn, isBig: false },
    { kind: 'uint16LE', bytes: 2, min: 0n, max: 0xffffn, isBig: false },
    { kind: 'uint16BE', bytes: 2, min: 0n, max: 0xffffn, isBig: false },
    { kind: 'uint24LE', bytes: 3, min: 0n, max: 0xff_ffffn, isBig: false },
    { kind: 'uint32LE', bytes: 4, min: 0n, max: 0xffff_ffffn, isBig: false },
    { kind: 'uint32BE', bytes: 4, min: 0n, max: 0xffff_ffffn, isBig: false },
    { kind: 'int32LE', bytes: 4, min: -(2n ** 31n), max: 2n ** 31n - 1n, isBig: false },
    { kind: 'uint64LE', bytes: 8, min: 0n, max: 2n ** 64n - 1n, isBig: true },
    { kind: 'uint64BE', bytes: 8, min: 0n, max: 2n ** 64n - 1n, isBig: true },
    { kind: 'int64LE', bytes: 8, min: -(2n ** 63n), max: 2n ** 63n - 1n, isBig: true },
  ] as const;

  type Kind = (typeof KINDS)[number]['kind'];
  const write = (kind: Kind, value: number | bigint): Uint8Array => {
    const writer = new ByteWriter() as unknown as Record<Kind, (value: number | bigint) => ByteWriter>;
    return writer[kind](value).finish();
  };

  describe.each(KINDS)('$kind', ({ kind, bytes, min, max, isBig }) => {
    const asNumber = (value: bigint): number | bigint => (isBig ? value : Number(value));

    test('comes back as it was written, in the right number of bytes', () => {
      fc.assert(
        fc.property(fc.bigInt(min, max), (value) => {
          const written = write(kind, asNumber(value));
          expect(written.length).toBe(bytes);
          const reader = new ByteReader(written);
          expect(reader[kind]()).toBe(asNumber(value));
          expect(reader.remaining).toBe(0);
        }),
        { examples: [[min], [max], [0n], [1n]] },
      );
    });

    test('is refused by the writer one past each end, and with a fraction', () => {
      for (const value of [min - 1n, max + 1n]) {
        expect(() => write(kind, asNumber(value))).toThrow(RangeError);
      }
      if (!isBig) expect(() => write(kind, 0.5)).toThrow(RangeError);
    });

    test('is refused by the reader when cut at any byte, with the place where it starts', () => {
      const written = write(kind, asNumber(max));
      for (let cut = 0; cut < bytes; cut++) {
        const reader = new ByteReader(Uint8Array.of(7, ...written.subarray(0, cut)));
        reader.skip(1);
        expect(errorOf(() => reader[kind]())).toMatchObject({ code: 'ERR_SOCKMAN_DECODE', offset: 1 });
      }
    });
  });

  test('have the byte order that their names say', () => {
    const writer = new ByteWriter(0);
    writer.uint16LE(0x0102).uint16BE(0x0102).uint24LE(0x010203).uint32LE(0x01020304).uint32BE(0x01020304);
    writer.int32LE(-2).uint64LE(0x0102030405060708n).uint64BE(0x0102030405060708n).int64LE(-2n);
    expect(toHex(writer.finish())).toBe(
      ['0201', '0102', '030201', '04030201', '01020304', 'feffffff'].join('') +
        ['0807060504030201', '0102030405060708', 'feffffffffffffff'].join(''),
    );
  });

  test('a bool is written as 0 or 1 and read from anything', () => {
    expect(toHex(new ByteWriter().bool(true).bool(false).finish())).toBe('0100');
    const reader = new ByteReader(fromHex('000102ff'));
    expect([reader.bool(), reader.bool(), reader.bool(), reader.bool()]).toEqual([false, true, true, true]);
  });
});

describe('byte strings and vectors', () => {
  test('views share memory with the input, copies do not', () => {
    const input = fromHex('0102030405060708');
    const reader = new ByteReader(input.subarray(2));
    const view = reader.bytes(2);
    const copy = reader.bytesCopy(2);
    const rest = reader.rest();
    input.fill(0xff);
    expect([toHex(view), toHex(copy), toHex(rest)]).toEqual(['ffff', '0506', 'ffff']);
    expect([reader.offset, reader.remaining]).toEqual([6, 0]);
  });

  test('what it reads of a Buffer are plain arrays, and a copy shares nothing with it', () => {
    const input = Buffer.from('01020304', 'hex');
    const reader = new ByteReader(input);
    const view = reader.bytes(2);
    const copy = reader.bytesCopy(2);
    input.fill(0xff);
    expect([toHex(view), toHex(copy), toHex(view.slice())]).toEqual(['ffff', '0304', 'ffff']);
    expect([Buffer.isBuffer(view), Buffer.isBuffer(copy)]).toEqual([false, false]);
  });

  test('a reader over part of a buffer sees nothing before or behind it', () => {
    const reader = new ByteReader(fromHex('aa0102bb').subarray(1, 3));
    expect(reader.uint16BE()).toBe(0x0102);
    expect(errorOf(() => reader.uint8())).toMatchObject({ code: 'ERR_SOCKMAN_DECODE', offset: 2 });
  });

  test('a length that is not there is an error, and so is one that makes no sense', () => {
    for (const byteCount of [4, 5, MAX_SIZE, 2 ** 53, Infinity, -1, NaN]) {
      expect(errorOf(() => new ByteReader(new Uint8Array(3)).bytes(byteCount))).toBeInstanceOf(DecodeError);
      expect(errorOf(() => new ByteReader(new Uint8Array(3)).skip(byteCount))).toBeInstanceOf(DecodeError);
    }
    expect(new ByteReader(new Uint8Array(3)).bytes(3).length).toBe(3);
  });

  test('variable bytes stop at the limit given', () => {
    const three = new ByteWriter().varBytes(fromHex('010203')).finish();
    expect(toHex(three)).toBe('03010203');
    expect(toHex(new ByteReader(three).varBytes(3))).toBe('010203');
    expect(errorOf(() => new ByteReader(three).varBytes(2))).toMatchObject({ offset: 0 });
  });

  test('a vector comes back as it was written', () => {
    const values = Array.from({ length: 300 }, (_, index) => index * 7);
    const written = new ByteWriter().vector(values, (writer, value) => writer.uint16LE(value)).finish();
    expect(new ByteReader(written).vector((reader) => reader.uint16LE())).toEqual(values);
    expect(() => new ByteReader(written).vector((reader) => reader.uint16LE(), 299)).toThrow(DecodeError);
  });

  test('a count of 33,554,432 without elements fails at the first; one more fails before it', () => {
    let readCount = 0;
    const readElement = (reader: ByteReader): number => {
      readCount++;
      return reader.uint8();
    };
    expect(() => new ByteReader(fromHex('fe00000002')).vector(readElement)).toThrow(DecodeError);
    expect(readCount).toBe(1);
    expect(() => new ByteReader(fromHex('fe01000002')).vector(readElement)).toThrow(DecodeError);
    expect(readCount).toBe(1);
  });

  test('a writer hands over what it wrote and starts anew', () => {
    const writer = new ByteWriter(1);
    for (let index = 0; index < 1000; index++) writer.uint8(index & 0xff);
    expect(writer.length).toBe(1000);
    const first = writer.finish();
    expect(writer.length).toBe(0);
    writer.uint8(9);
    expect([first.length, first[0], first[999], toHex(writer.finish())]).toEqual([1000, 0, 231, '09']);
    expect(writer.finish().length).toBe(0);
  });

  test('what was written can be looked at before more follows', () => {
    const writer = new ByteWriter(1).uint32BE(0x01020304);
    expect(toHex(writer.written())).toBe('01020304');
    expect(toHex(writer.bytes(writer.written()).finish())).toBe('0102030401020304');
    expect(writer.written().length).toBe(0);
  });

  test('garbage never makes a reader throw anything but a DecodeError', () => {
    const readers: ((reader: ByteReader) => unknown)[] = [
      (reader) => reader.compactSize(),
      (reader) => reader.compactNumber(),
      (reader) => reader.varBytes(),
      (reader) => reader.vector((element) => element.varBytes(8)),
      (reader) => reader.uint64BE(),
    ];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...readers), (input, read) => {
        const error = errorOf(() => read(new ByteReader(input)));
        expect(error === undefined || error instanceof DecodeError).toBe(true);
      }),
    );
  });
});
