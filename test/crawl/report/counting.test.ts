// What reports count with: durations, texts of strangers, uptimes, systems.

import { describe, expect, it } from 'vitest';
import { escapeHtml, duration, plain, signed, span, whole } from '../../../ts/crawl/report/format.ts';
import { LogHistogram } from '../../../ts/crawl/report/tally/log-histogram.ts';
import { Systems } from '../../../ts/crawl/report/tally/systems.ts';
import { MAX_DISTINCT_TEXTS, TextCounts } from '../../../ts/crawl/report/tally/text-counts.ts';
import { Uptimes } from '../../../ts/crawl/report/files/uptimes.ts';
import { seeded } from './sample-records.ts';

describe('a histogram of durations', () => {
  it('tells quantiles within 1 % of sorted values', () => {
    const random = seeded(5);
    const histogram = new LogHistogram();
    const values = Array.from({ length: 10_001 }, () => Math.exp(random() * 12) / 10);
    for (const value of values) histogram.add(value);
    values.sort((a, b) => a - b);
    for (const share of [0.01, 0.5, 0.9, 0.99]) {
      const exact = values[Math.ceil(share * values.length) - 1]!;
      expect(Math.abs(histogram.quantile(share)! / exact - 1)).toBeLessThan(0.01);
    }
  });

  it('tells equal values as they are', () => {
    const histogram = new LogHistogram();
    for (let count = 0; count < 100; count++) histogram.add(48);
    expect(histogram.distribution()).toEqual({ count: 100, median: 48, p90: 48 });
  });

  it.each([0, -1, Number.NaN, Infinity, 1e9])('takes %s without a fault', (ms) => {
    const histogram = new LogHistogram();
    histogram.add(ms);
    expect(histogram.count).toBe(1);
  });
});

describe('counts of texts', () => {
  it('tell apart as many as the limit, and keep the frequent ones past it', () => {
    const counts = new TextCounts();
    for (let at = 0; at < MAX_DISTINCT_TEXTS; at++) counts.add(`once ${at}`);
    expect(counts.top(1).others.names).toBe(MAX_DISTINCT_TEXTS - 1);
    for (let at = 0; at < 100; at++) counts.add('often');
    for (let at = 0; at < 3 * MAX_DISTINCT_TEXTS; at++) counts.add(`again ${at}`);
    const { top, others } = counts.top(1);
    expect(top).toEqual([{ name: 'often', nodes: 99 }]);
    expect(others.nodes + 99).toBe(counts.total);
  });
});

describe('uptimes', () => {
  it('take in as many nodes as the limit and no more', () => {
    const uptimes = new Uptimes(2);
    expect(uptimes.note('a', 10_000, true)).toBeDefined();
    expect(uptimes.note('b', 10_000, true)).toBeDefined();
    expect(uptimes.note('c', 10_000, true)).toBeUndefined();
    uptimes.forgetBefore(10_001);
    expect(uptimes.size).toBe(0);
  });

  it('keep nothing of a node that never answered', () => {
    const uptimes = new Uptimes();
    expect(uptimes.note('a', 10_000, false)).toBeUndefined();
    expect(uptimes.size).toBe(0);
  });
});

describe('autonomous systems', () => {
  it('say how few hold half of the nodes', () => {
    const systems = new Systems();
    for (let at = 0; at < 5; at++) systems.add(1, 'ipv4');
    for (let at = 0; at < 3; at++) systems.add(2, 'ipv6');
    systems.add(3, 'ipv4');
    systems.add(4, 'ipv4');
    expect(systems.summary()).toMatchObject({
      nodes: 10,
      systems: 4,
      halfIn: 1,
      top: [{ asn: 1, ipv4: 5, ipv6: 0 }, { asn: 2, ipv4: 0, ipv6: 3 }, { asn: 3 }, { asn: 4 }],
    });
  });
});

describe('numbers and texts of the report', () => {
  it('have narrow spaces, a true minus and three significant digits', () => {
    expect([whole(1_234_567), whole(-39), signed(34), whole(undefined)]).toEqual([
      '1\u202f234\u202f567',
      '\u221239',
      '+34',
      '–',
    ]);
    expect([0.431, 9.994, 48.2, 999.4, 999.5, 4_210, 21_400].map((ms) => plain(duration(ms)))).toEqual(
      ['0.43 ms', '9.99 ms', '48 ms', '999 ms', '1.00 s', '4.21 s', '21.4 s'].map((text) =>
        text.replace(' ', '\u202f'),
      ),
    );
    expect([90, 39_600, 717_120].map((seconds) => plain(span(seconds)))).toEqual(
      ['1.5 min', '11 h', '8.3 d'].map((text) => text.replace(' ', '\u202f')),
    );
  });

  it('of strangers show markup and unseen characters', () => {
    expect(escapeHtml(`<b a="1" c='2'>&\u202e\u0000\ufeff`)).toBe(
      '&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;\\u202e\\u0000\\ufeff',
    );
  });
});
