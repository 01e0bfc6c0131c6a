// Does anything crash, hang, spin or leak when system calls fail? One run for each call, error and moment, as a table.
//
//   node scripts/faults/run.mjs [CALL…] [--jobs N] [--write]
//
//   CALL     those alone, or `CALL:ERROR`
//   --jobs   runs at a time (1); each waits more than it works
//   --write  writes the table to docs/system-call-faults.md; for all calls only

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { faultsToTry, tryFault } from './faults.mjs';
import { cell, reportOf, withReport } from './report.mjs';

const PAGE = join(import.meta.dirname, '../../docs/system-call-faults.md');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { jobs: { type: 'string', default: '1' }, write: { type: 'boolean', default: false } },
});
const jobs = Number(values.jobs);
if (!Number.isInteger(jobs) || jobs < 1) throw new Error(`--jobs: expected a whole number, got '${values.jobs}'`);
if (values.write && positionals.length > 0) throw new Error('--write is for all calls');

const all = faultsToTry(positionals);
const tried = [];
let next = 0;
let faultCount = 0;
console.log('| call | error | at | injected | fault | what else did not come to its end |');
console.log('| --- | --- | --- | --: | --- | --- |');
async function work() {
  while (next < all.length) {
    const index = next++;
    const one = all[index];
    const result = await tryFault(one);
    tried[index] = { ...one, ...result };
    const { injected, fault, outcome } = result;
    if (fault !== '') faultCount++;
    console.log(`| ${one.call} | ${one.error} | ${one.moment} | ${injected} | ${cell(fault)} | ${cell(outcome)} |`);
  }
}
await Promise.all(Array.from({ length: jobs }, work));

const reached = tried.filter(({ injected }) => injected > 0).length;
console.log(`\n${tried.length} runs, ${reached} with a call that failed, ${faultCount} faults`);
if (values.write) writeFileSync(PAGE, withReport(readFileSync(PAGE, 'utf8'), reportOf(tried)));
process.exitCode = faultCount === 0 ? 0 : 1;
