// Failing system calls (scripts/faults), two hosts on a bad network (test/networks), and the soak.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultsToTry, tryFault } from '../../faults/faults.mjs';
import { BUILD, ROOT, anySeed } from '../lib/bundle.mjs';
import { soak as soakFor } from '../soak/soak.mjs';

const NEXT_FAULT = join(BUILD, 'next-fault.json');
/** What the tests of the networks take, on a busy machine. */
const NETWORKS_SECONDS = 150;

export const faults = {
  title: 'Failing system calls',
  async run({ seconds }) {
    if (spawnSync('strace', ['-V']).status !== 0) return { skipped: 'no strace (Debian package strace)' };
    if (!existsSync(join(ROOT, 'esm/index.js'))) return { skipped: 'the package is not built: npm run build:ts' };
    const all = faultsToTry();
    const end = performance.now() + seconds * 1_000;
    const findings = [];
    let at = existsSync(NEXT_FAULT) ? JSON.parse(readFileSync(NEXT_FAULT, 'utf8')) : anySeed();
    let tried = 0;
    for (; tried < all.length && performance.now() < end; tried++, at++) {
      const one = all[at % all.length];
      const { fault } = await tryFault(one);
      if (fault !== '') findings.push(`${one.call} ${one.error} at ${one.moment}: ${fault}`);
    }
    writeFileSync(NEXT_FAULT, String(at % all.length));
    return { rows: [{ tried, 'of all': all.length }], findings };
  },
};

export const networks = {
  title: 'Two hosts on a bad network',
  async run({ seconds }) {
    if (seconds < NETWORKS_SECONDS) return { skipped: 'takes minutes; part of the ordinary tests' };
    const end = performance.now() + (seconds - NETWORKS_SECONDS) * 1_000;
    const findings = [];
    let rounds = 0;
    do {
      const args = ['node_modules/vitest/vitest.mjs', 'run', 'test/networks'];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
      if (/skipped, (.*)/.test(stdout)) return { skipped: /skipped, (.*)/.exec(stdout)[1] };
      rounds++;
      if (status !== 0) findings.push((stdout + stderr).slice(-4_000));
    } while (performance.now() < end && findings.length === 0);
    return { rows: [{ rounds }], findings };
  },
};

export const soak = {
  title: 'Soak: what is left once all are gone',
  run: ({ seconds }) => soakFor({ minutes: seconds / 60 }),
};
