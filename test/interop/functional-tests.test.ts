// Bitcoin Core's own functional tests drive `sockman node`, where CORE_SRC names a checkout of it: minutes each.

import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'functional-tests.mjs');

/** Longest that the runs of one test may take together, in milliseconds. */
const TIMEOUT_MS = 960_000;

const { CORE_SRC = '' } = process.env;
if (CORE_SRC === '') console.info("Bitcoin Core's functional tests are skipped: CORE_SRC names no checkout of it");

const names =
  CORE_SRC === ''
    ? ['any']
    : execFileSync(process.execPath, [SCRIPT, '--list'], { encoding: 'utf8' }).trim().split('\n');

describe.skipIf(CORE_SRC === '')('sockman node, in place of bitcoind', () => {
  it.each(names)('passes %s, but for what needs a chain', { timeout: TIMEOUT_MS }, async (name) => {
    const { code, table } = await new Promise<{ code: number; table: string }>((resolve) => {
      execFile(process.execPath, [SCRIPT, name], { encoding: 'utf8' }, (error, stdout, stderr) => {
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1,
          table: stdout + stderr,
        });
      });
    });
    console.info(table.trim());
    expect(code, table).toBe(0);
  });
});
