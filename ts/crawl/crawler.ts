// A crawl: round after round over one network, with a folder from which an interrupted crawl continues.

import { NETWORK_NUMBERS } from '../netaddr/networks/network.ts';
import type { PublicNetworkName } from '../netaddr/networks/network.ts';
import { Service } from '../netaddr/service.ts';
import { CHAIN_PARAMS } from '../p2p/chain-params.ts';
import { readFixedSeeds } from '../p2p/fixed-seeds.ts';
import type { FileError } from '../storage/file-error.ts';
import { sleep } from '../util/time/sleep.ts';
import { whenAborted } from '../util/time/when-aborted.ts';
import { resolveCrawlOptions } from './crawl-options.ts';
import type { CrawlOptions, ResolvedCrawlOptions } from './crawl-options.ts';
import { Frontier } from './frontier/frontier.ts';
import type { SeedSource } from './frontier/sources.ts';
import { CrawlFolder } from './journal/crawl-folder.ts';
import type { CrawlRecord } from './record/record.ts';
import { Refusals } from './round/refusals.ts';
import { Round } from './round/round.ts';
import type { RoundProgress } from './round/round.ts';
import { Greeting } from './visit/greeting.ts';
import { SEED_NAME_PREFIX, seedNames } from './visit/seed-names.ts';
import { frontierOptionsOf, visitorOptionsOf } from './part-options.ts';

/** Interval between attempts to write the end of a round, in milliseconds. */
const RETRY_MS = 1_000;

/** A round that begins or continues. */
export interface RoundBeginning {
  readonly round: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Whether an earlier process began it. The records of that process are delivered first. */
  readonly isResumed: boolean;
}

/** A finished round: the figures that its records do not hold. */
export interface RoundEnding {
  readonly round: number;
  /** False when the crawl was stopped. */
  readonly isComplete: boolean;
  /** Known addresses, by network. */
  readonly known: Readonly<Record<PublicNetworkName, number>>;
  /** Known addresses of all networks. The counts below are addresses that peers told and that were not followed. */
  readonly distinct: number;
  readonly droppedForPort: number;
  readonly droppedForTime: number;
  readonly excluded: number;
  readonly leftAlone: number;
  /** Refused because the source had reached its limit of new addresses. */
  readonly beyondSource: number;
}

/** Callbacks of a crawl. Called in order; a returned promise is awaited. */
export interface CrawlListener {
  /** A round begins, or continues where an earlier process left it. */
  roundBegan?(beginning: RoundBeginning): void | Promise<void>;
  /** An address is done. Called once for each address and round. */
  record?(record: CrawlRecord): void;
  /** A round is over, complete or interrupted. */
  roundEnded?(ending: RoundEnding): void | Promise<void>;
  /** The files cannot be written. Nothing is dialed until they can. */
  stuck?(error: FileError): void;
  /** The files can be written again, and the crawl continues. */
  recovered?(): void;
}

/**
 * Crawls one network.
 *
 * @example
 * const crawler = new Crawler({ chain: 'signet', folder: 'crawl', fixedSeeds: true }, { record: console.log });
 * await crawler.run(signal);
 */
export class Crawler {
  readonly #options: ResolvedCrawlOptions;
  readonly #listener: CrawlListener;
  readonly #greeting: Greeting;
  #round: Round | undefined;
  #refusals = new Refusals();

  /**
   * Opens nothing yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: CrawlOptions, listener: CrawlListener = {}) {
    this.#options = resolveCrawlOptions(options);
    this.#listener = listener;
    const { clock, random, contact } = this.#options;
    this.#greeting = new Greeting(clock, random, contact);
  }

  /** User agent of the crawl. */
  get userAgent(): string {
    return this.#greeting.userAgent;
  }

  /** Progress of the round; undefined between two rounds. */
  get progress(): RoundProgress | undefined {
    return this.#round?.progress;
  }

