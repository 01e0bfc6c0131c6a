// Writes the latest numbers into bench/README.md, between its two markers, and the chart beside it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BENCH_DIRECTORY } from '../lib/build.mjs';
import { drawChart } from './chart.mjs';
import { markdownTable } from './table.mjs';

const BEGIN = '<!-- results: written by `npm run bench` -->';
const END = '<!-- end of results -->';

/** @param {{ machine: string[], command: string, tables: import('../lib/types.mjs').Table[] }} results */
export function updateReadme({ machine, command, tables }) {
  const path = join(BENCH_DIRECTORY, 'README.md');
  const text = readFileSync(path, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error('bench/README.md has lost the markers of its results');
  const date = new Date().toISOString().slice(0, 10);
  const results = [
    BEGIN,
    '',
    `Measured on ${date} with \`npm run bench${command === '' ? '' : ` -- ${command}`}\`.`,
    '',
    ...machine.map((line) => `- ${line}`),
    '',
    '![Rate and CPU beside the C loop](chart.svg)',
    '',
    ...tables.map(markdownTable),
  ].join('\n');
  writeFileSync(path, `${text.slice(0, begin)}${results}\n${text.slice(end)}`);
  writeFileSync(join(BENCH_DIRECTORY, 'chart.svg'), drawChart(tables));
}
