// `npm run campaign`: everything that looks for faults by itself, for a given time. Writes a report, and ends with status 1 if
// there is a finding.
//
//   npm run campaign -- [PART…] [--minutes N] [--out FILE]
//
//   PART       mutations, coverage, schedules, programs, engine, faults, networks, soak; all of them without one
//   --minutes  for all parts together (60)
//   --out      where the report goes; without it, to the folder .campaign
//
// Each part runs in a process of its own, one after the other, and goes on where the campaign before stopped: with other
// mutations, other seeds, other faults; the first one begins at random. What cannot run says why. docs/hardening.md has more.

import { fork, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { BUILD, ROOT } from './lib/bundle.mjs';
import { PARTS } from './parts/index.mjs';

/** A part that takes so much longer than it was given does not end. */
const PATIENCE = { factor: 3, seconds: 300 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '60' }, out: { type: 'string', default: join(BUILD, 'report.md') } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got '${values.minutes}'`);
for (const name of positionals) {
  if (!(name in PARTS)) throw new Error(`no part '${name}': ${Object.keys(PARTS).join(', ')}`);
}
const names = positionals.length === 0 ? Object.keys(PARTS) : positionals;

/** @returns {Promise<import('./parts/index.mjs').Outcome>} */
function runPart(name, seconds) {
  const child = fork(join(import.meta.dirname, 'part.mjs'), [name, String(seconds)], { execArgv: ['--expose-gc'] });
  const patienceMs = (seconds * PATIENCE.factor + PATIENCE.seconds) * 1_000;
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  return new Promise((resolve) => {
    child.once('message', resolve);
    child.once('exit', (status, signal) => resolve({ findings: [`the part itself ended with ${signal ?? status}`] }));
  }).finally(() => clearTimeout(timer));
}

/** A table in Markdown. @param {object[]} rows */
function tableOf(rows) {
  if (rows.length === 0) return '';
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '/')).join(' | ')} |`;
  const keys = Object.keys(rows[0]);
  return [line(keys), line(keys.map(() => '---')), ...rows.map((row) => line(keys.map((key) => row[key] ?? '')))].join(
    '\n',
  );
}

const total = names.reduce((sum, name) => sum + PARTS[name].share, 0);
const { stdout: commit } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;
const summary = [];
const sections = [];
let findingCount = 0;
for (const name of names) {
  const { title, share } = PARTS[name];
  const seconds = (minutes * 60 * share) / total;
  const began = performance.now();
  const { skipped, rows = [], findings = [] } = await runPart(name, seconds);
  const tookSeconds = Math.round((performance.now() - began) / 1_000);
  findingCount += findings.length;
  const result = skipped === undefined ? counted(findings.length, 'finding') : `skipped: ${skipped}`;
  console.log(`${title}: ${tookSeconds} s, ${result}`);
  for (const finding of findings) console.log(`${name}: ${finding}`);
  summary.push({ part: name, what: title, seconds: tookSeconds, result });
  const found = findings.map((finding) => `\`\`\`text\n${finding}\n\`\`\``);
  if (rows.length + found.length > 0) sections.push([`## ${title}`, tableOf(rows), ...found].join('\n\n'));
}

const head = `# A campaign of ${counted(minutes, 'minute')}

${new Date().toISOString()}, commit ${commit?.trim() || 'unknown'}, Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}.
docs/hardening.md says what each part does, and what a finding is.`;
mkdirSync(dirname(values.out), { recursive: true });
writeFileSync(values.out, `${[head, tableOf(summary), ...sections].join('\n\n')}\n`);
console.log(`${findingCount} findings; report: ${values.out}`);
process.exitCode = findingCount === 0 ? 0 : 1;
