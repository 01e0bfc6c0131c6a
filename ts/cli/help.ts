// The texts of `--help`: a line for each command, and the manual of one.

import type { Command, CommandEntry } from './command.ts';
import type { Style } from './terminal/style.ts';

/** Widest help, in characters: longer lines are hard to read. */
const MAX_COLUMNS = 120;

/** Widest column of options; a longer option gets a line of its own. */
const MAX_TERM_COLUMNS = 26;

const GAP = '  ';

/** The overview: a line for each command. */
export function overview(commands: Readonly<Record<string, CommandEntry>>, columns: number, style: Style): string[] {
  const rows = Object.entries(commands).map(([name, { summary }]) => [name, summary] as const);
  return [
    `${style.heading('usage:')} sockman COMMAND [OPTIONS]`,
    '',
    style.heading('commands:'),
    ...definitions(rows, columns),
    '',
    ...definitions(
      [
        ['sockman COMMAND --help', 'explains a command, with examples'],
        ['sockman COMMAND --debug', 'logs internal steps to standard error, as NODE_DEBUG=sockman does'],
        ['sockman --version', 'prints the versions of this package and of Node'],
      ],
      columns,
    ),
  ];
}

/** The manual of one command. */
export function manual(name: string, summary: string, command: Command, columns: number, style: Style): string[] {
  const operands = command.operands ?? [];
  const usage = ['sockman', name, ...operands.map(({ placeholder }) => placeholder), '[OPTIONS]'].join(' ');
  const lines = [...wrap(summary, widthOf(columns)), '', `${style.heading('usage:')} ${usage}`];
  const rows = operands.map(({ placeholder, help }): Row => [placeholder, help]);
  for (const [group, options] of groupsOf(command.options)) {
    if (group !== '') lines.push('', style.heading(`${group}:`));
    lines.push(...definitions([...rows.splice(0), ...options], columns));
  }
  lines.push(...definitions(rows, columns));
  for (const note of command.notes ?? []) lines.push('', ...wrap(note, widthOf(columns)));
  lines.push('', style.heading('examples:'));
  for (const [commandLine, what] of command.examples)
    lines.push(`${GAP}${commandLine}`, `${GAP}${GAP}${style.faint(what)}`);
  return lines;
}

/** A term and its meaning. */
type Row = readonly [term: string, meaning: string];

/** Options by their heading; '' for those without one. */
function groupsOf(options: Command['options']): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const [name, { placeholder, help, group = '' }] of Object.entries(options)) {
    const row: Row = [`--${name}${placeholder === undefined ? '' : ` ${placeholder}`}`, help];
    groups.set(group, [...(groups.get(group) ?? []), row]);
  }
  return groups;
}

/** Terms on the left, their meanings on the right. */
function definitions(rows: readonly Row[], columns: number): string[] {
  const widths = rows.map(([term]) => term.length).filter((width) => width <= MAX_TERM_COLUMNS);
  const width = Math.max(0, ...widths);
  const indent = GAP.length + width + GAP.length;
  return rows.flatMap(([term, meaning]) => {
    const [first = '', ...rest] = wrap(meaning, widthOf(columns) - indent);
    const others = rest.map((line) => `${' '.repeat(indent)}${line}`);
    if (term.length <= width) return [`${GAP}${term.padEnd(width)}${GAP}${first}`.trimEnd(), ...others];
    return [`${GAP}${term}`, `${' '.repeat(indent)}${first}`, ...others];
  });
}

function widthOf(columns: number): number {
  return columns > 0 ? Math.min(columns, MAX_COLUMNS) : MAX_COLUMNS;
}

/** Breaks a text between words; a word that is longer than a line gets a line of its own. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
