// The fuzz targets: by mutation without coverage, and by Jazzer.js where it is installed and its addon loads.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runBlind, targetNames, totalOf } from '../../../test/fuzz/blind.mjs';
import { BUILD, ROOT } from '../lib/bundle.mjs';

export const mutations = {
  title: 'Fuzz targets, mutation without coverage',
  async run({ seconds }) {
    const names = await targetNames();
    const rows = [];
    const findings = [];
    for (const name of names) {
      const { finding, ...row } = await runBlind({ name, seconds: seconds / names.length });
      rows.push({ ...row, 'in all runs': totalOf(name).executions });
      if (finding !== undefined) findings.push(`${name}: ${finding}`);
    }
    return { rows, findings };
  },
};

export const coverage = {
  title: 'Fuzz targets, guided by coverage (Jazzer.js)',
  async run({ seconds }) {
    if (!existsSync(join(ROOT, '.campaign/fuzz/node_modules/@jazzer.js/core'))) {
      return { skipped: 'Jazzer.js is not installed; `npm run fuzz` installs it' };
    }
    const names = await targetNames();
    const file = join(BUILD, 'coverage.json');
    rmSync(file, { force: true });
    const each = Math.max(1, Math.floor(seconds / names.length));
    const args = ['test/fuzz/run.mjs', '--seconds', String(each), '--json', file];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28 });
    if (!existsSync(file)) {
      const reason = /Error: (.*)/.exec(stderr)?.[1] ?? stderr.slice(-500);
      return /glibc/.test(reason) ? { skipped: reason } : { rows: [], findings: [reason] };
    }
    const rows = JSON.parse(readFileSync(file, 'utf8'));
    return { rows, findings: rows.some(({ findings }) => findings > 0) ? [stdout] : [] };
  },
};
