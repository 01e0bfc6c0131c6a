import { describe, expect, test } from 'vitest';

import { SAM_MAX_LINE_BYTES, SamLineReader, parseSamReply } from '../../../ts/sockman/dial/sam-line.ts';
import { everySplit } from '../../harness/peers/handshake.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('a line', () => {
  test.each([
    ['A B\nrest', 'A B', 'rest'],
    ['A B\r\nrest', 'A B', 'rest'],
    ['\n', '', ''],
    ['\r\n\n', '', '\n'],
    ['a\rb\n', 'a\rb', ''],
    ['\xff\x00\n', '\xff\x00', ''],
  ])('%j ends at the first line end, however it is cut', (sent, line, rest) => {
    for (const chunks of everySplit(Buffer.from(sent, 'latin1'))) {
      const reader = new SamLineReader();
      let got: string | undefined;
      let behind = '';
      for (const chunk of chunks) {
        if (got !== undefined) {
          behind += text(chunk);
          continue;
        }
        const read = reader.push(chunk);
        if (read === 'too-long') expect.unreachable();
        if (read === undefined) continue;
        got = read.line;
        behind = text(read.leftover);
      }
      expect([got, behind]).toEqual([line, rest]);
    }
  });

  test('of 65,535 bytes is read, in one piece or many', () => {
    const line = Buffer.alloc(SAM_MAX_LINE_BYTES - 1, 'x');
    const whole = new SamLineReader().push(Buffer.concat([line, Buffer.from('\n')]));
    expect(whole).toMatchObject({ line: line.toString() });
    const reader = new SamLineReader();
    for (let at = 0; at < line.length; at += 257) expect(reader.push(line.subarray(at, at + 257))).toBeUndefined();
    expect(reader.pendingBytes).toBe(65_535);
    expect(reader.push(Buffer.from('\n'))).toMatchObject({ line: line.toString() });
  });

  test('of 65,536 bytes is given up, with or without its end, in one piece or many', () => {
    const line = Buffer.alloc(SAM_MAX_LINE_BYTES, 'x');
    expect(new SamLineReader().push(line)).toBe('too-long');
    expect(new SamLineReader().push(Buffer.concat([line, Buffer.from('\n')]))).toBe('too-long');
    const reader = new SamLineReader();
    expect(reader.push(line.subarray(0, 65_535))).toBeUndefined();
    expect(reader.push(line.subarray(65_535))).toBe('too-long');
  });

  test('is not limited by what comes behind it', () => {
    const read = new SamLineReader().push(Buffer.concat([Buffer.from('A\n'), Buffer.alloc(100_000)]));
    expect(read).toMatchObject({ line: 'A', leftover: { length: 100_000 } });
  });
});

describe('a reply', () => {
  test.each<[string, string, Record<string, string>]>([
    ['HELLO REPLY RESULT=OK VERSION=3.1', 'HELLO REPLY', { RESULT: 'OK', VERSION: '3.1' }],
    ['NAMING REPLY VALUE=AA== NAME=x', 'NAMING REPLY', { VALUE: 'AA==', NAME: 'x' }],
    ['A B K=a=b=c', 'A B', { K: 'a=b=c' }],
    ['A B RESULT=FIRST RESULT=OK', 'A B', { RESULT: 'FIRST' }],
    ['A B RESULT RESULT=OK', 'A B', {}],
    ['A B RESULT= RESULT=OK', 'A B', {}],
    ['A B   K=v  ', 'A B', { K: 'v' }],
    ['A B MESSAGE="two words" RESULT=I2P_ERROR', 'A B', { MESSAGE: 'two words', RESULT: 'I2P_ERROR' }],
    ['A B MESSAGE="x RESULT=OK" RESULT=I2P_ERROR', 'A B', { MESSAGE: 'x RESULT=OK', RESULT: 'I2P_ERROR' }],
    ['A B MESSAGE="a \\"RESULT=OK\\" b" RESULT=NO', 'A B', { MESSAGE: 'a "RESULT=OK" b', RESULT: 'NO' }],
    ['A B MESSAGE="never closed RESULT=OK', 'A B', { MESSAGE: 'never closed RESULT=OK' }],
    ['A B MESSAGE="ends in a backslash\\', 'A B', { MESSAGE: 'ends in a backslash\\' }],
    ['A B MESSAGE="" RESULT=OK', 'A B', { RESULT: 'OK' }],
    ['A B __proto__=x constructor=y', 'A B', { ['__proto__']: 'x', constructor: 'y' }],
    ['A B result=OK', 'A B', { result: 'OK' }],
    ['A B =OK', 'A B', { '': 'OK' }],
    ['A', 'A', {}],
    ['', '', {}],
    [' A B', ' A', {}],
  ])('%j falls into words and values', (line, topic, values) => {
    const reply = parseSamReply(line);
    expect(reply.topic).toBe(topic);
    expect([...reply.values]).toEqual(Object.entries(values));
  });

  test('of the greatest length is parsed in linear time', () => {
    for (const piece of ['\\', '"', '=', ' ', 'K="', 'K=', 'a b=" ']) {
      const started = performance.now();
      parseSamReply(`A B K="${piece.repeat(65_000 / piece.length)}`);
      parseSamReply(`A B ${piece.repeat(65_000 / piece.length)}`);
      expect(performance.now() - started).toBeLessThan(1_000);
    }
  });
});
