import { describe, expect, test } from 'vitest';

import {
  TOR_MAX_LINE_BYTES,
  TOR_MAX_REPLY_BYTES,
  TOR_MAX_REPLY_LINES,
  TorReplyReader,
} from '../../ts/tor/reply-reader.ts';
import type { TorReply } from '../../ts/tor/reply-reader.ts';
import { everySplit } from '../harness/peers/handshake.ts';

/** What a reader makes of chunks. */
function read(...chunks: (string | Uint8Array)[]): { replies: TorReply[]; failure: string | undefined } {
  const reader = new TorReplyReader();
  const replies: TorReply[] = [];
  let failure: string | undefined;
  for (const chunk of chunks) {
    failure ??= reader.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk, (reply) => {
      replies.push(reply);
    });
  }
  return { replies, failure };
}

describe('a reply', () => {
  test.each<[string, TorReply[]]>([
    ['250 OK\r\n', [{ code: 250, lines: ['OK'] }]],
    ['250 OK\n', [{ code: 250, lines: ['OK'] }]],
    ['250 \r\n', [{ code: 250, lines: [''] }]],
    ['250-a=1\r\n250-b\r\n250 OK\r\n', [{ code: 250, lines: ['a=1', 'b', 'OK'] }]],
    [
      '250 one\r\n515 two\r\n',
      [
        { code: 250, lines: ['one'] },
        { code: 515, lines: ['two'] },
      ],
    ],
    ['650-a\r\n650 b\r\n', [{ code: 650, lines: ['a', 'b'] }]],
    // The last line decides.
    ['250-a\r\n551 b\r\n', [{ code: 551, lines: ['a', 'b'] }]],
    ['xyz what\r\n', [{ code: 0, lines: ['what'] }]],
    ['2x0 what\r\n', [{ code: 0, lines: ['what'] }]],
    ['\r\n\n250\r\nOK\r\n250 OK\r\n', [{ code: 250, lines: ['OK'] }]],
    // No separator that anybody knows: more is to come.
    ['250?a\r\n250 b\r\n', [{ code: 250, lines: ['a', 'b'] }]],
    ['250 \xff\x80\r\n', [{ code: 250, lines: ['\xff\x80'] }]],
    [
      '250+status=\r\n1 BUILT\r\n\r\n250 OK\r\n..dot\r\n...\r\n.\r\n250 OK\r\n',
      [{ code: 250, lines: ['status=', '1 BUILT', '', '250 OK', '.dot', '..', 'OK'] }],
    ],
  ])('%j is read, split anywhere and one byte at a time', (text, replies) => {
    for (const chunks of everySplit(Buffer.from(text, 'latin1'))) {
      expect(read(...chunks)).toEqual({ replies, failure: undefined });
    }
  });

  test('is nothing before the line feed of its last line', () => {
    const { replies } = read('250-a\r\n250 OK\r');
    expect(replies).toEqual([]);
    expect(read('250-a\r\n250 OK\r', '\n').replies).toHaveLength(1);
  });
});

describe('limits', () => {
  const longest = `250 ${'x'.repeat(TOR_MAX_LINE_BYTES - 5)}\r`;

  test('a line of 100,000 bytes with its CR is fine, one of a byte more is not, in one piece or many', () => {
    expect(longest).toHaveLength(100_000);
    for (const cut of [longest.length, 99_999, 4, 1]) {
      expect(read(longest.slice(0, cut), `${longest.slice(cut)}\n`)).toMatchObject({ replies: [{ code: 250 }] });
      expect(read(longest.slice(0, cut), `x${longest.slice(cut)}\n`)).toEqual({
        replies: [],
        failure: 'line-too-long',
      });
    }
  });

  test('a line without end is given up before its end', () => {
    expect(read('x'.repeat(100_000)).failure).toBeUndefined();
    expect(read('x'.repeat(100_000), 'x').failure).toBe('line-too-long');
  });

  test('a reply of 1,000 lines is fine, one of 1,001 is not', () => {
    const lines = '250-a\r\n'.repeat(TOR_MAX_REPLY_LINES - 1);
    expect(read(`${lines}250 OK\r\n`).replies[0]?.lines).toHaveLength(1_000);
    expect(read(`250-a\r\n${lines}250 OK\r\n`)).toEqual({ replies: [], failure: 'reply-too-long' });
    expect(read(`250-a\r\n${lines}250-b\r\n`).failure).toBe('reply-too-long');
  });

  test('they hold for the lines of a data block too', () => {
    const lines = 'a\r\n'.repeat(TOR_MAX_REPLY_LINES - 2);
    expect(read(`250+k=\r\n${lines}.\r\n250 OK\r\n`).replies).toHaveLength(1);
    expect(read(`250+k=\r\n${lines}b\r\n.\r\n250 OK\r\n`).failure).toBe('reply-too-long');
    expect(read('250+k=\r\n', 'x'.repeat(100_001)).failure).toBe('line-too-long');
  });

  test('begin anew with each reply', () => {
    const reply = `${'250-a\r\n'.repeat(999)}250 OK\r\n`;
    expect(read(reply, reply, reply).replies).toHaveLength(3);
  });

  test('lines that are too short to be any cost nothing', () => {
    expect(read(...Array.from({ length: 2_000 }, () => 'x\r\n'), '250 OK\r\n').replies).toHaveLength(1);
  });
});

describe('the bytes of a reply', () => {
  /** A line of so many bytes, its end included. */
  const line = (head: string, byteCount: number): string => `${head}${'x'.repeat(byteCount - head.length - 1)}\n`;

  test('are limited all together, and counted anew for each reply', () => {
    const most = line('250-', 100_000).repeat(9) + line('250-', 99_990) + line('250 ', 10);
    expect(most).toHaveLength(TOR_MAX_REPLY_BYTES);
    expect(read(most, most)).toMatchObject({ failure: undefined, replies: [{ code: 250 }, { code: 250 }] });
    const tooMany = line('250-', 100_000).repeat(9) + line('250-', 99_991) + line('250 ', 10);
    expect(read(tooMany)).toEqual({ failure: 'reply-too-long', replies: [] });
  });

  test('count also where a line is too short to be one', () => {
    expect(read('\n'.repeat(TOR_MAX_REPLY_BYTES)).failure).toBeUndefined();
    expect(read('\n'.repeat(TOR_MAX_REPLY_BYTES + 1)).failure).toBe('reply-too-long');
  });
});
