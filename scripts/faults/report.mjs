// The section of docs/system-call-faults.md that a run writes: what each error of each call led to.

import { execFileSync } from 'node:child_process';
import { release } from 'node:os';

const BEGIN = '<!-- written by `node scripts/faults/run.mjs --write` -->';
const END = '<!-- end -->';
/** The moments as columns. */
const COLUMNS = { 1: 'the first call', 3: 'the third', '1+': 'every one' };

/** Text that cannot break a table. @param {string} text */
export const cell = (text) => text.replaceAll('|', '/').replaceAll('\n', ' ');

/**
 * One cell: the steps of the scenario that did not come to their end, without the reasons that they gave.
 * @param {{ injected: number, fault: string, outcome: string } | undefined} run
 */
function cellOf(run) {
  if (run === undefined) return '';
  if (run.injected === 0) return 'not called';
  if (run.fault !== '') return `**${cell(run.fault)}**`;
  const steps = run.outcome.split(', ').map((step) => step.split(':')[0]);
  return run.outcome === '' ? 'all done' : `not ${steps.join(', ')}`;
}

/**
 * A table with a row for each call and for the errors that led to the same.
 * @param {readonly (import('./faults.mjs').Fault & { injected: number, fault: string, outcome: string })[]} runs
 */
export function reportOf(runs) {
  const cells = new Map();
  for (const run of runs) {
    const key = `${run.call} ${run.error}`;
    cells.set(key, { ...cells.get(key), [run.moment]: cellOf(run) });
  }
  const rows = new Map();
  for (const [key, byMoment] of cells) {
    const [call, error] = key.split(' ');
    const storm = byMoment['2+3'] === undefined ? [] : [`every third: ${byMoment['2+3']}`, '', ''];
    const texts = storm.length > 0 ? storm : Object.keys(COLUMNS).map((moment) => byMoment[moment] ?? '');
    const row = `${call} ${texts.join('|')}`;
    rows.set(row, { call, texts, errors: [...(rows.get(row)?.errors ?? []), error] });
  }
  const lines = [...rows.values()].map(
    ({ call, errors, texts }) => `| \`${call.replaceAll(',', '`, `')}\` | ${errors.join(' ')} | ${texts.join(' | ')} |`,
  );
  const reached = runs.filter(({ injected }) => injected > 0).length;
  const failed = runs.filter(({ fault }) => fault !== '').length;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const when = new Date().toISOString().slice(0, 10);
  return `Run on ${when} at commit ${commit}, Linux ${release()}, Node.js ${process.version.slice(1)}: ${runs.length} runs, of which ${reached} had a call that
failed; ${failed === 0 ? 'no fault' : `${failed} faults`}.

| call | errors | ${Object.values(COLUMNS).join(' | ')} |
| --- | --- | --- | --- | --- |
${lines.join('\n')}`;
}

/**
 * The page with a new report.
 * @param {string} page @param {string} report
 */
export function withReport(page, report) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the page lacks '${BEGIN}' or '${END}'`);
  return `${page.slice(0, begin)}${BEGIN}\n\n${report}\n\n${page.slice(end)}`;
}
