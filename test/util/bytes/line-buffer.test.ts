import { describe, expect, it } from 'vitest';

import { LineBuffer } from '../../../ts/util/bytes/line-buffer.ts';

describe('the bytes of a line', () => {
  it.each(['', 'a', 'abc\r', '\r', 'a\rb', 'é', 'x'.repeat(1_000), `${'y'.repeat(5_000)}\r`])(
    'are the same however they come: %j',
    (text) => {
      const bytes = Buffer.from(text, 'latin1');
      const buffer = new LineBuffer();
      for (const pieceBytes of [1, 7, 256, 10_000]) {
        for (let at = 0; at < bytes.length; at += pieceBytes) buffer.append(bytes.subarray(at, at + pieceBytes));
        expect(buffer.length).toBe(bytes.length);
        expect(buffer.take()).toBe(text.endsWith('\r') ? text.slice(0, -1) : text);
        expect(buffer.length).toBe(0);
      }
    },
  );

  it('are copied: what they came in may be used again', () => {
    const lent = Buffer.from('ab');
    const buffer = new LineBuffer();
    buffer.append(lent);
    lent.fill(0);
    expect(buffer.take()).toBe('ab');
  });
});
