// One process of a fleet: owns shards, visits their addresses, and leads the fleet while it holds the leader's lease.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Service } from '../../netaddr/service.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { readFixedSeeds } from '../../p2p/fixed-seeds.ts';
import { FileError } from '../../storage/file-error.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { resolveCrawlOptions } from '../crawl-options.ts';
import type { CrawlOptions, ResolvedCrawlOptions } from '../crawl-options.ts';
import { Exclusions } from '../frontier/exclusions.ts';
import { serviceOfRecord } from '../record/record-service.ts';
import type { CrawlRecord } from '../record/record.ts';
import { ReportHistory, RoundReports } from '../report/round-reports.ts';
import type { Summary } from '../report/tally/summary.ts';
import type { RoundProgress } from '../round/round.ts';
import { Greeting } from '../visit/greeting.ts';
import { SEED_NAME_PREFIX, seedNames } from '../visit/seed-names.ts';
import type { FleetBus } from './bus/fleet-bus.ts';
import { Deliveries } from './deliveries.ts';
import { Leader } from './leader.ts';
import { readFleetRecords } from './results.ts';
import { ROUND_KEY, parseRoundState } from './round-state.ts';
import type { RoundState } from './round-state.ts';
import { ShardLeases } from './shard-leases.ts';
import { shardOfService } from './shards.ts';
import { WorkerRound } from './worker-round.ts';
import type { Ignored } from './worker-round.ts';

/** Key of the list of excluded addresses, in the form of `Exclusions`. */
export const EXCLUSIONS_KEY = 'exclusions';

/** What is ignored, in words. */
const IGNORED: Readonly<Record<Ignored, string>> = {
  states: 'states of a round that this release cannot read',
  work: 'messages of work that no worker with this release and AS map writes',
  records: 'results that are not records',
};

const NAME = /^[A-Za-z0-9_-]{1,32}$/;

/** Options of a `FleetWorker`. */
export interface FleetWorkerOptions {
  /** The connection to the fleet. Closed by `run`. */
  readonly bus: FleetBus;
  /** 1 to 32 letters, digits, `-` and `_`. No other worker may have the name at the same time. */
  readonly name: string;
  /** As for a `Crawler`. `folder` holds records that are not delivered yet, and the reports of a leader. */
  readonly crawl: CrawlOptions;
}

/** Callbacks of a worker. */
export interface FleetListener {
  /** An address that was visited here. */
  record?(record: CrawlRecord): void;
  /** A round opened or closed. */
  round?(state: RoundState): void;
  /** The reports of a round are written. Called at the leader only. */
  reported?(summary: Summary): void;
}

/**
 * Works in a fleet until its round is over or it is stopped.
 *
 * @example
 * const bus = await connectToNats({ servers: 'nats://127.0.0.1:4222', name: 'paris' });
 * await new FleetWorker({ bus, name: 'paris', crawl: { chain: 'main', folder: 'crawl' } }).run(signal);
 */
export class FleetWorker {
  readonly #bus: FleetBus;
  readonly #options: ResolvedCrawlOptions;
  readonly #listener: FleetListener;
  readonly #greeting: Greeting;
  readonly #leases: ShardLeases;
  readonly #leader: Leader;
  readonly #end = new AbortController();
  readonly #deliveries: Deliveries;
  #exclusions: Exclusions;
  #ignoredCount = 0;
  readonly #logged = new Set<Ignored>();
  #round: WorkerRound | undefined;
  /** Why the reports of the round could not be written, as it was logged last. */
  #reportFault: string | undefined;
  /** Why this worker takes no part. */
  #refusal: Error | undefined;
  /** Settles when the last change of the round is made here. */
  #changing: Promise<void> = Promise.resolve();

