// Tables as text for the terminal and as Markdown for the pages, and whether the goals are met.

import { cell, columnsOf } from './columns.mjs';

/** Runtimes that SockMan must not be behind in any case with a goal. */
const RIVALS = ['bun', 'deno', 'go'];

/** @param {string} goal @param {boolean} isMet @param {number} ratio */
const judge = (goal, isMet, ratio) => `${goal}: ${isMet ? 'met' : `missed (${ratio.toFixed(3)})`}`;

/**
 * The goal of SockMan's default in this case, and whether it is met.
 * @param {import('../lib/types.mjs').Table} table
 * @returns {string | undefined}
 */
function verdict({ goal, rows }) {
  const ours = rows.find(({ peer }) => peer === 'sockman')?.values;
  if (goal === undefined || ours === undefined || ours.rateRatio === undefined) return undefined;
  const parts = [];
  if (goal.rate !== undefined)
    parts.push(judge(`rate ≥ ${goal.rate} × C`, ours.rateRatio >= goal.rate, ours.rateRatio));
  if (goal.cpu !== undefined) parts.push(judge(`CPU ≤ ${goal.cpu} × C`, ours.cpuRatio <= goal.cpu, ours.cpuRatio));
  for (const { title, values } of rows.filter(({ peer }) => RIVALS.includes(peer))) {
    parts.push(judge(`rate ≥ ${title}`, ours.rate >= values.rate, ours.rate / values.rate));
    parts.push(judge(`CPU ≤ ${title}`, ours.cpu <= values.cpu, ours.cpu / values.cpu));
  }
  return parts.join(', ');
}

/** @param {import('../lib/types.mjs').Table} table */
function heading({ title, note }) {
  return note === undefined ? title : `${title} (${note})`;
}

/** @param {import('../lib/types.mjs').Table} table */
function cellsOf(table) {
  const columns = columnsOf(table);
  const rows = table.rows.map(({ title, values }) => [title, ...columns.map((column) => cell(column, values))]);
  return [['', ...columns.map((column) => column.heading)], ...rows];
}

/** @param {import('../lib/types.mjs').Table} table */
export function textTable(table) {
  const cells = cellsOf(table);
  const widths = cells[0].map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const lines = cells.map((row) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  '),
  );
  const goal = verdict(table);
  return ['', heading(table), ...lines, ...(goal === undefined ? [] : [`Goal: ${goal}`])].join('\n');
}

/** @param {import('../lib/types.mjs').Table} table */
export function markdownTable(table) {
  if (table.columns === 'text') return `\`\`\`text\n${table.text}\n\`\`\`\n`;
  const [head, ...rows] = cellsOf(table);
  const line = (row) => `| ${row.join(' | ')} |`;
  const goal = verdict(table);
  return [
    `#### ${heading(table)}`,
    '',
    line(head),
    line(head.map((_, i) => (i === 0 ? '---' : '--:'))),
    ...rows.map(line),
    ...(goal === undefined ? [] : ['', `Goal: ${goal}.`]),
    '',
  ].join('\n');
}
