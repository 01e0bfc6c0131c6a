// Numbers and texts in the report's format: narrow spaces, a true minus sign, three significant digits; `–` for unknown values.

import type { Summary } from './tally/summary.ts';

/** U+202F: separates thousands, and stands before a unit. */
const THIN = '\u202f';
const MINUS = '\u2212';
export const UNKNOWN = '–';

/** A whole number with separated thousands. */
export function whole(value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  return String(Math.round(value))
    .replace('-', MINUS)
    .replace(/\B(?=(\d{3})+$)/g, THIN);
}

/** A difference, with its sign. */
export const signed = (value: number): string => (value > 0 ? `+${whole(value)}` : whole(value));

/** A figure and its unit, which is set in smaller type. */
export interface Quantity {
  readonly figure: string;
  readonly unit: string;
}

/** Three significant digits without trailing zeros that mean nothing. */
function figure(value: number): string {
  if (value >= 100) return whole(value);
  return value >= 10 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(2).replace(/\.?0+$/, '');
}

/** A duration, in the unit that suits it. */
export function duration(ms: number | undefined): Quantity | undefined {
  if (ms === undefined) return undefined;
  if (ms >= 999.5) return { figure: (ms / 1_000).toPrecision(3), unit: 's' };
  return ms >= 9.995 ? { figure: ms.toFixed(0), unit: 'ms' } : { figure: figure(ms), unit: 'ms' };
}

/** A time span in seconds, for ages. */
export function span(seconds: number | undefined): Quantity | undefined {
  if (seconds === undefined) return undefined;
  if (seconds < 3_600) return { figure: figure(seconds / 60), unit: 'min' };
  return seconds < 2 * 86_400
    ? { figure: figure(seconds / 3_600), unit: 'h' }
    : { figure: figure(seconds / 86_400), unit: 'd' };
}

/** A part as a percentage of the whole; undefined when the whole is 0. */
export function percent(part: number, of: number, digits: number = 1): Quantity | undefined {
  if (of === 0) return undefined;
  return { figure: ((part * 100) / of).toFixed(digits), unit: '%' };
}

/** A quantity as plain text. */
export const plain = (quantity: Quantity | undefined): string =>
  quantity === undefined ? UNKNOWN : `${quantity.figure}${THIN}${quantity.unit}`;

/** A quantity as markup. */
export const marked = (quantity: Quantity | undefined): string =>
  quantity === undefined ? UNKNOWN : `${quantity.figure}<span class="u">${THIN}${quantity.unit}</span>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Invisible characters and those that change the direction of text: controls, formats, separators, surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A stranger's text as markup: shown character by character, whatever is in it. */
export function escapeHtml(text: string): string {
  return text
    .replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/** `29 November 2026`, in UTC. */
export function date(ms: number): string {
  const at = new Date(ms);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** `06:07:12`, in UTC. */
export const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** When the round ran: `29 November 2026, 06:00:00 to 06:07:12 UTC`. */
export function period({ startedAt, endedAt }: Pick<Summary, 'startedAt' | 'endedAt'>): string {
  if (endedAt === 0) return 'no visit';
  const [from, to] = [date(startedAt), date(endedAt)];
  const end = from === to ? clock(endedAt) : `${to}, ${clock(endedAt)}`;
  return `${from}, ${clock(startedAt)} to ${end} UTC`;
}
