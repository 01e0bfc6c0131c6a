// Families of the process and of its event loop.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import type { MetricsPage } from './metrics-page.ts';

/** How often the event loop is looked at, in milliseconds: fifty times a second is a thousandth of a core. */
const LAG_RESOLUTION_MS = 20;

const NANOSECONDS = 1e9;

/** How late the event loop comes to its timers. Measured from the first question on; each question begins anew. */
export class LoopLag {
  #delays: IntervalHistogram | undefined;

  /** In seconds since the last question: median, the value of which 99 % are lower, and the worst. */
  take(): { median: number; p99: number; worst: number } {
    const delays = this.#delays;
    if (delays === undefined) {
      this.#delays = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
      this.#delays.enable();
      return { median: 0, p99: 0, worst: 0 };
    }
    // What is measured is the time between two looks, which takes the resolution when nothing is in the way.
    const lag = (nanoseconds: number): number =>
      Math.max(0, (nanoseconds || 0) / NANOSECONDS - LAG_RESOLUTION_MS / 1_000);
    const taken = {
      median: lag(delays.percentile(50)),
      p99: lag(delays.percentile(99)),
      worst: delays.count === 0 ? 0 : lag(delays.max),
    };
    delays.reset();
    return taken;
  }

  stop(): void {
    this.#delays?.disable();
    this.#delays = undefined;
  }
}

/** Measures this process. */
export class ProcessMetrics {
  readonly #lag = new LoopLag();

  stop(): void {
    this.#lag.stop();
  }

  collectMetrics(page: MetricsPage): void {
    const { user, system } = process.cpuUsage();
    page.counter('process_cpu_seconds_total', 'CPU time of the process.').add((user + system) / 1e6);
    page.gauge('process_resident_memory_bytes', 'Memory of the process.').add(process.memoryUsage.rss());
    const openCount = openDescriptors();
    if (openCount !== undefined) page.gauge('process_open_fds', 'Descriptors that are open.').add(openCount);
    const maxCount = descriptorLimit();
    if (maxCount !== undefined) page.gauge('process_max_fds', 'Descriptors that may be open.').add(maxCount);
    page
      .gauge('process_start_time_seconds', 'When the process began, in seconds since 1970.')
      .add(performance.timeOrigin / 1_000);
    const { median, p99, worst } = this.#lag.take();
    page
      // Not a gauge: `promtool check metrics` wants the label `quantile` on summaries only.
      .summary('nodejs_eventloop_lag_seconds', 'How late timers came since the last scrape.')
      .add(median, { quantile: '0.5' })
      .add(p99, { quantile: '0.99' })
      .add(worst, { quantile: '1' });
  }
}

/** Undefined where the system does not tell. */
function openDescriptors(): number | undefined {
  try {
    // Linux tells their number as the size of the folder since 6.2; before that it is 0.
    return statSync('/proc/self/fd').size || readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

function descriptorLimit(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    return limit === null ? undefined : Number(limit[1]);
  } catch {
    return undefined;
  }
}
