import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';

import * as errno from '../../../ts/util/errors/errno.ts';

type ErrnoName = Parameters<typeof errno.errnoNumber>[0];

describe.skipIf(process.platform === 'win32')(
  'numbers of errors (skipped on Windows, which has no such numbers)',
  () => {
    it('are the system’s own, for every name it has', () => {
      for (const [name, number] of Object.entries(constants.errno)) {
        expect(errno.errnoNumber(name as ErrnoName), name).toBe(number);
      }
    });

    it('that code decides on are there', () => {
      const numbers = Object.entries(errno).filter(([name]) => /^E[A-Z]+$/.test(name));
      expect(numbers.length).toBeGreaterThan(10);
      for (const [name, number] of numbers) expect(number, name).toBe(constants.errno[name as ErrnoName]);
    });
  },
);

describe('words for errors', () => {
  it('are name and description', () => {
    expect(errno.errnoName(errno.ECONNRESET)).toBe('ECONNRESET');
    expect(errno.errnoText(errno.ECONNRESET)).toBe('ECONNRESET (connection reset by peer)');
  });

  it('are the number where nobody has a name for it', () => {
    expect(errno.errnoName(99_999)).toBe('errno 99999');
    expect(errno.errnoText(99_999)).toBe('errno 99999');
  });

  it('are found for what a runtime throws, whichever sign it gives the number', () => {
    expect(errno.errnoOf({ errno: -errno.EPIPE }, 0)).toBe(errno.EPIPE);
    expect(errno.errnoOf({ errno: errno.EPIPE }, 0)).toBe(errno.EPIPE);
    for (const other of [null, undefined, 'EPIPE', {}, { errno: 'EPIPE' }, { errno: 0 }]) {
      expect(errno.errnoOf(other, errno.EMFILE)).toBe(errno.EMFILE);
    }
  });
});
