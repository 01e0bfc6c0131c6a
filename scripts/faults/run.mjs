// Does anything crash, hang, spin or leak when system calls fail? One run for each call, error and moment, as a table.
// `node scripts/faults/run.mjs [CALL…]`

import { faultsToTry, tryFault } from './faults.mjs';

/** @param {string} text */
const cell = (text) => text.replaceAll('|', '/').replaceAll('\n', ' ');

let runs = 0;
let faults = 0;
console.log('| call | error | at | injected | fault | what else did not come to its end |');
console.log('| --- | --- | --- | --: | --- | --- |');
for (const one of faultsToTry(process.argv.slice(2))) {
  const { injected, fault, outcome } = await tryFault(one);
  if (injected === 0) continue;
  runs++;
  if (fault !== '') faults++;
  const at = { '1+': 'every', '2+3': 'every third' }[one.moment] ?? one.moment;
  console.log(`| ${one.call} | ${one.error} | ${at} | ${injected} | ${cell(fault)} | ${cell(outcome)} |`);
}
console.log(`\n${runs} runs, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
