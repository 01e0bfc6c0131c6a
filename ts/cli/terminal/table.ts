// Plain text tables: columns as wide as their widest cell, numbers right-aligned, the last column cut at the screen's edge.

import { PLAIN } from './style.ts';
import type { Style } from './style.ts';

/** One column: its heading, and the alignment of its cells. */
export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
  /** Widest cell, in characters; longer text is cut. Default: no limit. */
  readonly maxWidth?: number;
}

/** Gap between columns. */
const GAP = '  ';

/**
 * Lays out rows under their headings.
 *
 * @param maxColumns - Longest line, in characters; 0 for no limit.
 * @param style - Of the headings.
 * @returns The headings and one line per row, without trailing blanks.
 */
export function layOut(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  maxColumns: number,
  style: Style = PLAIN,
): string[] {
  const cells = rows.map((row) => row.map((cell, at) => cut(cell, columns[at]?.maxWidth ?? Infinity)));
  const lines = [columns.map(({ heading }) => heading), ...cells];
  const widths = columns.map((_, at) => lines.reduce((width, line) => Math.max(width, line[at]?.length ?? 0), 0));
  const [heading = '', ...rest] = lines.map((line) => {
    const padded = columns.map(({ align }, at) => {
      const cell = line[at] ?? '';
      return align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
    });
    return cut(padded.join(GAP).trimEnd(), maxColumns > 0 ? maxColumns : Infinity);
  });
  return [style.heading(heading), ...rest];
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

/** Readable bytes: `512 B`, `1.5 kB`, `12 MB`. */
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
