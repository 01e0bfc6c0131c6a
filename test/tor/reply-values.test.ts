import { describe, expect, test } from 'vitest';

import { parseReplyValues, quote, splitReplyLine } from '../../ts/tor/reply-values.ts';

const values = (text: string): Record<string, string> => Object.fromEntries(parseReplyValues(text));

describe('values', () => {
  test.each<[string, Record<string, string>]>([
    ['', {}],
    ['A=b', { A: 'b' }],
    ['A=b C=d', { A: 'b', C: 'd' }],
    ['A=', { A: '' }],
    ['A= B=c', { A: '', B: 'c' }],
    ['A=b=c==', { A: 'b=c==' }],
    ['=b', { '': 'b' }],
    ['A=""', { A: '' }],
    ['A="b c" D=e', { A: 'b c', D: 'e' }],
    ['A="b=c" D="e"', { A: 'b=c', D: 'e' }],
    ['A="b"C=d', { A: 'b', C: 'd' }],
    ['A=b"c"', { A: 'b"c"' }],
    ['A=b\\n', { A: 'b\\n' }],
    // The first one counts.
    ['A=1 A=2', { A: '1' }],
    // A word without a value ends the reading.
    ['WORD', {}],
    ['WORD A=b', {}],
    ['A=b WORD C=d', { A: 'b' }],
    ['A=b WORD', { A: 'b' }],
    ['A=b  C=d', { A: 'b' }],
  ])('%j', (text, expected) => {
    expect(values(text)).toEqual(expected);
  });

  test('of a key that objects have is only a value', () => {
    expect(parseReplyValues('__proto__=x constructor=y').get('__proto__')).toBe('x');
  });

  // As in Tor's own unescaping: octal numbers are of a byte, and end at the first character that is none.
  test.each<[string, string]>([
    ['\\n\\t\\r', '\n\t\r'],
    ['\\"', '"'],
    ['\\\\', '\\'],
    ['\\\\n', '\\n'],
    ['\\a\\8\\x', 'a8x'],
    ['\\0', '\0'],
    ['\\00', '\0'],
    ['\\000', '\0'],
    ['\\0000', '\x000'],
    ['\\1', '\x01'],
    ['\\1a', '\x01a'],
    ['\\18', '\x018'],
    ['\\12', '\n'],
    ['\\128', '\n8'],
    ['\\123', 'S'],
    ['\\1234', 'S4'],
    ['\\377', '\xff'],
    ['\\378', '\x1f8'],
    ['\\37', '\x1f'],
    ['\\4', '\x04'],
    ['\\47', "'"],
    ['\\400', ' 0'],
    ['\\777', '?7'],
  ])('quoted as "%s" are unescaped', (escaped, expected) => {
    expect(values(`A="${escaped}" B=c`)).toEqual({ A: expected, B: 'c' });
  });

  test.each(['A="', 'A="b', 'A="b\\"', 'A="b\\', 'A="b\\1', 'A=1 B="c'])(
    '%j, a quote that never closes, makes all of it worthless',
    (text) => {
      expect(values(text)).toEqual({});
    },
  );

  test('of the longest line are read in linear time', () => {
    for (const piece of ['\\', '"', '=', ' ', 'K="', 'K=', 'a b=" ', '\\1']) {
      const line = `K="${piece.repeat(100_000 / piece.length)}`;
      const startedAt = performance.now();
      parseReplyValues(line);
      parseReplyValues(line.slice(3));
      expect(performance.now() - startedAt).toBeLessThan(1_000);
    }
  });

  test('come back from their quotes', () => {
    for (const text of ['', 'plain', 'a "b" \\ c', '\\\\', '"', '\\"']) {
      expect(values(`A=${quote(text)} B=c`)).toEqual({ A: text, B: 'c' });
    }
  });
});

test.each([
  ['AUTH METHODS=NULL', { type: 'AUTH', rest: 'METHODS=NULL' }],
  ['OK', { type: 'OK', rest: '' }],
  ['', { type: '', rest: '' }],
  ['A  b', { type: 'A', rest: ' b' }],
])('the line %j has a type', (line, expected) => {
  expect(splitReplyLine(line)).toEqual(expected);
});
