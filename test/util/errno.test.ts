import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';

import * as errno from '../../ts/util/errno.ts';

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