  /**
   * Does nothing yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor({ bus, name, crawl }: FleetWorkerOptions, listener: FleetListener = {}) {
    this.#bus = bus;
    this.#options = FleetWorker.#check({ name, crawl });
    this.#listener = listener;
    const { chain, clock, random, contact, exclusions, folder, everyMs } = this.#options;
    this.#exclusions = exclusions;
    this.#greeting = new Greeting(clock, random, contact);
    const instance = randomBytes(8).toString('hex');
    const path = folder === undefined ? undefined : join(folder, `undelivered-${name}.ndjson`);
    this.#deliveries = new Deliveries(bus, clock, path, instance);
    this.#leases = new ShardLeases(bus, clock, name, instance, {
      gained: (shard) => this.#gain(shard),
      lost: (shard) => this.#round?.lose(shard),
      handedOn: (shard) => this.#round?.handOn(shard) ?? Promise.resolve(),
      nameTaken: () => {
        this.#refusal = invalidArg('name', 'one that no other worker of the fleet has', name);
        this.#isOver();
      },
    });
    this.#leader = new Leader(
      bus,
      clock,
      `${name} ${instance}`,
      { chain, everyMs },
      {
        seed: (round) => this.#seed(round),
        report: (state) => this.#report(state),
      },
    );
  }

  /**
   * Checks options as the constructor does: a program that has no connection yet learns before it makes one.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  static checkOptions(options: Omit<FleetWorkerOptions, 'bus'>): void {
    const { clock, random, contact } = FleetWorker.#check(options);
    new Greeting(clock, random, contact);
  }

  static #check({ name, crawl }: Omit<FleetWorkerOptions, 'bus'>): ResolvedCrawlOptions {
    if (!NAME.test(name)) throw invalidArg('name', '1 to 32 letters, digits, - and _', name);
    return resolveCrawlOptions(crawl);
  }

  /** Progress of the round at this worker; undefined between two rounds. */
  get progress(): RoundProgress | undefined {
    return this.#round?.progress;
  }

  /** Whether this worker leads the fleet. */
  get isLeading(): boolean {
    return this.#leader.isLeading;
  }

  /** Shards that this worker owns now. */
  get shardCount(): number {
    return this.#leases.shards.size;
  }

  /** Records that are not stored yet. Grows while the server is away. */
  get undeliveredCount(): number {
    return this.#deliveries.openCount;
  }

  /**
   * Values, messages and records that this worker found on the bus and ignored, since they are not what the fleet writes: of
   * another program or release, or made to do harm.
   */
  get ignoredCount(): number {
    return this.#ignoredCount;
  }

