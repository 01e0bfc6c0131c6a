// The text of a scrape: families of samples in Prometheus' text format 0.0.4, or in OpenMetrics 1.0.0.
//
// It knows nothing of what is measured. A family may be added to by several sources; its samples stay together.
// (https://prometheus.io/docs/instrumenting/exposition_formats, https://prometheus.io/docs/specs/om/open_metrics_spec)

import { invalidArg } from '../../util/errors/errors.ts';
import type { Histogram } from '../../util/histogram.ts';

/** The available formats. */
export type MetricsFormat = 'prometheus' | 'openmetrics';

/** Labels of a sample: names, and values from a small set that peers cannot extend. */
export type MetricLabels = Readonly<Record<string, string>>;

/** The content type of each format. */
export const METRICS_CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What ends the name of a counter. */
const TOTAL = '_total';

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A family of samples. */
export class MetricFamily {
  readonly name: string;
  readonly #head: string;
  #samples = '';

  /** @internal */
  constructor(name: string, head: string) {
    this.name = name;
    this.#head = head;
  }

  /**
   * Adds a sample.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a label has a malformed name.
   */
  add(value: number, labels?: MetricLabels): this {
    return this.#line('', value, labels);
  }

  /** Adds the samples of a histogram. */
  addHistogram({ bounds, counts, sum }: Histogram, labels: MetricLabels = {}): this {
    let total = 0;
    for (const [bin, bound] of bounds.entries()) {
      total += counts[bin]!;
      this.#line('_bucket', total, { ...labels, le: boundText(bound) });
    }
    total += counts[bounds.length]!;
    this.#line('_bucket', total, { ...labels, le: '+Inf' });
    return this.#line('_sum', sum, labels).#line('_count', total, labels);
  }

  /** Empty while the family has no sample. */
  get text(): string {
    return this.#samples === '' ? '' : this.#head + this.#samples;
  }

  #line(suffix: string, value: number, labels: MetricLabels | undefined): this {
    this.#samples += `${this.name}${suffix}${labels === undefined ? '' : labelText(labels)} ${valueText(value)}\n`;
    return this;
  }
}

/** One answer to a scrape, while it is made. */
export class MetricsPage {
  readonly format: MetricsFormat;
  readonly #families = new Map<string, MetricFamily>();

  constructor(format: MetricsFormat = 'prometheus') {
    this.format = format;
  }

  /**
   * A family of counters, which never go down while the process lives.
   *
   * @param name - Ends in `_total`.
   * @param help - One line for people.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the name is malformed.
   */
  counter(name: string, help: string): MetricFamily {
    if (!name.endsWith(TOTAL)) throw invalidArg('name', 'a name that ends in _total', name);
    return this.#family(name, help, 'counter');
  }

  /** A family of values that go up and down. @throws As `counter`. */
  gauge(name: string, help: string): MetricFamily {
    return this.#family(name, help, 'gauge');
  }

  /** A family of quantiles, distinguished by the label `quantile`; sums and counts may be missing. @throws As `counter`. */
  summary(name: string, help: string): MetricFamily {
    return this.#family(name, help, 'summary');
  }

  /** A family of histograms. @throws As `counter`. */
  histogram(name: string, help: string): MetricFamily {
    return this.#family(name, help, 'histogram');
  }

  /** The whole text. Families without samples are left out. */
  text(): string {
    const texts = Array.from(this.#families.values(), ({ text }) => text).join('');
    return this.format === 'openmetrics' ? `${texts}# EOF\n` : texts;
  }

  #family(name: string, help: string, type: 'counter' | 'gauge' | 'summary' | 'histogram'): MetricFamily {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    if (!METRIC_NAME.test(name)) throw invalidArg('name', 'the name of a metric', name);
    const isBare = type === 'counter' && this.format === 'openmetrics';
    const title = isBare ? name.slice(0, -TOTAL.length) : name;
    const words = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    const family = new MetricFamily(name, `# HELP ${title} ${words}\n# TYPE ${title} ${type}\n`);
    this.#families.set(name, family);
    return family;
  }
}

/** The format that an `Accept` header asks for. */
export function formatFor(accept: string | undefined): MetricsFormat {
  const wanted = (accept ?? '').split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === 'application/openmetrics-text' && parameters.includes('version=1.0.0');
  });
  return wanted ? 'openmetrics' : 'prometheus';
}

function labelText(labels: MetricLabels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    if (!LABEL_NAME.test(name)) throw invalidArg('labels', 'names of labels', name);
    return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
  });
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function valueText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** Always with a fraction, as OpenMetrics requires. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
