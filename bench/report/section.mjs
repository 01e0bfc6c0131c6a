// One section of a Markdown page, written by a run between its two markers. A page without them gets them at its end, a
// missing page is created. The chart is in the section of the servers.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BENCH_DIRECTORY } from '../lib/build.mjs';
import { markdownTable } from './table.mjs';

const ROOT = dirname(BENCH_DIRECTORY);

/** The measured commit, if known; with a plus if its sources were changed. */
function commit() {
  const git = (/** @type {string} */ ...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--', 'ts', 'native') !== '';
    return ` at ${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
  } catch {
    return '';
  }
}

/**
 * @param {string} path
 * @param {string} name - Of the section; the bench's.
 * @param {{ machine: string[], command: string, tables: import('../lib/types.mjs').Table[] }} results
 */
export function writeSection(path, name, { machine, command, tables }) {
  const begin = `<!-- ${name}: written by npm run bench -->`;
  const end = `<!-- end of ${name} -->`;
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '# Results\n';
  const date = new Date().toISOString().slice(0, 10);
  const section = [
    begin,
    '',
    `Measured on ${date}${commit()} with \`npm run bench${command === '' ? '' : ` -- ${command}`}\`.`,
    '',
    ...machine.map((line) => `- ${line}`),
    '',
    ...(name === 'servers' ? ['![Rate and CPU beside the C loop](chart.svg)', ''] : []),
    ...tables.map(markdownTable),
    end,
  ].join('\n');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  const isThere = from >= 0 && to > from;
  const before = isThere ? text.slice(0, from) : `${text.trimEnd()}\n\n`;
  const after = isThere ? text.slice(to + end.length) : '\n';
  writeFileSync(path, before + section + after);
}
