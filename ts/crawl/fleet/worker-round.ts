// One worker's part of a round: visits the addresses of its shards, and sends on what it learns.
//
// A message of work is acknowledged when all its addresses have a stored record, and everything that was learned by then is
// stored as work. So there is no work left exactly when the round is over.

import { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { Exclusions } from '../frontier/exclusions.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { parseRecord } from '../record/check-record.ts';
import type { CrawlRecord } from '../record/record.ts';
import { endpointOf } from '../report/files/node-lists.ts';
import { Round } from '../round/round.ts';
import type { RoundProgress } from '../round/round.ts';
import type { FleetBus, WorkMessage } from './bus.ts';
import type { Deliveries } from './deliveries.ts';
import { Outbox } from './outbox.ts';
import { frontierFor, visitorFor } from './round-parts.ts';
import type { RoundParts } from './round-parts.ts';
import { shardOf } from './shards.ts';
import { decodeBatch } from './work-batch.ts';
import type { WorkAddress } from './work-batch.ts';

/** Between two words that work is still in hand, in milliseconds: a third of the time after which it comes again. */
const KEEP_MS = 5_000;

/** How long work of a round that has not begun here rests, in milliseconds. */
const EARLY_MS = 1_000;

/** A message of work in hand. */
interface Batch {
  readonly message: WorkMessage;
  readonly shard: number;
  /** Addresses without a stored record. */
  left: number;
}

/** An address that was asked for. */
interface Wanted {
  readonly row: number;
  readonly source: string;
  readonly batches: Batch[];
}

/** See the module comment. */
export class WorkerRound {
  readonly number: number;
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #parts: RoundParts;
  readonly #onRecord: (record: CrawlRecord) => void;
  readonly #frontier: Frontier;
  readonly #round: Round;
  readonly #outbox: Outbox;
  readonly #deliveries: Deliveries;
  readonly #end = new AbortController();
  /** Shards whose work is taken, with what ends that; undefined while it is being begun. */
  readonly #taking = new Map<number, (() => void) | undefined>();
  readonly #batches = new Set<Batch>();
  readonly #wanted = new Map<string, Wanted>();
  /** Addresses in flight of shards that are not ours any more, and who waits for the last of them. */
  readonly #leaving = new Map<string, { readonly shard: number; readonly source: string }>();
  readonly #onLeft = new Map<number, () => void>();
  #keeping: Timer;

  constructor(
    number: number,
    bus: FleetBus,
    parts: RoundParts,
    deliveries: Deliveries,
    onRecord: (record: CrawlRecord) => void,
  ) {
    const { clock, concurrency, asMap } = parts.options;
    this.number = number;
    this.#bus = bus;
    this.#clock = clock;
    this.#parts = parts;
    this.#onRecord = onRecord;
    this.#deliveries = deliveries;
    this.#outbox = new Outbox(bus, clock, number, this.#end.signal);
    this.#frontier = frontierFor(parts, (row) => this.#sendOn(row));
    this.#round = new Round(
      { number, frontier: this.#frontier, visitor: visitorFor(parts), concurrency, clock, asMap, staysOpen: true },
      {
        record: (record) => this.#visited(record),
        learned: (row) => this.#sendOn(row),
        over: () => {},
      },
    );
    this.#keeping = clock.after(KEEP_MS, this.#onKeep);
    this.#round.start();
  }

  /** How far it is here. */
  get progress(): RoundProgress {
    return this.#round.progress;
  }

  /** Ends it here. What is in hand is given up, and comes to others. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#keeping.cancel();
    for (const shard of [...this.#taking.keys()]) this.lose(shard);
    await this.#round.stop();
    for (const onLeft of this.#onLeft.values()) onLeft();
  }

  /** Publishes addresses to begin with. @returns Once they are stored. */
  async seed(
    seeds: readonly { readonly service: Service; readonly services?: bigint; readonly source: string }[],
  ): Promise<void> {
    for (const { service, services, source } of seeds) {
      const offersV2 = services === undefined ? undefined : (services & Services.P2P_V2) !== 0n;
      this.#outbox.add(shardOf(this.#parts.options.asMap, service), { endpoint: String(service), offersV2, source });
    }
    await this.#outbox.stored();
  }

  /** Begins with a shard: what has a record already is done, then its work is taken. */
  async gain(shard: number): Promise<void> {
    if (this.#taking.has(shard)) return;
    this.#taking.set(shard, undefined);
    await this.#bus.readResults(this.number, shard, (bytes) => {
      const record = parseRecord(Buffer.from(bytes).toString('utf8'));
      const service = typeof record === 'string' ? undefined : Service.tryParse(endpointOf(record));
      if (service !== undefined) this.#frontier.markDone(service);
    });
    if (!this.#taking.has(shard)) return;
    const stop = await this.#bus.takeWork(shard, (message) => this.#takeWork(shard, message));
    if (this.#taking.has(shard)) this.#taking.set(shard, stop);
    else stop();
  }

  /** Dials nobody of a shard any more. @returns Once nothing of it is in flight. */
  handOn(shard: number): Promise<void> {
    this.lose(shard);
    return new Promise((resolve) => {
      this.#onLeft.set(shard, resolve);
      this.#noteLeft(shard);
    });
  }

  /** Dials nobody of a shard any more. */
  lose(shard: number): void {
    this.#taking.get(shard)?.();
    this.#taking.delete(shard);
    for (const batch of this.#batches) {
      if (batch.shard !== shard) continue;
      this.#batches.delete(batch);
      batch.message.giveUp();
    }
    for (const [endpoint, wanted] of this.#wanted) {
      if (wanted.batches.some((batch) => this.#batches.has(batch))) continue;
      if (!this.#frontier.hold(wanted.row)) this.#leaving.set(endpoint, { shard, source: wanted.source });
      this.#wanted.delete(endpoint);
    }
  }

  /** Leaves those alone who asked for it, also if they are waiting. */
  exclude(exclusions: Exclusions): void {
    this.#frontier.exclude(exclusions);
    for (const [endpoint, wanted] of this.#wanted) {
      if (this.#frontier.isExcluded(wanted.row) && this.#frontier.hold(wanted.row)) this.#settle(endpoint);
    }
  }

  #takeWork(shard: number, message: WorkMessage): void {
    const batch = decodeBatch(message.bytes);
    if (batch === undefined || batch.round < this.number) return message.acknowledge();
    if (!this.#taking.has(shard)) return message.giveUp();
    if (batch.round > this.number) return void this.#clock.after(EARLY_MS, () => message.giveUp());
    const inHand: Batch = { message, shard, left: 0 };
    this.#batches.add(inHand);
    for (const address of batch.addresses) this.#want(address, inHand);
    if (inHand.left === 0) void this.#finish(inHand);
    this.#round.wake();
  }

  /** Asks for a visit, unless there is a record or nobody may be visited there. */
  #want({ endpoint, offersV2, source }: WorkAddress, batch: Batch): void {
    const known = this.#wanted.get(endpoint);
    if (known !== undefined) {
      if (known.batches.includes(batch)) return;
      known.batches.push(batch);
      batch.left += 1;
      return;
    }
    const service = Service.tryParse(endpoint);
    if (service === undefined) return;
    const services = offersV2 === undefined ? undefined : offersV2 ? Services.P2P_V2 : 0n;
    const row = this.#frontier.find(service) ?? this.#frontier.addSeed(service, services, 'given');
    if (row === -1 || !this.#frontier.admit(row)) return;
    this.#wanted.set(String(service), { row, source, batches: [batch] });
    batch.left += 1;
  }

  #visited(record: CrawlRecord): void {
    const endpoint = endpointOf(record);
    const { source } = this.#wanted.get(endpoint) ?? this.#leaving.get(endpoint) ?? {};
    const told = source === undefined ? record : { ...record, source };
    this.#onRecord(told);
    void this.#deliveries.deliver(told).then((isStored) => isStored && this.#settle(endpoint));
  }

  /** An address needs no more. */
  #settle(endpoint: string): void {
    const leaving = this.#leaving.get(endpoint);
    if (leaving !== undefined && this.#leaving.delete(endpoint)) this.#noteLeft(leaving.shard);
    const wanted = this.#wanted.get(endpoint);
    if (wanted === undefined) return;
    this.#wanted.delete(endpoint);
    for (const batch of wanted.batches) {
      batch.left -= 1;
      if (batch.left === 0) void this.#finish(batch);
    }
  }

  #noteLeft(shard: number): void {
    for (const leaving of this.#leaving.values()) if (leaving.shard === shard) return;
    this.#onLeft.get(shard)?.();
    this.#onLeft.delete(shard);
  }

  async #finish(batch: Batch): Promise<void> {
    await this.#outbox.stored();
    if (this.#end.signal.aborted || !this.#batches.delete(batch)) return;
    batch.message.acknowledge();
  }

  #sendOn(row: number): void {
    const frontier = this.#frontier;
    if (!frontier.isHeld(row)) return;
    const service = frontier.table.serviceOf(row);
    const services = frontier.servicesOf(row);
    const offersV2 = services === undefined ? undefined : services !== 0n;
    this.#outbox.add(shardOf(this.#parts.options.asMap, service), {
      endpoint: String(service),
      offersV2,
      source: frontier.sourceOf(row),
    });
  }

  readonly #onKeep = (): void => {
    for (const { message } of this.#batches) message.keep();
    this.#keeping = this.#clock.after(KEEP_MS, this.#onKeep);
  };
}
