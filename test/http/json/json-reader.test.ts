import fc from 'fast-check';
import { LosslessNumber, parse as parseLossless } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import { JsonNumber, JsonObject, MAX_JSON_DEPTH, MAX_JSON_VALUES, parseJson, writeJson } from '../../../ts/http.ts';
import type { JsonValue } from '../../../ts/http.ts';

/** What `JSON.parse` makes of the same text. */
function plain(value: unknown): unknown {
  if (value instanceof JsonNumber) return value.toNumber();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof JsonObject) return Object.fromEntries([...value].map(([key, member]) => [key, plain(member)]));
  return value;
}

/** What `lossless-json` makes of it: numbers as text. */
function numbersAsText(value: unknown): unknown {
  if (value instanceof JsonNumber) return value.text;
  if (value instanceof LosslessNumber) return value.value;
  if (Array.isArray(value)) return value.map(numbersAsText);
  if (value instanceof JsonObject) {
    return Object.fromEntries([...value].map(([key, member]) => [key, numbersAsText(member)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, numbersAsText(member)]));
}

type Outcome = { ok: true; value: unknown } | { ok: false };

function outcomeOf(read: () => unknown): Outcome {
  try {
    return { ok: true, value: read() };
  } catch {
    return { ok: false };
  }
}

const refusal = (input: string | Uint8Array): unknown => {
  try {
    return parseJson(input);
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** Pieces that JSON is made of, whole and broken. */
const PIECES = [
  ...'{}[],:"\\ \n\t\r/-+.eE0123456789',
  ...[
    'true',
    'false',
    'null',
    '""',
    '"a"',
    '\\u0041',
    '\\ud83d',
    '\\ude00',
    '\\n',
    '\\x',
    '1.5e3',
    '01',
    '-',
    'é',
    '😀',
    '\u0001',
  ],
];
const jsonLike = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((pieces) => pieces.join(''));

describe('parseJson', () => {
  it('gives what JSON.parse gives, for any value in any spelling', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 1, '\t', '\r\n '), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(plain(parseJson(text))).toEqual(JSON.parse(text));
        expect(plain(parseJson(Buffer.from(text)))).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts just what JSON.parse accepts, but for halves of surrogate pairs', () => {
    fc.assert(
      fc.property(jsonLike, (text) => {
        const expected = outcomeOf(() => JSON.parse(text));
        const isWhole = expected.ok && JSON.stringify(expected.value).search(/\\u[dD][89a-fA-F]/) === -1;
        const got = outcomeOf(() => plain(parseJson(text)));
        expect(got.ok, text).toBe(isWhole);
        // Of duplicate keys the one takes the first, the other the last.
        if (got.ok && expected.ok && !text.includes('{')) expect(got.value).toEqual(expected.value);
      }),
      { numRuns: 20_000 },
    );
  });

  it('keeps the digits of a number, as lossless-json does', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/);
    fc.assert(
      fc.property(fc.array(digits), fc.dictionary(fc.string(), digits), (list, members) => {
        const text = `[[${list.join(',')}],{${Object.entries(members)
          .map(([key, number]) => `${JSON.stringify(key)}:${number}`)
          .join(',')}}]`;
        expect(numbersAsText(parseJson(text))).toEqual(numbersAsText(parseLossless(text)));
      }),
    );
    expect(writeJson(parseJson('[12345678901234567890,1.10,-0.0,1E+2]'))).toBe('[12345678901234567890,1.10,-0.0,1E+2]');
  });

  it('keeps the order of keys and their duplicates, and looks up the first', () => {
    const object = parseJson('{"b":1,"10":2,"a":3,"b":4}') as JsonObject;
    expect(object.keys()).toEqual(['b', '10', 'a', 'b']);
    expect((object.get('b') as JsonNumber).text).toBe('1');
    expect(object.get('c')).toBeUndefined();
    expect(writeJson(object)).toBe('{"b":1,"10":2,"a":3,"b":4}');
  });

  it('looks up the first of duplicates among many keys, added later too', () => {
    const object = new JsonObject();
    for (let index = 0; index < 100; index++) object.push(`k${index % 50}`, index);
    expect(object.get('k7')).toBe(7);
    object.push('late', 1).push('late', 2);
    expect(object.get('late')).toBe(1);
    expect(object.has('__proto__')).toBe(false);
  });

  it('refuses a text that is cut anywhere', () => {
    const text = Buffer.from('{"a":[1.5,"é\\u00e9\\ud83d\\ude00",true,null,{}],"b":-0e1}');
    parseJson(text);
    for (let end = 0; end < text.length; end++) expect(refusal(text.subarray(0, end))).toBe('ERR_SOCKMAN_DECODE');
  });

  it.each([
    ['a continuation byte alone', [0x22, 0x80, 0x22]],
    ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
    ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
    ['a cut character', [0x22, 0xe2, 0x82, 0x22]],
    ['a character above U+10FFFF', [0x22, 0xf4, 0x90, 0x80, 0x80, 0x22]],
    ['a byte order mark', [0xef, 0xbb, 0xbf, 0x31]],
  ])('refuses %s', (_, bytes) => {
    expect(refusal(Uint8Array.from(bytes))).toBe('ERR_SOCKMAN_DECODE');
  });

  it.each(['"\\ud800"', '"\\udc00"', '"\\ud800\\ud800"', '"\\ud800x"', '"\ud800"', '"\udc00\ud800"'])(
    'refuses half of a surrogate pair: %j',
    (text) => {
      expect(refusal(text)).toBe('ERR_SOCKMAN_DECODE');
    },
  );

  it.each([
    '[1] x',
    '1 2',
    '{}}',
    '',
    ' ',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    'tru',
    "'a'",
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '\u00a01',
  ])('refuses %j', (text) => {
    expect(refusal(text)).toBe('ERR_SOCKMAN_DECODE');
  });

  it('reads 512 levels and refuses 513', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect(refusal(nested(MAX_JSON_DEPTH))).toHaveLength(1);
    expect(refusal(nested(MAX_JSON_DEPTH + 1))).toBe('ERR_SOCKMAN_DECODE');
    expect(refusal('['.repeat(1_000_000))).toBe('ERR_SOCKMAN_DECODE');
    // Siblings are not deeper.
    expect(refusal(`[${'[],'.repeat(1_000)}[]]`)).toHaveLength(1_001);
  });

  it('reads 1,048,576 values and refuses one more', () => {
    const list = (count: number): string => `[${'0,'.repeat(count - 2)}0]`;
    expect((parseJson(list(MAX_JSON_VALUES)) as JsonValue[]).length).toBe(MAX_JSON_VALUES - 1);
    expect(refusal(list(MAX_JSON_VALUES + 1))).toBe('ERR_SOCKMAN_DECODE');
  });

  it('says where it stopped, in bytes', () => {
    expect(() => parseJson('["é",x]')).toThrow(expect.objectContaining({ offset: 6 }) as Error);
  });

  it('reads any bytes without another kind of error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const result = refusal(bytes);
        if (typeof result === 'string' && result !== 'ERR_SOCKMAN_DECODE') JSON.parse(Buffer.from(bytes).toString());
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('an integer in JSON', () => {
  const MIN_INT64 = -(2n ** 63n);
  const MAX_INT64 = 2n ** 63n - 1n;

  it.each(['1.0', '1e3', '1E0', '-', '9223372036854775808', '-9223372036854775809', '9'.repeat(1_000)])(
    'is not %s',
    (text) => {
      expect(new JsonNumber(text).toBigInt(MIN_INT64, MAX_INT64)).toBeUndefined();
    },
  );

  it.each(['0', '-0', '9223372036854775807', '-9223372036854775808'])('is %s', (text) => {
    expect(new JsonNumber(text).toBigInt(MIN_INT64, MAX_INT64)).toBe(BigInt(text));
  });

  it('is a number where its bounds are', () => {
    expect(new JsonNumber('2147483647').toInteger(-(2 ** 31), 2 ** 31 - 1)).toBe(2_147_483_647);
    expect(new JsonNumber('2147483648').toInteger(-(2 ** 31), 2 ** 31 - 1)).toBeUndefined();
  });
});
