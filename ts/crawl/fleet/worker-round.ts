// One worker's part of a round: visits the addresses of its shards, and sends on what it learns.
//
// A message of work is acknowledged when all its addresses have a stored record and everything learned by then is stored as work.
// So the work is gone exactly when the round is over. Work that is delivered again had an owner that died, perhaps before it sent
// on what its visits told: its addresses are visited again even where a record exists, for the addresses that they tell.

import { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_BYTES } from '../../netaddr/networks/network.ts';
import { Service } from '../../netaddr/service.ts';
import { Services } from '../../p2p/protocol.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import { NETWORK_NAMES, networkNumberOf } from '../frontier/address-table.ts';
import type { Exclusions } from '../frontier/exclusions.ts';
import { Frontier } from '../frontier/frontier.ts';
import { serviceOfRecord } from '../record/record-service.ts';
import type { CrawlRecord } from '../record/record.ts';
import { Round } from '../round/round.ts';
import type { RoundProgress } from '../round/round.ts';
import type { Greeting } from '../visit/greeting.ts';
import type { SeedName } from '../visit/visit.ts';
import { frontierOptionsOf, visitorOptionsOf } from '../part-options.ts';
import type { FleetBus, WorkMessage } from './bus/fleet-bus.ts';
import type { Deliveries } from './deliveries.ts';
import { Outbox } from './outbox.ts';
import { readFleetRecords } from './results.ts';
import { ROUND_KEY, parseRoundState } from './round-state.ts';
import { shardOf, shardOfService } from './shards.ts';
import { V2_NOT_OFFERED, V2_OFFERED, V2_UNKNOWN, WorkBatchReader } from './work-batch.ts';

/** What all rounds of a worker have in common. */
export interface RoundParts {
  readonly options: ResolvedCrawlOptions;
  readonly greeting: Greeting;
  readonly exclusions: Exclusions;
}

/** Interval between calls of `keep`, as a share of the time after which work is delivered again. */
const KEEPING = 1 / 4;

/** Delay before work of a round that has not begun here is given up, in milliseconds. */
const EARLY_MS = 1_000;

/** Kinds of things on the bus that are not what the fleet writes. */
export type Ignored = 'states' | 'work' | 'records';

/** Callbacks of a worker's round. */
export interface WorkerRoundListener {
  /** An address was visited here. */
  record(record: CrawlRecord): void;
  /** Something on the bus was ignored. */
  ignored(what: Ignored, count: number): void;
}

/** A message of work in hand. */
interface Batch {
  readonly message: WorkMessage;
  readonly shard: number;
  /** Addresses without a stored record. */
  left: number;
  /** In hand when messages were last kept. Most are done before that. */
  isOld: boolean;
}

/** An address that was asked for. */
interface Wanted {
  readonly shard: number;
  readonly source: string;
  /** Whether a worker that did not finish has stored a record of it. */
  readonly hasRecord: boolean;
  readonly batches: Batch[];
}

/** See the module comment. */
export class WorkerRound {
  readonly number: number;
  readonly #bus: FleetBus;
  readonly #clock: Clock;
  readonly #parts: RoundParts;
  readonly #listener: WorkerRoundListener;
  readonly #frontier: Frontier;
  readonly #round: Round;
  readonly #outbox: Outbox;
  readonly #deliveries: Deliveries;
  readonly #end = new AbortController();
  /** Shards whose work is taken, with the function that stops it; undefined while it is starting. */
  readonly #taking = new Map<number, (() => void) | undefined>();
  readonly #batches = new Set<Batch>();
  /** By row of the frontier. */
  readonly #wanted = new Map<number, Wanted>();
  /** Rows in flight of lost shards: their records still count. */
  readonly #orphans = new Map<number, Wanted>();
  /** Rows whose records other workers stored. */
  readonly #recorded = new Set<number>();
  /** Called after the last message of a shard that is handed on. */
  readonly #onLeft = new Map<number, () => void>();
  /** Buffers for an address to be sent on, one for each network. */
  readonly #copies = NETWORK_NAMES.map((name) => new Uint8Array(name === undefined ? 0 : NETWORK_BYTES[name]));
  #sourceNumber = -1;
  #sourceText = '';
  #keeping: Timer;

