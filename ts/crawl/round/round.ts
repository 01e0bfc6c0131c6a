// One round: visits every address that can be found. It is over when nothing waits and nothing is in flight.

import type { AsMap } from '../../addrman/asmap/as-map.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { seedSourceNumber } from '../frontier/sources.ts';
import { systemOf } from '../frontier/group-key.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { mayPass } from '../record/outcome.ts';
import type { CrawlRecord } from '../record/record.ts';
import { AddressWalker } from '../visit/address-walker.ts';
import type { Lesson, SeedName, Visit, VisitRequest, VisitResult } from '../visit/visit.ts';
import { Visitor } from '../visit/visitor.ts';
import type { VisitorListener, VisitorOptions } from '../visit/visitor.ts';
import { learnAddresses } from './learn-addresses.ts';
import { ServiceNames, recordOf } from './record-of.ts';

/** Most dials begun in one go: the sockets get their turn in between. */
const DIALS_AT_ONCE = 128;

/** Pause in dialing when there are no sockets left, in milliseconds. */
const OUT_OF_SOCKETS_MS = 1_000;

/** Longest interval between questions to the frontier, in milliseconds. */
const MAX_WAIT_MS = 1_000;

/**
 * Stands for the unknown node behind a seed's name: only the proxy knows it, and the seed counts as the source of its addresses.
 */
const NOWHERE = new Service(NetAddress.UNSPECIFIED, 0);
const NAMED_BY_SEED = seedSourceNumber('dns-seed');

/** Options of a `Round`. */
export interface RoundOptions {
  readonly number: number;
  readonly frontier: Frontier;
  readonly visitor: VisitorOptions;
  /** Most visits at once. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly asMap: AsMap | undefined;
  /** Stays open when nothing is left, since more may be added. Default false. */
  readonly staysOpen?: boolean;
}

/** Callbacks of a round. */
export interface RoundListener {
  /** An address is done. @param row - Its number in the frontier. */
  record(record: CrawlRecord, row: number): void;
  /** A visit failed, and another is made later. */
  retrying?(row: number): void;
  /** An address is new. */
  learned(row: number): void;
  /** Nothing is left. */
  over(): void;
}

/** Progress of a round. */
export interface RoundProgress {
  readonly round: number;
  readonly known: number;
  /** Addresses that wait for a visit. */
  readonly waiting: number;
  /** Those of them whose visit failed, and that rest before another one. */
  readonly resting: number;
  readonly inFlight: number;
  readonly done: number;
  readonly groups: number;
}

/** See the module comment. */
export class Round implements VisitorListener {
  readonly #options: RoundOptions;
  readonly #listener: RoundListener;
  readonly #visitor: Visitor;
  readonly #walker = new AddressWalker();
  readonly #names = new ServiceNames();
  /** Names of seeds that are being visited. */
  #namesInFlight = 0;
  #onNamesDone: () => void = () => {};
  #wakeUp: Timer | undefined;
  #limit: number;
  /** Nothing is dialed before this time, since there were no sockets left. */
  #restsUntilMs = 0;
  #isWakingSoon = false;
  #isPaused = false;
  #isOver = false;

  constructor(options: RoundOptions, listener: RoundListener) {
    this.#options = options;
    this.#listener = listener;
    this.#limit = options.concurrency;
    this.#visitor = new Visitor(options.visitor, this);
  }

  /** Begins to visit what the frontier has. */
  start(): void {
    this.#visitor.start();
    this.#wakeSoon();
  }

