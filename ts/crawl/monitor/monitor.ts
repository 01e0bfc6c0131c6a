// `Monitor`: the outside of a monitor.

import type { PropagationSummary } from '../report/tally/summary.ts';
import { MonitorCore } from './monitor-core.ts';
import type { MonitorOptions, MonitorPicture } from './monitor-options.ts';

/**
 * Holds connections to as many nodes as there are or as are allowed, and listens. Asks for addresses once and for nothing else,
 * and answers pings.
 *
 * @example
 * const monitor = new Monitor({ crawl: { chain: 'signet', fixedSeeds: true }, folder: 'signet' });
 * monitor.start();
 * setInterval(() => console.log(monitor.picture.held), 10_000);
 */
export class Monitor {
  readonly #core: MonitorCore;

  /**
   * Opens no connection yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the folder cannot be made.
   */
  constructor(options: MonitorOptions) {
    this.#core = new MonitorCore(options);
  }

  /** How the monitor introduces itself. */
  get userAgent(): string {
    return this.#core.userAgent;
  }

  /** What is seen now. */
  get picture(): MonitorPicture {
    return this.#core.picture;
  }

  /** How fast blocks and transactions spread so far. */
  get propagation(): PropagationSummary {
    return this.#core.propagation;
  }

  /** Begins to dial. Once. */
  start(): void {
    this.#core.start();
  }

  /** Closes all connections and writes what is left to write. For good. */
  stop(): Promise<void> {
    return this.#core.stop();
  }
}
