import { describe, expect, it } from 'vitest';
import { Histogram, MetricsPage } from '../../../ts/http.ts';
import { formatFor } from '../../../ts/http/metrics/metrics-page.ts';
import { readMetrics, sampleOf } from './prometheus-text.ts';

describe('MetricsPage', () => {
  it('writes families with help, type and samples', () => {
    const page = new MetricsPage();
    page.counter('a_total', 'Things.').add(3).add(4, { kind: 'x' });
    page.gauge('b', 'Now.').add(0.5);
    expect(page.text()).toBe(
      '# HELP a_total Things.\n# TYPE a_total counter\na_total 3\na_total{kind="x"} 4\n# HELP b Now.\n# TYPE b gauge\nb 0.5\n',
    );
  });

  it('keeps the samples of a family together, whatever the order in which they are added', () => {
    const page = new MetricsPage();
    page.gauge('a', 'A.').add(1, { of: 'x' });
    page.gauge('b', 'B.').add(2);
    page.gauge('a', 'A.').add(3, { of: 'y' });
    expect(sampleOf(readMetrics(page.text()), 'a', 'of="y"')).toBe(3);
  });

  it('escapes what would end a label, a help or a line', () => {
    const page = new MetricsPage();
    page.gauge('a', 'back\\slash\nline').add(1, { of: 'quote " back \\ line \n end' });
    expect(page.text()).toBe(
      '# HELP a back\\\\slash\\nline\n# TYPE a gauge\na{of="quote \\" back \\\\ line \\n end"} 1\n',
    );
    readMetrics(page.text());
  });

  it('writes values that are no numbers', () => {
    const page = new MetricsPage();
    const family = page.gauge('a', 'A.');
    for (const value of [NaN, Infinity, -Infinity, 1e21]) family.add(value, { of: String(value) });
    expect(Array.from(readMetrics(page.text()).get('a')!.samples.values())).toEqual([NaN, Infinity, -Infinity, 1e21]);
  });

  it('writes histograms that add up', () => {
    const times = new Histogram([0.1, 1]);
    for (const value of [0.05, 0.1, 0.11, 5]) times.add(value);
    const page = new MetricsPage();
    page.histogram('t_seconds', 'Times.').addHistogram(times, { of: 'x' });
    const families = readMetrics(page.text());
    expect(Array.from(families.get('t_seconds')!.samples)).toEqual([
      ['t_seconds_bucket{of="x",le="0.1"}', 2],
      ['t_seconds_bucket{of="x",le="1.0"}', 3],
      ['t_seconds_bucket{of="x",le="+Inf"}', 4],
      ['t_seconds_sum{of="x"}', 5.26],
      ['t_seconds_count{of="x"}', 4],
    ]);
  });

  it('names counters without their ending in OpenMetrics, and ends it', () => {
    const page = new MetricsPage('openmetrics');
    page.counter('a_total', 'Things.').add(3);
    expect(page.text()).toBe('# HELP a Things.\n# TYPE a counter\na_total 3\n# EOF\n');
    expect(sampleOf(readMetrics(page.text(), 'openmetrics'), 'a_total')).toBe(3);
  });

  it('leaves out families without samples', () => {
    const page = new MetricsPage();
    page.counter('a_total', 'Things.');
    expect(page.text()).toBe('');
  });

  it.each(['a b', '', '1a', 'a\n', 'ä'])('refuses %j as a name', (name) => {
    const page = new MetricsPage();
    expect(() => page.gauge(name, 'x')).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    expect(() => page.gauge('a', 'x').add(1, { [name]: 'x' })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
    expect(() => page.counter('a', 'x')).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });
});

describe('the format of a scrape', () => {
  it.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/plain', 'prometheus'],
    ['application/openmetrics-text', 'prometheus'],
    ['application/openmetrics-text;version=0.0.1', 'prometheus'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['text/plain;version=0.0.4;q=0.3,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.1', 'openmetrics'],
  ])('for Accept: %s is %s', (accept, format) => expect(formatFor(accept)).toBe(format));
});