  /**
   * Works until the round is over (with `everyMs`: for ever), or the signal is aborted.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the fleet crawls another chain, or another of its workers has the name, which
   *   shows within two renewals of a lease.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the folder cannot be used.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#work(signal);
    } finally {
      // Before the shards are released: their next owners read what is stored.
      await this.#deliveries.close();
      await this.#leases.stop();
      this.#end.abort();
      await this.#bus.close();
    }
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  async #work(signal: AbortSignal): Promise<void> {
    // Before this worker can lead: without work of its own it would close the round of the others.
    const current = await this.#bus.settings.get(ROUND_KEY);
    const state = current && parseRoundState(current.text);
    if (state !== undefined && !this.#isOurs(state)) return;
    const over = this.#untilOver(signal);
    const { asMap } = this.#options;
    this.#deliveries.recover((record) => {
      const service = serviceOfRecord(record);
      return service && shardOfService(asMap, service);
    });
    const stopExclusions = await this.#bus.settings.watch(EXCLUSIONS_KEY, (text) => this.#exclude(text ?? ''));
    const stopRound = await this.#bus.settings.watch(ROUND_KEY, (text) => text !== undefined && this.#follow(text));
    this.#leases.start();
    this.#leader.start();
    await over;
    stopRound();
    stopExclusions();
    await this.#leader.stop();
    await this.#changing;
    await this.#round?.stop();
  }

  #isOver: () => void = () => {};

  #untilOver(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#isOver = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true, signal: this.#end.signal });
      if (signal.aborted) resolve();
    });
  }

  // ---- Rounds ---------------------------------------------------------------------------------------------------------

  #follow(text: string): void {
    const state = parseRoundState(text);
    if (state === undefined) return this.#ignore('states');
    if (!this.#isOurs(state)) return this.#isOver();
    this.#changing = this.#changing.then(() => this.#change(state));
  }

  #isOurs(state: RoundState): boolean {
    const { chain } = this.#options;
    if (state.chain !== chain) this.#refusal = invalidArg('chain', `the fleet's, ${state.chain}`, chain);
    return state.chain === chain;
  }

  async #change(state: RoundState): Promise<void> {
    if (state.phase === 'closed') {
      const wasPart = this.#round?.number === state.number;
      await this.#round?.stop();
      this.#round = undefined;
      if (wasPart) this.#listener.round?.(state);
      if (wasPart && this.#options.everyMs === undefined) this.#isOver();
      return;
    }
    if (this.#round?.number === state.number || this.#end.signal.aborted) return;
    await this.#round?.stop();
    this.#begin(state.number);
    this.#listener.round?.(state);
  }

  #begin(number: number): void {
    this.#leader.noteRound();
    const parts = { options: this.#options, greeting: this.#greeting, exclusions: this.#exclusions };
    this.#round = new WorkerRound(number, this.#bus, parts, this.#deliveries, {
      record: (record) => this.#listener.record?.(record),
      ignored: (what, count) => this.#ignore(what, count),
    });
    for (const shard of this.#leases.shards) this.#gain(shard);
  }

  /** Starts work on a shard. If the server is away, the next lease tries again. */
  #gain(shard: number): void {
    const round = this.#round;
    round?.gain(shard).catch(() => round.lose(shard));
  }

  #exclude(text: string): void {
    try {
      this.#exclusions = Exclusions.parse(text);
    } catch (error) {
      // A list with a fault is not applied in part: the last good one stays.
      this.#options.logger.error(`exclusions of the fleet: ${String(error)}`);
      this.#ignoredCount += 1;
      return;
    }
    this.#round?.exclude(this.#exclusions);
  }

  /** Counts what was ignored. Each kind is logged once, since its sender may send any number. */
  #ignore(what: Ignored, count: number = 1): void {
    if (count === 0) return;
    this.#ignoredCount += count;
    if (this.#logged.has(what)) return;
    this.#logged.add(what);
    this.#options.logger.warn(`the fleet's bus has ${IGNORED[what]}, which are ignored`);
  }

  // ---- Leading --------------------------------------------------------------------------------------------------------

  async #seed(number: number): Promise<void> {
    if (this.#round?.number !== number) {
      await this.#changing;
      if (this.#round?.number !== number) this.#begin(number);
    }
    const { seeds, chain, fixedSeeds: usesFixedSeeds, lookUpHost } = this.#options;
    const { fixedSeeds, dnsSeeds, p2pPort } = CHAIN_PARAMS[chain];
    const all: { service: Service; services?: bigint; source: string }[] = [...seeds];
    if (usesFixedSeeds) for (const service of readFixedSeeds(fixedSeeds)) all.push({ service, source: 'fixed-seed' });
    for (const name of lookUpHost === undefined ? [] : dnsSeeds) {
      const found = await lookUpHost!(SEED_NAME_PREFIX + name);
      for (const address of found) all.push({ service: new Service(address, p2pPort), source: 'dns-seed' });
    }
    const ignored = await readFleetRecords(this.#bus, number - 1, undefined, (record) => {
      const service = record.outcome === 'reachable' ? serviceOfRecord(record) : undefined;
      const services = BigInt(`0x${record.services ?? '0'}`);
      if (service !== undefined) all.push({ service, services, source: 'earlier-round' });
    });
    this.#ignore('records', ignored);
    await this.#round!.seed(all, seedNames(chain, this.#options.nameProxy));
  }

  /** The leader calls again every second until it succeeds. */
  async #report(state: RoundState): Promise<void> {
    try {
      await this.#writeReports(state);
      this.#reportFault = undefined;
    } catch (error) {
      if (error instanceof FileError && error.message !== this.#reportFault) {
        this.#reportFault = error.message;
        this.#options.logger.error(`round ${state.number} stays open until its reports are written: ${error.message}`);
      }
      throw error;
    }
    await this.#bus.dropResultsBefore(state.number - 1);
  }

  async #writeReports({ number, startedAt }: RoundState): Promise<void> {
    const { folder, chain, perSource } = this.#options;
    if (folder === undefined) return;
    const reports = await RoundReports.begin(
      { folder, ourUserAgent: this.#greeting.userAgent },
      { round: number, chain, startedAt, perSource },
      ReportHistory.load(folder),
    );
    try {
      const ignored = await readFleetRecords(this.#bus, number, undefined, (record) => reports.add(record));
      this.#ignore('records', ignored);
    } catch (error) {
      reports.abandon();
      throw error;
    }
    const summary = await reports.finish();
    this.#listener.reported?.(summary);
  }
}
