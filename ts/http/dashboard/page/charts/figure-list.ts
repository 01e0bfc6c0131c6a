// A row of figures: title, value, a line of words, and a sparkline of the last minutes.

import { byId, el, svg } from '../dom.ts';
import { HISTORY_SECONDS } from '../node-state.ts';

/** Interval between a sparkline's points, in seconds: it has room for a hundred and fifty. */
const SPARK_STEP_SECONDS = 2;

/** A sparkline. */
class Spark {
  readonly #values: number[] = [];
  readonly #path = svg('path');

  constructor(place: Element) {
    const view = { class: 'spark', viewBox: '0 0 100 16', preserveAspectRatio: 'none', 'aria-hidden': true };
    place.append(svg('svg', view, this.#path));
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > HISTORY_SECONDS / SPARK_STEP_SECONDS) this.#values.shift();
    const low = Math.min(...this.#values);
    const high = Math.max(...this.#values);
    const step = 100 / (HISTORY_SECONDS / SPARK_STEP_SECONDS - 1);
    const start = 100 - (this.#values.length - 1) * step;
    const points = this.#values.map((one, at) => {
      const y = high === low ? 15 : 15 - ((one - low) / (high - low)) * 14;
      return `${(start + at * step).toFixed(1)},${y.toFixed(1)}`;
    });
    this.#path.setAttribute('d', points.length > 1 ? `M${points.join('L')}` : '');
  }
}

/** Title of a figure, and classes of its element. */
export type FigureTitle = readonly [title: string, classes?: string];

/** A list of figures. Values are in `#f-…`, words in `#s-…`. */
export class FigureList<Name extends string> {
  readonly #sparks = new Map<Name, Spark>();
  #lastPoint = -Infinity;

  /** @param id - Of the list to fill. */
  constructor(id: string, titles: Readonly<Record<Name, FigureTitle>>) {
    const list = byId(id);
    for (const [name, [title, classes]] of Object.entries(titles) as [Name, FigureTitle][]) {
      const line = el('dd', { 'aria-hidden': true });
      list.append(
        el(
          'div',
          { class: classes },
          el('dt', {}, title),
          el('dd', { class: 'v', id: `f-${name}` }, '–'),
          el('dd', { class: 's', id: `s-${name}` }, '\u00a0'),
          line,
        ),
      );
      this.#sparks.set(name, new Spark(line));
    }
  }

  /** Adds a point to the sparklines. @param timeMs - Of the node's clock. */
  add(values: Readonly<Record<Name, number>>, timeMs: number): void {
    if (timeMs / 1_000 - this.#lastPoint < SPARK_STEP_SECONDS - 0.5) return;
    this.#lastPoint = timeMs / 1_000;
    for (const [name, spark] of this.#sparks) spark.add(values[name]);
  }
}
