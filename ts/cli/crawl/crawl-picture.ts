// The live line of a running crawl, and the summary of a round.

import type { Summary } from '../../crawl/report/tally/summary.ts';
import { REPORT_NETWORKS } from '../../crawl/report/tally/summary.ts';
import type { CrawlRecord } from '../../crawl/record/record.ts';
import type { RoundProgress } from '../../crawl/round/round.ts';
import type { Style } from '../terminal/style.ts';

/** Period of the rate, in milliseconds. */
const RATE_MS = 5_000;

const whole = (value: number): string => value.toLocaleString('en-US');

/** `1 node`, `2,000 nodes`. */
export const countOf = (count: number, one: string, many: string): string =>
  `${whole(count)} ${count === 1 ? one : many}`;

/** Counts for the live line. */
export class LiveLine {
  readonly #reachable = new Map<string, number>();
  /** Times, and the visits done by then. */
  readonly #samples: { atMs: number; done: number }[] = [];

  /** A round begins. */
  clear(): void {
    this.#reachable.clear();
    this.#samples.length = 0;
  }

  note({ outcome, network }: CrawlRecord): void {
    if (outcome === 'reachable') this.#reachable.set(network, (this.#reachable.get(network) ?? 0) + 1);
  }

  /** The figures, for programs. */
  facts(progress: RoundProgress): object {
    return { ...progress, reachable: Object.fromEntries(this.#reachable), perSecond: Math.round(this.#rate()) };
  }

  /** The line, for people. */
  line(progress: RoundProgress): string {
    const { round, done, waiting, resting, inFlight } = progress;
    const rate = this.#rate();
    const reachable = [...this.#reachable].map(([network, count]) => `${network} ${whole(count)}`).join(' · ');
    const left = waiting + inFlight;
    const retries = resting === 0 ? '' : ` (${whole(resting)} of them to try again)`;
    const eta = rate > 0 ? ` · ${duration(left / rate)} left` : '';
    return (
      `round ${round} · ${whole(done)} visited · reachable: ${reachable === '' ? 'none yet' : reachable} · ` +
      `${whole(waiting)} waiting${retries} · ${whole(inFlight)} in flight · ${whole(Math.round(rate))}/s${eta}`
    );
  }

  /** Notes the visits done by now. Called often: the rate begins with the first call of a round. */
  sample({ done }: RoundProgress, nowMs: number): void {
    const samples = this.#samples;
    samples.push({ atMs: nowMs, done });
    while (samples.length > 2 && samples[0]!.atMs < nowMs - RATE_MS) samples.shift();
  }

  /** Visits a second, over the last seconds. */
  #rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || first === last) return 0;
    return ((last.done - first.done) * 1_000) / (last.atMs - first.atMs);
  }
}

/** The summary of a round, as lines. */
export function summaryLines(summary: Summary, style: Style): string[] {
  const { all, networks, round, isComplete } = summary;
  const seconds = (summary.endedAt - summary.startedAt) / 1_000;
  // A round ends with its last record: without one it has no length.
  const time = seconds === 0 ? 'no visit finished' : `in ${duration(seconds)}`;
  const head = `round ${round}: ${countOf(all.reachable, 'node', 'nodes')} reachable of ${countOf(all.known, 'address', 'addresses')} known, ${time}`;
  const rows = REPORT_NETWORKS.filter((network) => networks[network].known > 0).map((network) => {
    const { known, reachable, v2 } = networks[network];
    return `  ${network.padEnd(6)} ${whole(reachable).padStart(8)} of ${whole(known)} reachable, ${whole(v2)} over V2`;
  });
  const outcomes = Object.entries(all.outcomes)
    .filter(([outcome, count]) => count > 0 && outcome !== 'reachable')
    .sort(([, a], [, b]) => b - a)
    .map(([outcome, count]) => `${outcome} ${whole(count)}`);
  const agents = summary.userAgents.top.slice(0, 5).map(({ name, nodes }) => `  ${whole(nodes).padStart(8)}  ${name}`);
  return [
    style.heading(isComplete ? head : `${head} (not complete)`),
    ...rows,
    ...(outcomes.length > 0 ? [`others: ${outcomes.join(', ')}`] : []),
    ...(agents.length > 0 ? ['user agents:', ...agents] : []),
  ];
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds * 10) / 10} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}
