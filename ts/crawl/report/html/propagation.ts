// How announcements spread over the connections that a monitor holds.

import { duration, marked, plain, span, whole } from '../format.ts';
import { REPORT_NETWORKS } from '../tally/summary.ts';
import type { SpreadSummary, SpreadTimes, Summary } from '../tally/summary.ts';
import { NETWORK_TITLES, networkLabel, section, sentence } from './marks.ts';

/** Most autonomous systems that are shown. */
const SHOWN_SYSTEMS = 5;

const NOTE = 'Between the first announcement and the moment when 50 and 90\u202f% of the peers had made theirs.';

export function propagationSection({ propagation }: Pick<Summary, 'propagation'>): string {
  if (propagation === undefined)
    return section(
      'propagation',
      'Propagation',
      NOTE,
      sentence(
        'No data: propagation is measured by <span class="mono">sockman monitor</span>, which did not run beside this crawl.',
      ),
    );
  const { blocks, transactions, connections, hours } = propagation;
  const dot = (name: string, radius: number): string =>
    `<svg width="12" height="10" aria-hidden="true"><circle class="${name} all" cx="5" cy="5" r="${radius}"/></svg>`;
  const hasFigures = blocks.all.p50 !== undefined || transactions.all.p50 !== undefined;
  const legend = hasFigures
    ? `${dot('p50', 4.5)}50\u202f% of the held connections had announced it, ${dot('p90', 4)}90\u202f%; time since the first announcement seen, medians over ${marked(span(hours * 3_600))}. `
    : '';
  const body = `<div class="two">${spread('Blocks', blocks)}${spread('Transactions', transactions)}</div><p class="note">${legend}From ${whole(connections)} connections held by the monitor; no block or transaction was asked for.</p>`;
  return section('propagation', 'Propagation', NOTE, body);
}

function spread(title: string, { seen, all, networks, systems = [] }: SpreadSummary): string {
  if (seen === 0) return `<div><h3>${title}</h3>${sentence('None was announced yet.')}</div>`;
  if (all.p50 === undefined)
    return `<div><h3>${title}</h3>${sentence(`No figures yet: of ${whole(seen)} announced, none was followed to its end and announced by half of the connections.`)}</div>`;
  const rows: (readonly [string, string, SpreadTimes])[] = [['all', 'All', all]];
  for (const name of REPORT_NETWORKS) {
    const times = networks[name];
    if (times !== undefined) rows.push([name, NETWORK_TITLES[name], times]);
  }
  for (const system of systems.slice(0, SHOWN_SYSTEMS)) rows.push(['all', `AS${system.asn}`, system]);
  const times = rows
    .flatMap(([, , { p50, p90 }]) => [p50, p90])
    .filter((ms): ms is number => ms !== undefined && ms > 0);
  const axis = new SpreadAxis(Math.min(...times), Math.max(...times));
  const lines = rows.map(([name, label, of]) => {
    const heading = name === 'all' ? label : networkLabel(name as (typeof REPORT_NETWORKS)[number]);
    return `<div class="pl">${heading}</div>${axis.row(name, label, of)}<div class="num">${marked(duration(of.p50))}</div><div class="num p">${marked(duration(of.p90))}</div>`;
  });
  return `<div><h3>${title}, ${whole(seen)} seen</h3><div class="prop"><div></div><div></div><div class="num u">50\u202f%</div><div class="num u">90\u202f%</div>${lines.join('')}<div></div>${axis.labels()}<div></div><div></div></div></div>`;
}

/** A logarithmic axis with a margin at both ends. */
class SpreadAxis {
  readonly #from: number;
  readonly #ratio: number;

  constructor(least: number, most: number) {
    this.#from = Math.log(least / 1.6);
    this.#ratio = 100 / (Math.log(Math.max(most, least * 4) * 1.3) - this.#from);
  }

  #place(ms: number): number {
    return Math.min(99, Math.max(1, (Math.log(Math.max(ms, 0.001)) - this.#from) * this.#ratio));
  }

  #ticks(): number[] {
    const steps = [-2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power));
    const inside = steps.filter((ms) => {
      const at = (Math.log(ms) - this.#from) * this.#ratio;
      return at > 3 && at < 97;
    });
    return inside.length > 6 ? inside.filter((ms) => Number.isInteger(Math.log10(ms))) : inside;
  }

  row(name: string, label: string, { p50, p90 }: SpreadTimes): string {
    const at = (ms: number): string => `${this.#place(ms).toFixed(2)}%`;
    const grid = this.#ticks().map((ms) => `<line class="gridline" x1="${at(ms)}" x2="${at(ms)}" y1="0" y2="26"/>`);
    const range =
      p50 !== undefined && p90 !== undefined
        ? `<line class="rng ${name}" x1="${at(p50)}" x2="${at(p90)}" y1="13" y2="13"/>`
        : '';
    const half = p50 === undefined ? '' : `<circle class="p50 ${name}" cx="${at(p50)}" cy="13" r="5"/>`;
    const most = p90 === undefined ? '' : `<circle class="p90 ${name}" cx="${at(p90)}" cy="13" r="4.25"/>`;
    return `<svg width="100%" height="26" role="img" aria-label="${label}: 50 % after ${plain(duration(p50))}, 90 % after ${plain(duration(p90))}">${grid.join('')}${range}${half}${most}</svg>`;
  }

  labels(): string {
    const labels = this.#ticks().map((ms) => {
      const text = ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`;
      return `<text x="${this.#place(ms).toFixed(1)}%" y="13" text-anchor="middle">${text}</text>`;
    });
    return `<svg class="xt" width="100%" height="16" aria-hidden="true">${labels.join('')}</svg>`;
  }
}
