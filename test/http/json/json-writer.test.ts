import fc from 'fast-check';
import { parse as parseLossless, stringify as stringifyLossless } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import { JsonObject, jsonAmount, parseJson, writeJson } from '../../../ts/http.ts';

describe('writeJson', () => {
  it('writes what JSON.parse reads back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = writeJson(value);
        expect(JSON.parse(text)).toEqual(shortened(value));
      }),
    );
  });

  it('writes again what it read, as lossless-json does', () => {
    const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,12})?$/);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), number), (members) => {
        const body = Object.entries(members).map(([key, digits]) => `${JSON.stringify(key)}:${digits}`);
        const text = `{${body.join(',')}}`;
        expect(writeJson(parseJson(text)).replaceAll('\\u007f', '\x7f')).toBe(stringifyLossless(parseLossless(text)));
      }),
    );
  });

  it('escapes what Bitcoin Core escapes, and writes the rest as it is', () => {
    const text = '"\\/\b\f\n\r\t\0\x01\x1f\x7f é😀\u2028';
    expect(writeJson(text)).toBe('"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u0001\\u001f\\u007f é😀\u2028"');
  });

  it('writes objects in the order given, duplicates too, and leaves out what is undefined', () => {
    const object = new JsonObject([
      ['b', 1],
      ['1', null],
      ['b', [true]],
    ]);
    expect(writeJson(object)).toBe('{"b":1,"1":null,"b":[true]}');
    expect(writeJson({ a: undefined, b: 2n ** 64n, c: {} })).toBe('{"b":18446744073709551616,"c":{}}');
  });

  // Made with printf of the C library, %.16g.
  it.each([
    [0.1, '0.1'],
    [0.1 + 0.2, '0.3'],
    [1 / 3, '0.3333333333333333'],
    [100 / 3, '33.33333333333334'],
    [0.0001, '0.0001'],
    [0.00001, '1e-05'],
    [1.5e-7, '1.5e-07'],
    [1e16 + 2, '1e+16'],
    [1e21, '1e+21'],
    [1.7976931348623157e308, '1.797693134862316e+308'],
    [5e-324, '4.940656458412465e-324'],
    [-2.5, '-2.5'],
    [-0, '-0'],
    [9007199254740991, '9007199254740991'],
  ])('writes %d with at most 16 digits', (value, text) => {
    expect(writeJson(value)).toBe(text);
  });

  it('writes amounts with eight decimals', () => {
    expect([0n, 1n, 100_000_000n, 2_099_999_997_690_000n, -123n].map((amount) => jsonAmount(amount).text)).toEqual([
      '0.00000000',
      '0.00000001',
      '1.00000000',
      '20999999.97690000',
      '-0.00000123',
    ]);
  });

  it.each([NaN, Infinity, -Infinity, undefined, () => {}, Symbol('x')])('refuses %s', (value) => {
    expect(() => writeJson(value as never)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error,
    );
  });
});

/** The value with its numbers as `writeJson` shortens them. */
function shortened(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : Number(value.toPrecision(16));
  if (Array.isArray(value)) return value.map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shortened(member)]));
}
