// Bytes a second during the last five minutes: received upwards, sent downwards, on one scale. Drawn by uPlot.

import uPlot from 'uplot';
import { byId, setParts, setQuantity } from '../dom.ts';
import * as format from '../format.ts';
import { HISTORY_SECONDS } from '../node-state.ts';
import type { NodeState } from '../node-state.ts';

/** Height of the plot, in pixels. The time axis below it belongs to the page. */
const PLOT_HEIGHT = 168;

/** Room for rates at the right, in pixels; the time axis leaves it free as well. */
const AXIS_WIDTH = 72;

/** Smallest range of the scale either way, in bytes a second, so that silence is a flat line. */
const LEAST_SCALE = 1_000;

/** Smallest share of the plot for the smaller side, relative to the larger. */
const LEAST_SHARE = 0.2;

/** Seconds between two points at which the line breaks. */
const GAP_SECONDS = 2.5;

/** Steps of the keys, in seconds. */
const STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: -30,
  PageDown: 30,
  Home: -HISTORY_SECONDS,
  End: HISTORY_SECONDS,
};

type Columns = [number[], (number | null)[], (number | null)[]];

export class Traffic {
  readonly #box = byId('traffic');
  readonly #readout = byId('readout');
  #plot: uPlot | undefined;
  #columns: Columns = [[], [], []];
  /** The second under the cross-hair, since 1970; undefined without one. */
  #at: number | undefined;
  #isPointed = false;

  constructor() {
    this.#box.addEventListener('keydown', (event) => this.#pressed(event));
    this.#box.addEventListener('blur', () => this.#read(undefined));
    this.#box.addEventListener('pointerleave', () => {
      this.#isPointed = false;
      this.#read(undefined);
    });
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#box);
  }

  show({ totals, traffic }: NodeState): void {
    setQuantity(byId('rate-in'), format.bytes(totals?.receiveRate ?? 0, '/s'));
    setQuantity(byId('rate-out'), format.bytes(totals?.sendRate ?? 0, '/s'));
    const now = (totals?.time ?? Date.now()) / 1_000;
    this.#columns = columnsOf(traffic);
    this.#plot ??= new uPlot(this.#options(), this.#columns, this.#box);
    this.#plot.batch(() => {
      this.#plot!.setData(this.#columns, false);
      this.#plot!.setScale('x', { min: now - HISTORY_SECONDS, max: now });
    });
    if (this.#at !== undefined && !this.#isPointed) this.#read(this.#at);
  }

  /** Draws with changed colours. */
  redraw(): void {
    this.#plot?.redraw(false, true);
  }

  #size(): { width: number; height: number } {
    return { width: this.#box.clientWidth, height: PLOT_HEIGHT };
  }

  #options(): uPlot.Options {
    const colour = (name: string) => (): string => this.#colour(name);
    const faint = (name: string) => (): string => `color-mix(in srgb, ${this.#colour(name)} 13%, transparent)`;
    const width = 1.5;
    const font = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
    const axis = {
      stroke: colour('--text-3'),
      font,
      ticks: { show: false },
      grid: { stroke: colour('--line'), width: 1 },
    };
    return {
      ...this.#size(),
      padding: [0, 0, 0, 1],
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false }, focus: { prox: -1 } },
      scales: { x: { time: true }, y: { range: (_plot, low, high) => scaleOf(low, high) } },
      axes: [
        { ...axis, size: 0, splits: (plot) => minutesBefore(plot), values: () => [] },
        {
          ...axis,
          side: 1,
          size: AXIS_WIDTH,
          gap: 8,
          splits: (plot) => rateSplits(plot.scales['y']!),
          values: (_plot, rates) => rates.map(rateWord),
        },
      ],
      series: [
        {},
        { stroke: colour('--in'), fill: faint('--in'), width, points: { show: false }, spanGaps: false },
        { stroke: colour('--out'), fill: faint('--out'), width, points: { show: false }, spanGaps: false },
      ],
      hooks: {
        draw: [(plot) => drawZero(plot, this.#colour('--line-2'))],
        setCursor: [(plot) => this.#moved(plot)],
      },
    };
  }

  #colour(name: string): string {
    // A custom property returns `light-dark(…)` as written; a probe element resolves it.
    const probe = byId('probe');
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  }

  #pressed(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const times = this.#columns[0];
    if (event.key === 'Escape') return this.#read(undefined);
    if (step === undefined || times.length === 0) return;
    event.preventDefault();
    const before = this.#at ?? times.at(-1)!;
    this.#read(nearest(times, before + step));
  }

  #moved(plot: uPlot): void {
    const { idx, left } = plot.cursor;
    if (left === undefined || left < 0 || idx === null || idx === undefined) return;
    if (this.#box.matches(':hover')) this.#isPointed = true;
    this.#at = this.#columns[0][idx];
    this.#tell(idx);
  }

  /** Moves the cross-hair to a second, or away. */
  #read(at: number | undefined): void {
    this.#at = at;
    const plot = this.#plot;
    if (plot === undefined) return;
    if (at === undefined) {
      plot.setCursor({ left: -10, top: -10 });
      return this.#readout.replaceChildren();
    }
    plot.setCursor({ left: plot.valToPos(at, 'x'), top: 0 });
  }

  #tell(index: number): void {
    const [times, received, sent] = this.#columns;
    const rate = (value: number | null | undefined): string => format.text(format.bytes(Math.abs(value ?? 0), '/s'));
    const when = format.ago(Math.round((times.at(-1) ?? 0) - (times[index] ?? 0)));
    setParts(this.#readout, [`${when}: `, [`in ${rate(received[index])}`], ' · ', [`out ${rate(sent[index])}`]]);
  }
}

