// A reader of Prometheus' text format that takes nothing but what the rules allow.

import { expect } from 'vitest';

/** One family, its samples by name and labels. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: Map<string, number>;
}

const HEAD = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(.*)\})? ([^ ]+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(?:,|$)/;

/** Reads a scrape; fails the test where a rule is broken. @returns Families by name. */
export function readMetrics(
  text: string,
  format: 'prometheus' | 'openmetrics' = 'prometheus',
): Map<string, ReadFamily> {
  expect(text.endsWith('\n')).toBe(true);
  expect(text).not.toContain('\r');
  const lines = text.slice(0, -1).split('\n');
  if (format === 'openmetrics') expect(lines.pop()).toBe('# EOF');
  const families = new Map<string, ReadFamily>();
  let current: { name: string; family: ReadFamily } | undefined;
  for (let at = 0; at < lines.length; at++) {
    const head = HEAD.exec(lines[at]!);
    if (head !== null) {
      const [, kind, name, help] = head;
      expect(kind, lines[at]).toBe('HELP');
      const type = HEAD.exec(lines[++at]!)!;
      expect([type[1], type[2]]).toEqual(['TYPE', name]);
      expect(['counter', 'gauge', 'histogram', 'summary']).toContain(type[3]);
      expect(families.has(name!), `${name} once`).toBe(false);
      current = { name: name!, family: { type: type[3]!, help: help!, samples: new Map() } };
      families.set(name!, current.family);
      continue;
    }
    const sample = SAMPLE.exec(lines[at]!);
    expect(sample, `a sample: ${lines[at]}`).not.toBeNull();
    const [, name, , labels = '', value] = sample!;
    const { type, samples } = current!.family;
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (type === 'counter' && format === 'openmetrics') suffixes[0] = '_total';
    expect(suffixes.map((suffix) => current!.name + suffix)).toContain(name);
    if (type === 'counter' && format === 'prometheus') expect(name).toMatch(/_total$/);
    const key = `${name}{${labels}}`;
    expect(samples.has(key), `${key} once`).toBe(false);
    checkLabels(labels);
    samples.set(key, numberOf(value!));
  }
  for (const { type, samples } of families.values()) {
    expect(samples.size).toBeGreaterThan(0);
    if (type === 'counter') for (const value of samples.values()) expect(value).toBeGreaterThanOrEqual(0);
    if (type === 'histogram') checkHistogram(samples);
  }
  return families;
}

/** The value of a sample; undefined where there is none. */
export function sampleOf(families: Map<string, ReadFamily>, name: string, labels = ''): number | undefined {
  for (const { samples } of families.values()) {
    const value = samples.get(`${name}{${labels}}`);
    if (value !== undefined) return value;
  }
  return undefined;
}

function checkLabels(labels: string): void {
  for (let rest = labels; rest !== '';) {
    const label = LABEL.exec(rest);
    expect(label, `a label: ${rest}`).not.toBeNull();
    rest = rest.slice(label![0].length);
  }
}

function numberOf(text: string): number {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  const value = Number(text);
  if (text !== 'NaN') expect(Number.isNaN(value), text).toBe(false);
  return value;
}

/** Buckets of each label set grow up to `+Inf`, which is the count. */
function checkHistogram(samples: ReadonlyMap<string, number>): void {
  const series = new Map<string, number[]>();
  for (const [key, value] of samples) {
    const bucket = /_bucket\{(.*?),?le="([^"]+)"\}$/.exec(key);
    if (bucket !== null) series.set(bucket[1]!, [...(series.get(bucket[1]!) ?? []), value]);
  }
  for (const [labels, values] of series) {
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    const count = [...samples].find(([key]) => key.endsWith(`_count{${labels}}`))?.[1];
    expect(values.at(-1)).toBe(count);
  }
}