  /**
   * Visits DNS seeds by name, through the proxy that resolves them, and learns the addresses of the nodes that answer. These
   * visits leave no record: the proxy does not say which node it reached.
   *
   * @returns Once all these visits have ended.
   */
  ask(names: readonly SeedName[]): Promise<void> {
    for (const name of names) {
      this.#namesInFlight++;
      this.#visitor.visit({ service: NOWHERE, name, services: undefined, token: NAMED_BY_SEED });
    }
    return new Promise((resolve) => {
      this.#onNamesDone = resolve;
      if (this.#namesInFlight === 0) resolve();
    });
  }

  /** Ends the round where it is. Addresses in flight count as not done. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#wakeUp?.cancel();
    await this.#visitor.stop();
  }

  /** Stops dialing until `resume`. Visits under way run to their end. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Dials again after `pause`. */
  resume(): void {
    this.#isPaused = false;
    this.#wakeSoon();
  }

  /** Call it when something was added to the frontier. */
  wake(): void {
    this.#wakeSoon();
  }

  /** Progress of the round. */
  get progress(): RoundProgress {
    const { frontier, number } = this.#options;
    const { knownCount: known, waitingCount: waiting, restingCount: resting } = frontier;
    const { doneCount: done, groupCount: groups } = frontier;
    return { round: number, known, waiting, resting, inFlight: this.#visitor.inFlightCount, done, groups };
  }

  /** Called by the `Visitor`: addresses that a peer told. */
  learn(visit: Visit, isV2: boolean, payload: Uint8Array): Lesson | undefined {
    const { frontier, clock } = this.#options;
    const nowSeconds = Math.floor(clock.wallTimeMs() / 1_000);
    const source = visit.attempt.request.token;
    const lesson = learnAddresses(this.#walker, frontier, { isV2, payload, source, nowSeconds }, this.#onLearned);
    if (lesson !== undefined && lesson.newCount > 0) this.#wakeSoon();
    return lesson;
  }

  readonly #onLearned = (row: number): void => this.#listener.learned(row);

  /** Called by the `Visitor`: a visit is over. */
  visited(result: VisitResult): void {
    const { frontier, clock, number, asMap } = this.#options;
    const { token, service, name } = result.attempt.request;
    if (name !== undefined) return this.#nameDone();
    if (this.#limit < this.#options.concurrency) this.#limit++;
    const isDone = frontier.finish(token, mayPass(result.outcome), clock.now());
    if (!isDone) this.#listener.retrying?.(token);
    else {
      const asn = systemOf(asMap, service.address);
      const context = { round: number, wallTimeMs: clock.wallTimeMs(), frontier, names: this.#names, asn };
      this.#listener.record(recordOf(result, context), token);
    }
    this.#wakeSoon();
  }

  /** Called by the `Visitor`: a visit could not begin. */
  postponed(request: VisitRequest, code: string): void {
    if (request.name !== undefined) return this.#nameDone();
    this.#options.frontier.putBack(request.token);
    if (this.#isOver || code !== 'out-of-sockets') return;
    // The system has no more sockets: the limit is the current number, and one more with each visit that ends.
    this.#limit = Math.max(1, this.#visitor.inFlightCount);
    this.#restsUntilMs = this.#options.clock.now() + OUT_OF_SOCKETS_MS;
  }

  #nameDone(): void {
    this.#namesInFlight--;
    if (this.#namesInFlight === 0) this.#onNamesDone();
    this.#wakeSoon();
  }

  #wakeSoon(): void {
    if (this.#isOver || this.#isWakingSoon) return;
    this.#isWakingSoon = true;
    this.#wakeUp?.cancel();
    this.#wakeUp = this.#options.clock.soon(this.#onWakeUp);
  }

  #wakeIn(ms: number): void {
    if (ms <= 0) return this.#wakeSoon();
    this.#wakeUp?.cancel();
    this.#wakeUp = this.#options.clock.after(ms, this.#onWakeUp);
  }

  readonly #onWakeUp = (): void => {
    this.#isWakingSoon = false;
    if (this.#isOver || this.#isPaused) return;
    const { frontier, clock } = this.#options;
    const restMs = this.#restsUntilMs - clock.now();
    if (restMs > 0) return this.#wakeIn(restMs);
    const isMoreLeft = this.#dialSome(clock.now());
    if (frontier.isEmpty && this.#namesInFlight > 0) return;
    if (frontier.isEmpty) return this.#options.staysOpen === true ? undefined : this.#end();
    // The end of a visit wakes this again.
    if (this.#visitor.inFlightCount >= this.#limit) return;
    const waitMs = isMoreLeft ? 0 : frontier.nextTimeMs - clock.now();
    if (waitMs !== Infinity) this.#wakeIn(Math.min(waitMs, MAX_WAIT_MS));
  };

  /** @returns Whether it stopped at the most dials of one go. */
  #dialSome(nowMs: number): boolean {
    const { frontier } = this.#options;
    for (let dialed = 0; dialed < DIALS_AT_ONCE; dialed++) {
      if (this.#visitor.inFlightCount >= this.#limit) return false;
      const row = frontier.take(nowMs);
      if (row === -1) return false;
      this.#visitor.visit({ service: frontier.table.serviceOf(row), services: frontier.servicesOf(row), token: row });
    }
    return true;
  }

  #end(): void {
    this.#isOver = true;
    this.#listener.over();
  }
}
