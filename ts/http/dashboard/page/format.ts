// Numbers in readable form: three significant digits, thousands and units separated by a narrow space.

/** A narrow no-break space. */
const THIN = '\u202f';

/** A value and its unit, which are shown apart. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes, in decimal units. */
export function bytes(byteCount: number, suffix = ''): Quantity {
  let size = byteCount;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1_000;
    unit++;
  }
  return { value: unit === 0 ? String(Math.round(size)) : threeDigits(size), unit: `${UNITS[unit]}${suffix}` };
}

/** Milliseconds; from 1,000 on, seconds. */
export function milliseconds(ms: number): Quantity {
  if (ms >= 999.5) return { value: (ms / 1_000).toFixed(2), unit: 's' };
  return { value: ms < 10 ? ms.toFixed(1) : String(Math.round(ms)), unit: 'ms' };
}

/** A duration, in its largest unit that gives more than one. */
export function duration(seconds: number): Quantity {
  if (seconds < 90) return { value: String(Math.max(0, Math.round(seconds))), unit: 's' };
  if (seconds < 5_400) return { value: String(Math.round(seconds / 60)), unit: 'min' };
  if (seconds < 86_400) return { value: (seconds / 3_600).toFixed(1), unit: 'h' };
  const days = seconds / 86_400;
  return { value: days < 10 ? days.toFixed(1) : String(Math.round(days)), unit: 'd' };
}

/** A whole number. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** A part of a whole, in percent. */
export function percent(part: number, whole: number): string {
  return String(Math.round((part * 100) / whole));
}

/** Value and unit as one text. */
export function text({ value, unit }: Quantity): string {
  return `${value}${THIN}${unit}`;
}

/** How long ago, in words. */
export function ago(seconds: number): string {
  if (seconds <= 0) return 'now';
  const minutes = seconds >= 60 ? `${Math.floor(seconds / 60)}${THIN}min ` : '';
  return `${minutes}${Math.floor(seconds % 60)}${THIN}s ago`;
}

/** The time of day, in the browser's time zone. */
export function clockTime(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** The median; undefined for an empty list. */
export function median(values: readonly number[]): number | undefined {
  return quantile(values, 0.5);
}

/** The quantile at a share; undefined for an empty list. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function threeDigits(value: number): string {
  return value >= 99.95 ? String(Math.round(value)) : value.toFixed(1);
}
