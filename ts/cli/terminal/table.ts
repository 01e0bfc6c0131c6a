// Plain text tables: columns as wide as their widest cell, numbers to the right, the last column cut at the screen's edge.

/** One column: its heading, and how its cells stand. */
export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
}

/** Between columns. */
const GAP = '  ';

/**
 * Lays out rows under their headings.
 *
 * @param maxColumns - Longest line, in characters; 0 for no limit.
 * @returns One line per row, behind the line of headings, without trailing blanks.
 */
export function layOut(columns: readonly Column[], rows: readonly (readonly string[])[], maxColumns: number): string[] {
  const lines = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, at) => lines.reduce((width, cells) => Math.max(width, cells[at]?.length ?? 0), 0));
  return lines.map((cells) => {
    const padded = columns.map(({ align }, at) => {
      const cell = cells[at] ?? '';
      return align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
    });
    const line = padded.join(GAP).trimEnd();
    return maxColumns > 0 && line.length > maxColumns ? `${line.slice(0, maxColumns - 1)}…` : line;
  });
}

/** Bytes for people: `512 B`, `1.5 kB`, `12 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let value = bytes;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
