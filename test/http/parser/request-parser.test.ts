// Core's rules for requests: each case whole, byte by byte, and cut in two at every offset.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { brief, everyByte, read } from './reading.ts';

const MAX_LINE = 8_192;
const GET = 'GET / HTTP/1.1\r\n';
const POST = 'POST / HTTP/1.1\r\n';
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const NEXT = 'GET /next HTTP/1.1\r\n\r\n';

/** Title, what is sent, what is read. */
const CASES: [string, string, string][] = [
  ['a request of fourteen characters', 'GET / HTTP/1.0\n\n', 'GET / '],
  ['bare LF everywhere', 'GET /x HTTP/1.1\nA: b\n\n', 'GET /x '],
  ['two requests in a row', GET + '\r\n' + NEXT, 'GET /  | GET /next '],
  ['a method that nobody knows', 'BREW / HTTP/1.1\r\n\r\n', 'BREW / '],
  ['an empty method', ' /12345 HTTP/1.1\r\n\r\n', ' /12345 '],
  ['a target as it stands', 'GET /../%2e%2E//x?y#z HTTP/1.9\r\n\r\n', 'GET /../%2e%2E//x?y#z '],
  ['bytes above 127 in the target', 'GET /\xff HTTP/1.1\r\n\r\n', 'GET /\xff '],
  ['a body', `${POST}Content-Length: 4\r\n\r\nbody${NEXT}`, 'POST / body | GET /next '],
  ['a body of GET', `${GET}Content-Length: 4\r\n\r\nbody${NEXT}`, 'GET / body | GET /next '],
  ['no body without a length', `${POST}\r\n${NEXT}`, 'POST /  | GET /next '],
  ['a length of zero', `${POST}Content-Length: 0\r\n\r\n${NEXT}`, 'POST /  | GET /next '],
  ['a length with leading zeros', `${POST}Content-Length: 004\r\n\r\nbody`, 'POST / body'],
  ['the same length twice', `${POST}Content-Length: 4\r\ncontent-length:\t4 \r\n\r\nbody`, 'POST / body'],
  ['an empty line behind a body', `${POST}Content-Length: 4\r\n\r\nbody\r\n${NEXT}`, 'POST / body | GET /next '],
  ['one empty line too many, not two', `${GET}\r\n\r\n\r\n${NEXT}`, 'GET /  | 400'],
  ['an empty line first', `\r\n${NEXT}`, '400'],
  ['a body in chunks', `${CHUNKED}4\r\nbody\r\n0\r\n\r\n${NEXT}`, 'POST / body | GET /next '],
  ['chunks with bare LF', `${POST}transfer-encoding:CHUNKED\n\n4\nbody\n0\n\n${NEXT}`, 'POST / body | GET /next '],
  [
    'sizes in both cases, with zeros in front',
    `${CHUNKED}0000000000000000000a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n`,
    'POST / 01234567890123456789',
  ],
  ['blanks around a size', `${CHUNKED} \t4 \t\r\nbody\r\n0\r\n\r\n`, 'POST / body'],
  ['chunk extensions', `${CHUNKED}4;a="b;c"\r\nbody\r\n0 ; x\r\n\r\n`, 'POST / body'],
  ['a trailer', `${CHUNKED}4\r\nbody\r\n0\r\nA: b\r\nC: d\r\n\r\n${NEXT}`, 'POST / body | GET /next '],
  [
    'chunks and a length: the chunks count',
    `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n${NEXT}`,
    'POST / body | GET /next ',
  ],
  [
    'chunks and a length that is none',
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n0\r\n\r\n`,
    'POST / ',
  ],
  ['an expectation of a 1.0 client', 'POST / HTTP/1.0\r\nExpect: magic\r\n\r\n', 'POST / '],
  ['100-continue', `${POST}Expect: 100-Continue\r\nContent-Length: 4\r\n\r\nbody`, 'POST / body'],
  ['another expectation', `${POST}Expect: magic\r\n\r\n`, '417'],

  ['thirteen characters', 'GET / HTTP/1.\r\n\r\n', '400'],
  ['no version', 'GET / \r\n\r\n', '400'],
  ['no version behind a long target', 'GET /aaaaaaaaaaaa \r\n\r\n', '400'],
  ['two words', 'GET /aaaaaaaaaaaaaaaaa\r\n\r\n', '400'],
  ['four words', 'GET / / HTTP/1.1\r\n\r\n', '400'],
  ['two blanks', 'GET  / HTTP/1.1\r\n\r\n', '400'],
  ['a tab for a blank', 'GET\t/aaaaaaa HTTP/1.1\r\n\r\n', '400'],
  ['a missing blank', 'GET/HTTP/1.0HTTP/1.0\r\n\r\n', '400'],
  ['a blank behind the version', 'GET / HTTP/1.1 \r\n\r\n', '400'],
  ...[
    'HTTP/9.9',
    'HTTP/INVALID',
    'NOTHTTP/1.1',
    'HTTP/1.00',
    'HTTP/2.0',
    'HTTP/0.9',
    'http/1.1',
    'HTTP/1,1',
    'HTTP/1.x',
  ].map((version): [string, string, string] => [`the version ${version}`, `GET / ${version}\r\n\r\n`, '400']),
  ['NUL in the target', 'GET /\0 HTTP/1.1\r\n\r\n', '400'],
  ['CR in the target', 'GET /\r HTTP/1.1\r\n\r\n', '400'],
  ['CR inside a header', `${GET}A: b\rc\r\n\r\n`, '400'],
  ['two CR before LF', `${GET}A: b\r\r\n\r\n`, '400'],
  ['NUL inside a header', `${GET}A: b\0c\r\n\r\n`, '400'],
  ['NUL at the end of a header', `${GET}A: b\0\n\r\n`, '400'],
  ...[' ', '\t', '\v', '\f'].map((blank): [string, string, string] => [
    `${JSON.stringify(blank)} before a colon`,
    `${GET}Name${blank}: v\r\n\r\n`,
    '400',
  ]),
  ['a folded line', `${GET}A: b\r\n c\r\n\r\n`, '400'],
  ['a folded line with a colon', `${GET}A: b\r\n c: d\r\n\r\n`, '400'],
  ['no colon', `${GET}A\r\n\r\n`, '400'],
  ['an empty name', `${GET}: b\r\n\r\n`, '400'],
  ...['eleven', '-8', '+8', '8, 8', '8 8', '0x8', '8.0', '', '18446744073709551616', '1e1'].map(
    (length): [string, string, string] => [
      `a length of ${JSON.stringify(length)}`,
      `${POST}Content-Length: ${length}\r\n\r\n`,
      '400',
    ],
  ),
  ['two lengths that differ', `${POST}Content-Length: 26\r\nContent-Length: 999\r\n\r\n`, '400'],
  ['two lengths of one value', `${POST}Content-Length: 4\r\nContent-Length: 04\r\n\r\nbody`, '400'],
  ['a length of 2^64 - 1', `${POST}Content-Length: 18446744073709551615\r\n\r\n`, '413'],
  ...[
    'gzip',
    'identity',
    'chunked, chunked',
    'gzip, chunked',
    'chunked;q=1',
    'xchunked',
    '\vchunked',
    'chunked\f',
    '',
    '"chunked"',
  ].map((coding): [string, string, string] => [
    `the coding ${JSON.stringify(coding)}`,
    `${POST}Transfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`,
    '400',
  ]),
  ['chunked twice', `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, '400'],
  ...['XVI', '', '0x4', '+4', '-4', '4 4', '4,', '10000000000000000'].map((size): [string, string, string] => [
    `a chunk of ${JSON.stringify(size)}`,
    `${CHUNKED}${size}\r\nbody\r\n0\r\n\r\n`,
    '400',
  ]),
  ['a chunk of 64 bits', `${CHUNKED}ffffffffffffffff\r\n`, '413'],
  ['a chunk that goes on', `${CHUNKED}4\r\nbodyX\r\n0\r\n\r\n`, '400'],
  ['NUL in a chunk extension', `${CHUNKED}4;\0\r\nbody\r\n0\r\n\r\n`, '400'],
  ['a trailer without a colon', `${CHUNKED}0\r\nA\r\n\r\n`, '400'],
];