  constructor(number: number, bus: FleetBus, parts: RoundParts, deliveries: Deliveries, listener: WorkerRoundListener) {
    const { clock, concurrency, asMap } = parts.options;
    this.number = number;
    this.#bus = bus;
    this.#clock = clock;
    this.#parts = parts;
    this.#listener = listener;
    this.#deliveries = deliveries;
    this.#outbox = new Outbox(bus, clock, number, this.#end.signal);
    const visitor = visitorOptionsOf(parts.options, parts.greeting);
    this.#frontier = new Frontier({
      ...frontierOptionsOf(parts.options),
      exclusions: parts.exclusions,
      onPromoted: (row) => this.#sendOn(row),
      holdsLearned: true,
    });
    this.#round = new Round(
      { number, frontier: this.#frontier, visitor, concurrency, clock, asMap, staysOpen: true },
      {
        record: (record, row) => this.#visited(record, row),
        retrying: (row) => this.#retrying(row),
        learned: (row) => this.#sendOn(row),
        over: () => {},
      },
    );
    this.#keeping = clock.after(bus.times.workTtlMs * KEEPING, this.#onKeep);
    this.#round.start();
  }

  /** Progress of this worker's part. */
  get progress(): RoundProgress {
    return this.#round.progress;
  }

  /** Ends this worker's part. Work in hand is given up and goes to other workers. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#keeping.cancel();
    const shards = new Set([...this.#taking.keys(), ...[...this.#batches].map(({ shard }) => shard)]);
    for (const shard of shards) this.lose(shard);
    await this.#round.stop();
    for (const onLeft of this.#onLeft.values()) onLeft();
  }

  /**
   * Publishes addresses to begin with.
   *
   * @param names - Seeds that are visited for the addresses that they tell.
   * @returns Once all of them are stored.
   */
  async seed(
    seeds: readonly { readonly service: Service; readonly services?: bigint; readonly source: string }[],
    names: readonly SeedName[],
  ): Promise<void> {
    for (const { service, services, source } of seeds) {
      const network = networkNumberOf(service.address);
      if (network === 0) continue;
      const { bytes } = service.address;
      const shard = shardOf(this.#parts.options.asMap, network, bytes);
      this.#outbox.add(shard, network, bytes, service.port, v2Of(services), source);
    }
    await this.#round.ask(names);
    await new Promise<void>((resolve) => this.#outbox.whenStored(resolve));
  }

  /** Starts work on a shard: marks addresses with a record as done, then takes the shard's work. */
  async gain(shard: number): Promise<void> {
    if (this.#taking.has(shard)) return;
    this.#taking.set(shard, undefined);
    const ignored = await readFleetRecords(this.#bus, this.number, shard, (record) => {
      const service = serviceOfRecord(record);
      const row = service === undefined ? undefined : this.#frontier.markDone(service);
      if (row !== undefined) this.#recorded.add(row);
    });
    this.#listener.ignored('records', ignored);
    if (!this.#taking.has(shard)) return;
    const stop = await this.#bus.takeWork(shard, (message) => this.#takeWork(shard, message));
    if (this.#taking.has(shard)) this.#taking.set(shard, stop);
    else stop();
  }

  /**
   * Begins no more visits in a shard. Addresses that were not dialed yet become new work for the next owner.
   *
   * @returns Once none of its work is in hand.
   */
  handOn(shard: number): Promise<void> {
    this.#taking.get(shard)?.();
    this.#taking.delete(shard);
    for (const [row, wanted] of this.#wanted) {
      if (wanted.shard !== shard || !this.#frontier.hold(row)) continue;
      this.#send(row, wanted.source);
      this.#settle(row);
    }
    return new Promise((resolve) => {
      this.#onLeft.set(shard, resolve);
      this.#noteLeft(shard);
    });
  }

  /** Stops all dialing in a shard. */
  lose(shard: number): void {
    this.#taking.get(shard)?.();
    this.#taking.delete(shard);
    for (const batch of this.#batches) {
      if (batch.shard !== shard) continue;
      this.#batches.delete(batch);
      batch.message.giveUp();
    }
    for (const [row, wanted] of this.#wanted) {
      if (wanted.shard !== shard) continue;
      this.#wanted.delete(row);
      if (!this.#frontier.hold(row)) this.#orphans.set(row, wanted);
    }
    this.#noteLeft(shard);
  }

  /** Applies a list of exclusions, to waiting addresses too. */
  exclude(exclusions: Exclusions): void {
    this.#frontier.exclude(exclusions);
    for (const row of this.#wanted.keys()) {
      if (this.#frontier.isExcluded(row) && this.#frontier.hold(row)) this.#settle(row);
    }
  }

  #takeWork(shard: number, message: WorkMessage): void {
    const addresses = WorkBatchReader.open(message.bytes);
    if (addresses === undefined) return this.#drop(message);
    if (addresses.round < this.number) return message.acknowledge();
    if (!this.#taking.has(shard)) return message.giveUp();
    if (addresses.round > this.number) return void this.#judgeEarly(message, addresses.round);
    const batch: Batch = { message, shard, left: 0, isOld: false };
    this.#batches.add(batch);
    while (addresses.next()) this.#want(addresses, batch);
    if (batch.left === 0) this.#finish(batch);
    this.#round.wake();
  }

  /** Gives up work of a round that has begun elsewhere. Nobody began a round beyond the stored one. */
  async #judgeEarly(message: WorkMessage, round: number): Promise<void> {
    await sleep(this.#clock, EARLY_MS, this.#end.signal);
    if (this.#end.signal.aborted) return message.giveUp();
    const stored = await this.#bus.settings.get(ROUND_KEY).catch(() => undefined);
    const state = stored && parseRoundState(stored.text);
    if (state === undefined || round <= state.number) message.giveUp();
    else this.#drop(message);
  }

  #drop(message: WorkMessage): void {
    message.acknowledge();
    this.#listener.ignored('work', 1);
  }

  /** Asks for a visit, unless it was made already or the address may not be visited. */
  #want(address: WorkBatchReader, batch: Batch): void {
    const { network, bytes, offset, port } = address;
    const found = this.#frontier.table.find(network, bytes, offset, port);
    const known = this.#wanted.get(found);
    if (known !== undefined) {
      if (known.batches.includes(batch)) return;
      known.batches.push(batch);
      batch.left += 1;
      return;
    }
    // The owner of its group does not know of this visit: the group's rate would be exceeded.
    if (shardOf(this.#parts.options.asMap, network, bytes, offset) !== batch.shard)
      return this.#listener.ignored('work', 1);
    const row = found === -1 ? this.#add(address) : found;
    if (row === -1) return;
    const hasRecord = this.#recorded.has(row) && batch.message.isAgain;
    if (hasRecord) this.#frontier.again(row);
    if (!this.#frontier.admit(row)) return;
    this.#recorded.delete(row);
    this.#wanted.set(row, { shard: batch.shard, source: address.source, hasRecord, batches: [batch] });
    batch.left += 1;
  }

  /** Adds an address that is new. @returns Its row; -1 if it may not be visited. */
  #add({ network, bytes, offset, port, v2 }: WorkBatchReader): number {
    const name = NETWORK_NAMES[network]!;
    const address = new NetAddress(name, bytes.slice(offset, offset + NETWORK_BYTES[name]));
    const services = v2 === V2_UNKNOWN ? undefined : v2 === V2_OFFERED ? Services.P2P_V2 : 0n;
    return this.#frontier.addSeed(new Service(address, port), services, 'given');
  }

  #visited(record: CrawlRecord, row: number): void {
    const wanted = this.#wanted.get(row) ?? this.#orphans.get(row);
    if (wanted?.hasRecord === true) return this.#settle(row);
    const told = wanted === undefined ? record : { ...record, source: wanted.source };
    const shard = wanted?.shard ?? shardOfService(this.#parts.options.asMap, this.#frontier.table.serviceOf(row));
    this.#listener.record(told);
    this.#deliveries.deliver(told, shard, () => this.#settle(row));
  }

  /** An address whose shard was lost is not dialed again. */
  #retrying(row: number): void {
    if (this.#orphans.delete(row)) this.#frontier.hold(row);
  }

  /** An address is done. */
  #settle(row: number): void {
    this.#orphans.delete(row);
    const wanted = this.#wanted.get(row);
    if (wanted === undefined) return;
    this.#wanted.delete(row);
    for (const batch of wanted.batches) {
      batch.left -= 1;
      if (batch.left === 0) this.#finish(batch);
    }
  }

  #finish(batch: Batch): void {
    this.#outbox.whenStored(() => {
      if (this.#end.signal.aborted || !this.#batches.delete(batch)) return;
      batch.message.acknowledge();
      this.#noteLeft(batch.shard);
    });
  }

  #noteLeft(shard: number): void {
    const onLeft = this.#onLeft.get(shard);
    if (onLeft === undefined) return;
    for (const batch of this.#batches) if (batch.shard === shard) return;
    this.#onLeft.delete(shard);
    onLeft();
  }

  #sendOn(row: number): void {
    if (this.#frontier.isHeld(row)) this.#send(row, this.#sourceOf(row));
  }

  /** Sends an address to the owner of its shard. */
  #send(row: number, source: string): void {
    const { table } = this.#frontier;
    const network = table.networkOf(row);
    const address = this.#copies[network]!;
    table.copyAddress(row, address, 0);
    const shard = shardOf(this.#parts.options.asMap, network, address);
    this.#outbox.add(shard, network, address, table.portOf(row), v2Of(this.#frontier.servicesOf(row)), source);
  }

  /** Source of an address, as text. Kept, since a thousand addresses in a row come from the same node. */
  #sourceOf(row: number): string {
    const number = this.#frontier.sourceNumberOf(row);
    if (number !== this.#sourceNumber) {
      this.#sourceNumber = number;
      this.#sourceText = this.#frontier.sourceOf(row);
    }
    return this.#sourceText;
  }

  readonly #onKeep = (): void => {
    for (const batch of this.#batches) {
      if (batch.isOld) batch.message.keep();
      batch.isOld = true;
    }
    this.#keeping = this.#clock.after(this.#bus.times.workTtlMs * KEEPING, this.#onKeep);
  };
}

function v2Of(services: bigint | undefined): number {
  if (services === undefined) return V2_UNKNOWN;
  return (services & Services.P2P_V2) === 0n ? V2_NOT_OFFERED : V2_OFFERED;
}
