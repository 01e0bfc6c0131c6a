// Plain text tables: columns as wide as their widest cell, numbers right-aligned. On a narrow screen whole columns are left
// out, the least important first; half a number would mislead.

import { PLAIN } from './style.ts';
import type { Style } from './style.ts';

/** One column: its heading, and the alignment of its cells. */
export interface Column {
  readonly heading: string;
  readonly align: 'left' | 'right';
  /** Widest cell, in characters; longer text is cut. Default: no limit. */
  readonly maxWidth?: number;
  /** The column's turn when some must be left out of a narrow screen: 1 goes first. Default: it stays. */
  readonly leavesAs?: number;
}

/** Gap between columns. */
const GAP = '  ';

/** Narrowest that a column of text becomes to let the others in, in characters. */
const MIN_TEXT_COLUMNS = 8;

/**
 * Lays out rows under their headings. What is too wide loses columns by `leavesAs`, then the end of its widest column of
 * text, then the end of its lines.
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
  const limit = maxColumns > 0 ? maxColumns : Infinity;
  const fitted = fit(
    columns.map((column, at) => ({ column, at, width: widths[at]! })),
    limit,
  );
  const [heading = '', ...rest] = lines.map((line) => {
    const padded = fitted.map(({ column: { align }, at, width }) => {
      const cell = cut(line[at] ?? '', width);
      return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    return cut(padded.join(GAP).trimEnd(), limit);
  });
  return [style.heading(heading), ...rest];
}

/** A column as it is shown. */
interface Fitted {
  readonly column: Column;
  /** Its place in every row. */
  readonly at: number;
  readonly width: number;
}

/** The columns that a line of this length shows, with their widths. */
function fit(all: readonly Fitted[], limit: number): readonly Fitted[] {
  let shown = all;
  while (widthOf(shown) > limit) {
    const turns = shown.map(({ column }) => column.leavesAs ?? Infinity);
    const next = Math.min(...turns);
    if (next === Infinity) return narrow(shown, widthOf(shown) - limit);
    shown = shown.filter((_, at) => turns[at] !== next);
  }
  return shown;
}

/** Takes the excess from the widest column of text. */
function narrow(shown: readonly Fitted[], excess: number): readonly Fitted[] {
  const texts = shown.filter(({ column }) => column.align === 'left');
  const widest = Math.max(0, ...texts.map(({ width }) => width));
  const narrowed = texts.find(({ width }) => width === widest);
  return shown.map((each) =>
    each === narrowed ? { ...each, width: Math.min(widest, Math.max(MIN_TEXT_COLUMNS, widest - excess)) } : each,
  );
}

function widthOf(shown: readonly Fitted[]): number {
  return shown.reduce((sum, { width }) => sum + width, GAP.length * (shown.length - 1));
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
