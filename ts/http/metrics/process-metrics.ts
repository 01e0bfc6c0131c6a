// Metric families of the process and its event loop.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { IntervalHistogram } from 'node:perf_hooks';
import type { MetricsPage } from './metrics-page.ts';

/** Interval of the event loop's measurement, in milliseconds: fifty samples a second take a thousandth of a core. */
const LAG_RESOLUTION_MS = 20;

const NANOSECONDS = 1e9;

/** How late the event loop runs its timers. Measuring starts with the first call; each call starts a new period. */
export class LoopLag {
  #delays: IntervalHistogram | undefined;

  /** Seconds since the last call: median, 99th percentile and maximum. */
  take(): { median: number; p99: number; worst: number } {
    const delays = this.#delays;
    if (delays === undefined) {
      this.#delays = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
      this.#delays.enable();
      return { median: 0, p99: 0, worst: 0 };
    }
    // The histogram holds the time between two samples, which equals the resolution when there is no lag.
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

/** Undefined where the system does not say. */
function openDescriptors(): number | undefined {
  try {
    // Linux reports their number as the folder's size since 6.2, and 0 before.
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