  /**
   * Runs all rounds.
   *
   * @param signal - Aborted to stop: the round stays as it is, and the next run on the folder continues it.
   * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another process uses the folder. `ERR_SOCKMAN_FILE_NEWER`,
   *   `ERR_SOCKMAN_FILE_CORRUPT`, `ERR_SOCKMAN_SYSTEM`: it cannot be used.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { folder: path, pack, chain, clock, logger, everyMs, rounds } = this.#options;
    const listener = {
      stuck: (error: FileError): void => this.#stuck(error),
      recovered: (): void => this.#recovered(),
    };
    const folder =
      path === undefined ? undefined : await CrawlFolder.open(path, { chain, clock, logger, listener, pack });
    try {
      this.#refusals = new Refusals(folder?.state.refusals);
      for (let done = 0; done < rounds && !signal.aborted; done++) {
        const beganMs = clock.now();
        await this.#runRound(folder, done + 1, signal);
        if (everyMs === undefined || done + 1 === rounds) break;
        await sleep(clock, Math.max(0, beganMs + everyMs - clock.now()), signal);
      }
    } finally {
      await folder?.close();
    }
  }

  async #runRound(folder: CrawlFolder | undefined, count: number, signal: AbortSignal): Promise<void> {
    const { clock, concurrency, asMap } = this.#options;
    const frontier = this.#frontier(folder);
    const isResumed = folder !== undefined && !folder.state.isComplete;
    if (isResumed) {
      const { round, startedAt } = folder.state;
      await this.#listener.roundBegan?.({ round, startedAt, isResumed });
      await folder.resumeRound(frontier, (record) => this.#noteRecord(record), signal);
    } else {
      const earlier: [Service, bigint][] = [];
      await folder?.readReachable((service, services) => earlier.push([service, services]), signal);
      const startedAt = Math.floor(clock.wallTimeMs());
      await this.#persist(async () => folder?.beginRound(startedAt), signal);
      if (signal.aborted) return;
      await this.#listener.roundBegan?.({ round: folder?.state.round ?? count, startedAt, isResumed });
      for (const [service, services] of earlier) this.#addSeed(folder, frontier, service, services, 'earlier-round');
    }
    await this.#addSeeds(folder, frontier, signal);
    const number = folder?.state.round ?? count;
    let forget = (): void => undefined;
    await new Promise<void>((resolve) => {
      const round = new Round(
        { number, frontier, visitor: visitorOptionsOf(this.#options, this.#greeting), concurrency, clock, asMap },
        {
          record: (record) => {
            folder?.record(record);
            this.#noteRecord(record);
          },
          learned: (row) => folder?.learned(frontier, row),
          over: resolve,
        },
      );
      this.#round = round;
      forget = whenAborted(signal, resolve);
      if (signal.aborted) resolve();
      else {
        round.start();
        void round.ask(seedNames(this.#options.chain, this.#options.nameProxy));
      }
    });
    forget();
    await this.#round!.stop();
    this.#round = undefined;
    const isComplete = frontier.isEmpty;
    if (isComplete) await this.#persist(async () => folder?.endRound(this.#refusals.toState()), signal);
    await this.#listener.roundEnded?.(endingOf(number, frontier, isComplete));
  }

  #noteRecord(record: CrawlRecord): void {
    this.#refusals.note(record);
    this.#listener.record?.(record);
  }

  // ---- Parts of a round -----------------------------------------------------------------------------------------------

  #frontier(folder: CrawlFolder | undefined): Frontier {
    const { random, clock } = this.#options;
    const frontier: Frontier = new Frontier({
      ...frontierOptionsOf(this.#options),
      leftAlone: this.#refusals.leftAlone(clock.wallTimeMs(), random),
      onPromoted: (row) => folder?.learned(frontier, row),
    });
    return frontier;
  }

  async #addSeeds(folder: CrawlFolder | undefined, frontier: Frontier, signal: AbortSignal): Promise<void> {
    const { seeds, chain, fixedSeeds: usesFixedSeeds, lookUpHost } = this.#options;
    for (const { service, services, source } of seeds) this.#addSeed(folder, frontier, service, services, source);
    const { fixedSeeds, dnsSeeds, p2pPort } = CHAIN_PARAMS[chain];
    const fixed = usesFixedSeeds ? readFixedSeeds(fixedSeeds) : [];
    for (const service of fixed) this.#addSeed(folder, frontier, service, undefined, 'fixed-seed');
    if (lookUpHost === undefined) return;
    for (const name of dnsSeeds) {
      if (signal.aborted) return;
      const found = await lookUpHost(SEED_NAME_PREFIX + name);
      for (const address of found) {
        this.#addSeed(folder, frontier, new Service(address, p2pPort), undefined, 'dns-seed');
      }
    }
  }

  #addSeed(
    folder: CrawlFolder | undefined,
    frontier: Frontier,
    service: Service,
    services: bigint | undefined,
    source: SeedSource,
  ): void {
    const row = frontier.addSeed(service, services, source);
    if (row !== -1) folder?.learned(frontier, row);
  }

  // ---- The disk ---------------------------------------------------------------------------------------------------------

  /** Writes what must be on the disk before the crawl continues. Retries while the disk refuses. */
  async #persist(write: () => Promise<void>, signal: AbortSignal): Promise<void> {
    let isStuck = false;
    while (!signal.aborted || !isStuck) {
      try {
        await write();
        if (isStuck) this.#recovered();
        return;
      } catch (error) {
        if (!isStuck) this.#stuck(error as FileError);
        isStuck = true;
        await sleep(this.#options.clock, RETRY_MS, signal);
      }
    }
  }

  #stuck(error: FileError): void {
    this.#options.logger.error(`the crawl pauses: ${error.message}`);
    this.#round?.pause();
    this.#listener.stuck?.(error);
  }

  #recovered(): void {
    this.#options.logger.info('the crawl goes on');
    this.#round?.resume();
    this.#listener.recovered?.();
  }
}

function endingOf(round: number, frontier: Frontier, isComplete: boolean): RoundEnding {
  const { table, counts } = frontier;
  const known = (name: PublicNetworkName): number => table.countOf(NETWORK_NUMBERS[name]);
  return {
    round,
    isComplete,
    known: {
      ipv4: known('ipv4'),
      ipv6: known('ipv6'),
      onion: known('onion'),
      i2p: known('i2p'),
      cjdns: known('cjdns'),
    },
    distinct: table.length,
    droppedForPort: counts.badPort,
    droppedForTime: counts.badTime,
    excluded: counts.excluded,
    leftAlone: counts.leftAlone,
    beyondSource: counts.beyondSource,
  };
}