describe.each(CASES)('the parser, given %s', (_, sent, expected) => {
  it('reads the same whole, byte by byte, and cut in two anywhere', () => {
    expect(brief(read(sent))).toBe(expected);
    expect(brief(read(sent, everyByte(sent)))).toBe(expected);
    for (let cut = 1; cut < sent.length; cut++) expect(brief(read(sent, [cut])), `cut at ${cut}`).toBe(expected);
  });
});

describe('the parser', () => {
  it('keeps header fields in order, with duplicates, and trims their values', () => {
    const [request] = read(`${GET}A:  1\t\r\nb:\r\na:2\r\nHost: \xe9\v\r\n\r\n`);
    expect(request).toMatchObject({
      headers: [
        ['A', '1'],
        ['b', ''],
        ['a', '2'],
        ['Host', '\xe9'],
      ],
    });
  });

  it('reads a line of 8,192 bytes and refuses one more, before its end', () => {
    const target = (bytes: number): string => `/${'a'.repeat(bytes - 'GET / HTTP/1.1'.length)}`;
    expect(brief(read(`GET ${target(MAX_LINE)} HTTP/1.1\n\n`))).toMatch(/^GET/);
    // With its CR a byte more.
    expect(brief(read(`GET ${target(MAX_LINE)} HTTP/1.1\r\n\n`))).toBe('400');
    expect(brief(read('G'.repeat(MAX_LINE)))).toBe('');
    expect(brief(read('G'.repeat(MAX_LINE + 1)))).toBe('400');
    expect(brief(read('G'.repeat(MAX_LINE + 1), everyByte('G'.repeat(MAX_LINE + 1))))).toBe('400');
  });

  it('reads 8,192 bytes of header lines and refuses one more, however they come', () => {
    // `a: b\r\n` and the empty line.
    const lines = (bytes: number): string => `${'a: b\r\n'.repeat(Math.floor((bytes - 10) / 6))}`;
    const padded = (bytes: number): string => {
      const text = lines(bytes);
      return `${text}b:${'c'.repeat(bytes - text.length - 6)}\r\n\r\n`;
    };
    expect(padded(8_192)).toHaveLength(8_192);
    for (const cuts of [[], everyByte(GET + padded(8_193))]) {
      expect(brief(read(GET + padded(8_192), cuts))).toBe('GET / ');
      expect(brief(read(GET + padded(8_193), cuts))).toBe('400');
    }
    expect(brief(read(GET + padded(8_193).slice(0, 8_192)))).toBe('');
  });

  it('counts the trailer with the header lines', () => {
    const head = 'Transfer-Encoding: chunked\r\n\r\n';
    const trailer = (bytes: number): string => `t:${'x'.repeat(bytes - 6)}\r\n\r\n`;
    expect(brief(read(`${POST}${head}0\r\n${trailer(8_192 - head.length)}`))).toBe('POST / ');
    expect(brief(read(`${POST}${head}0\r\n${trailer(8_193 - head.length)}`))).toBe('400');
  });

  it('refuses 100,000 header lines after the first 8 KiB', () => {
    expect(brief(read(`${GET}${'a: b\r\n'.repeat(100_000)}\r\n`))).toBe('400');
  });

  it('takes a body of the limit, and refuses one byte more before it comes', () => {
    const limit = 64;
    const body = 'x'.repeat(limit);
    expect(brief(read(`${POST}Content-Length: 64\r\n\r\n${body}`, [], limit))).toBe(`POST / ${body}`);
    expect(brief(read(`${POST}Content-Length: 65\r\n\r\n`, [], limit))).toBe('413');
    expect(brief(read(`${CHUNKED}10\r\n0123456789abcdef\r\n30\r\n${'y'.repeat(48)}\r\n0\r\n\r\n`, [], limit))).toMatch(
      /y$/,
    );
    expect(brief(read(`${CHUNKED}10\r\n0123456789abcdef\r\n31\r\n`, [], limit))).toBe('413');
    // (Bitcoin Core src/test/httpserver_tests.cpp: with the limit of 32 MiB.)
    expect(brief(read(`${CHUNKED}10\r\n0123456789abcdef\r\n1fffff1\r\n`))).toBe('413');
  });

  it('never throws, hangs or keeps more than a line, whatever comes in whatever pieces', () => {
    const words = fc.constantFrom(
      'GET / HTTP/1.1',
      'POST /a HTTP/1.0',
      '\r\n',
      '\n',
      '\r',
      ' ',
      ':',
      'A: b',
      'Content-Length: 5',
      'Transfer-Encoding: chunked',
      '5',
      '0',
      'hello',
      '\0',
      'Expect: 100-continue',
      ';',
    );
    const input = fc.oneof(
      fc.array(words, { maxLength: 30 }).map((list) => Buffer.from(list.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 200 }),
    );
    fc.assert(
      fc.property(input, fc.array(fc.nat(300), { maxLength: 6 }), (bytes, offsets) => {
        const cuts = offsets.filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
        const whole = read(bytes, [], 100);
        expect(read(bytes, cuts, 100)).toEqual(whole);
        expect(read(bytes, everyByte(bytes), 100)).toEqual(whole);
      }),
      { numRuns: 5_000 },
    );
  });
});
