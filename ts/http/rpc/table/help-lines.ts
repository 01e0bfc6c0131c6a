// The two-column lines of the help.

/** Gap between the longest left side and the right sides. */
const GAP = '    ';

/** A line: left and right side. */
export type HelpLine = readonly [string, string];

/** The lines as text, the right sides below each other; further lines of a right side begin where it does. */
export function alignedLines(lines: readonly HelpLine[]): string {
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines
    .map(([left, right]) => {
      if (right === '') return `${left}\n`;
      const text = right.replaceAll('\n', `\n${' '.repeat(width)}${GAP}`);
      return `${left.padEnd(width)}${GAP}${text}\n`;
    })
    .join('');
}