/** Seconds, received, and sent as negative numbers; null in gaps. */
function columnsOf(traffic: NodeState['traffic']): Columns {
  const columns: Columns = [[], [], []];
  let before = Infinity;
  for (const [time, received, sent] of traffic) {
    const at = time / 1_000;
    if (at - before > GAP_SECONDS) {
      columns[0].push(before + 1);
      columns[1].push(null);
      columns[2].push(null);
    }
    columns[0].push(at);
    columns[1].push(received);
    columns[2].push(-sent);
    before = at;
  }
  return columns;
}

/** Both sides get some room, however large the other is. */
function scaleOf(low: number | null, high: number | null): [number, number] {
  const up = Math.max(high ?? 0, LEAST_SCALE);
  const down = Math.max(-(low ?? 0), LEAST_SCALE);
  return [-Math.max(down, up * LEAST_SHARE) * 1.08, Math.max(up, down * LEAST_SHARE) * 1.08];
}

/** Round rates on both sides of zero, four or five together. */
function rateSplits({ min = 0, max = 0 }: uPlot.Scale): number[] {
  const rough = (max - min) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const splits: number[] = [];
  for (let at = Math.ceil(min / step) * step; at <= max; at += step) splits.push(at);
  return splits;
}

/** Rates without needless decimals. */
function rateWord(rate: number): string {
  const { value, unit } = format.bytes(Math.abs(rate), '/s');
  return rate === 0 ? '0' : format.text({ value: value.replace(/\.0$/, ''), unit });
}

function minutesBefore({ scales }: uPlot): number[] {
  const end = scales['x']!.max ?? 0;
  return [5, 4, 3, 2, 1, 0].map((minutes) => end - minutes * 60);
}

function drawZero(plot: uPlot, colour: string): void {
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(0, 'y', true)) + 0.5;
  // uPlot remembers the style it set last, and would draw its grid in this one.
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function nearest(times: readonly number[], wanted: number): number {
  return times.reduce((best, time) => (Math.abs(time - wanted) < Math.abs(best - wanted) ? time : best));
}
