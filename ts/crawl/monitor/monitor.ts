// `Monitor`: the public class of a monitor.

import type { PropagationSummary } from '../report/tally/summary.ts';
import { MonitorCore } from './monitor-core.ts';
import type { MonitorOptions, MonitorPicture } from './monitor-options.ts';

/**
 * Holds connections to as many nodes as it finds or may hold, and listens. Asks each node once for addresses, and for nothing
 * else; answers pings.
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

  /** User agent of the monitor. */
  get userAgent(): string {
    return this.#core.userAgent;
  }

  /** The current figures. */
  get picture(): MonitorPicture {
    return this.#core.picture;
  }

  /** How fast blocks and transactions have spread so far. */
  get propagation(): PropagationSummary {
    return this.#core.propagation;
  }

  /**
   * Begins to dial. Call it once.
   *
   * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another monitor writes into the folder. `ERR_SOCKMAN_SYSTEM`: it cannot be locked.
   */
  start(): void {
    this.#core.start();
  }

  /** Closes all connections for good and writes what is left to write. */
  stop(): Promise<void> {
    return this.#core.stop();
  }
}
