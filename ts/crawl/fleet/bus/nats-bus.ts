// A fleet on NATS JetStream: streams for work and results, buckets for leases and settings.
//
// Needs a server of version 2.9 or newer with JetStream, and the packages `@nats-io/transport-node`, `jetstream` and `kv`, which
// are loaded only here. Credentials, TLS and clusters are options of NATS.

import type * as jetstreamPackage from '@nats-io/jetstream';
import type { ConsumerInfo, JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type * as kvPackage from '@nats-io/kv';
import type * as transportPackage from '@nats-io/transport-node';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { FLEET_TIMES, SHARD_COUNT } from './fleet-bus.ts';
import type { FleetBus, FleetTimes, ResultKey, SharedValues, WorkMessage } from './fleet-bus.ts';
import { outOfRange } from '../../../util/errors/errors.ts';
import { NatsValues } from './nats-values.ts';

/** Most messages of one shard's work that a worker has in hand. */
const MAX_IN_HAND = 8;

/** How many of those may still be on their way when the worker asks for the next ones: it asks once for several messages. */
const ASK_AT = 2;

/** Time limit for an answer of the server, in milliseconds. */
const ANSWER_MS = 5_000;

/** Interval between attempts to reconnect, in milliseconds. */
const RECONNECT_MS = 500;

/** How long the server recognises a repeated message id, in nanoseconds: two minutes. Readers of results check as well. */
const DUPLICATE_WINDOW_NS = 120_000_000_000;

const NS_PER_MS = 1_000_000;

/** Options of `connectToNats`. */
export interface NatsBusOptions {
  /** `nats://host:port`, or several separated by commas. */
  readonly servers: string;
  /** Prefix of the names of streams and buckets, for several fleets on one server. Default `CRAWL`. */
  readonly prefix?: string;
  /** The worker's name, as the server shows it. */
  readonly name: string;
  /** The same at every worker; the first one creates the streams with them. Default `FLEET_TIMES`. */
  readonly times?: FleetTimes;
  /** Options of NATS (`NodeConnectionOptions` of `@nats-io/transport-node`): `user`, `pass`, `token`, `authenticator`, `tls` … */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** Called when the connection to the server is lost, and when it is back. */
  readonly onStatus?: (isConnected: boolean) => void;
}

interface Packages {
  readonly transport: typeof transportPackage;
  readonly jetstream: typeof jetstreamPackage;
  readonly kv: typeof kvPackage;
}

/**
 * Joins a fleet. Creates its streams and buckets where they are missing.
 *
 * A lost connection is made again by itself; calls in between reject.
 *
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a value of `times` is out of range.
 * @throws {Error} The packages are not installed, no server answers, or it has no JetStream.
 */
export async function connectToNats(options: NatsBusOptions): Promise<FleetBus> {
  const packages = await loadPackages();
  const { servers, name, prefix = 'CRAWL', times = FLEET_TIMES, connection, onStatus } = options;
  checkTimes(times);
  const nats = await packages.transport.connect({
    ...(connection as NodeConnectionOptions | undefined),
    servers: servers.split(','),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    timeout: ANSWER_MS,
    pingInterval: ANSWER_MS,
    maxPingOut: 2,
    // Recording where a request was made costs as much as the request.
    noAsyncTraces: true,
  });
  try {
    const manager = await packages.jetstream.jetstreamManager(nats, { timeout: ANSWER_MS });
    const takers = await makeStreams(manager, packages.jetstream, prefix, times);
    const kvm = new packages.kv.Kvm(nats);
    const leases = await kvm.create(`${prefix}_LEASES`, { ttl: times.leaseTtlMs, history: 1 });
    const settings = await kvm.create(`${prefix}_SETTINGS`, { history: 1 });
    if (onStatus !== undefined) void watchStatus(nats, onStatus);
    const values = { leases: new NatsValues(leases), settings: new NatsValues(settings) };
    return new NatsBus(nats, packages, manager, prefix, takers, values, times);
  } catch (error) {
    await nats.close();
    throw error;
  }
}

function checkTimes({ gatherMs, leaseTtlMs, workTtlMs }: FleetTimes): void {
  if (!(gatherMs >= 1 && gatherMs <= 60_000)) throw outOfRange('gatherMs', '1 to 60000', gatherMs);
  if (!(leaseTtlMs >= 1_000 && leaseTtlMs <= 600_000)) throw outOfRange('leaseTtlMs', '1000 to 600000', leaseTtlMs);
  if (!(workTtlMs > leaseTtlMs && workTtlMs <= 1_200_000))
    throw outOfRange('workTtlMs', 'more than leaseTtlMs, at most 1200000', workTtlMs);
}

async function loadPackages(): Promise<Packages> {
  try {
    const [transport, jetstream, kv] = await Promise.all([
      import('@nats-io/transport-node'),
      import('@nats-io/jetstream'),
      import('@nats-io/kv'),
    ]);
    return { transport, jetstream, kv };
  } catch (cause) {
    throw new Error('a fleet needs: npm install @nats-io/transport-node @nats-io/jetstream @nats-io/kv', { cause });
  }
}

/** @returns The consumer of each shard, by the shard. */
async function makeStreams(
  { streams, consumers }: JetStreamManager,
  { AckPolicy, DiscardPolicy, RetentionPolicy, StorageType }: typeof jetstreamPackage,
  prefix: string,
  { workTtlMs }: FleetTimes,
): Promise<ConsumerInfo[]> {
  const common = { storage: StorageType.File, discard: DiscardPolicy.New, duplicate_window: DUPLICATE_WINDOW_NS };
  const work = {
    ...common,
    name: `${prefix}_WORK`,
    subjects: [`${prefix}.work.*`],
    retention: RetentionPolicy.Workqueue,
  };
  const results = {
    ...common,
    name: `${prefix}_RESULTS`,
    subjects: [`${prefix}.result.*.*`],
    retention: RetentionPolicy.Limits,
  };
  await streams.add(work);
  await streams.add(results);
  const known = new Map<string, ConsumerInfo>();
  for await (const info of consumers.list(work.name)) known.set(info.name, info);
  return Promise.all(
    Array.from({ length: SHARD_COUNT }, async (_, shard) => {
      const name = `shard-${shard}`;
      const taker = {
        durable_name: name,
        filter_subject: `${prefix}.work.${shard}`,
        ack_policy: AckPolicy.Explicit,
        ack_wait: workTtlMs * NS_PER_MS,
        max_ack_pending: 4 * MAX_IN_HAND,
      };
      return known.get(name) ?? consumers.add(work.name, taker);
    }),
  );
}

async function watchStatus(nats: NatsConnection, onStatus: (isConnected: boolean) => void): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === 'disconnect') onStatus(false);
    else if (type === 'reconnect') onStatus(true);
  }
}

class NatsBus implements FleetBus {
  readonly times: FleetTimes;
  readonly leases: SharedValues;
  readonly settings: SharedValues;
  readonly #nats: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #prefix: string;
  readonly #streams: JetStreamClient;
  /** The consumer of each shard. */
  readonly #takers: readonly ConsumerInfo[];
  /** The state of the work when it was last counted. */
  #lastWork = '';
  /** Counts of result messages by subject, fetched once for all callers of one moment. */
  #counting: { readonly round: number; readonly counts: Promise<Record<string, number>> } | undefined;

  constructor(
    nats: NatsConnection,
    packages: Packages,
    manager: JetStreamManager,
    prefix: string,
    takers: readonly ConsumerInfo[],
    { leases, settings }: { readonly leases: SharedValues; readonly settings: SharedValues },
    times: FleetTimes,
  ) {
    this.times = times;
    this.#nats = nats;
    this.#manager = manager;
    this.#prefix = prefix;
    this.#takers = takers;
    this.leases = leases;
    this.settings = settings;
    this.#streams = packages.jetstream.jetstream(nats, { timeout: ANSWER_MS });
  }

  async publishWork(shard: number, bytes: Uint8Array): Promise<void> {
    await this.#streams.publish(`${this.#prefix}.work.${shard}`, bytes);
  }

  async takeWork(shard: number, onWork: (message: WorkMessage) => void): Promise<() => void> {
    const consumer = this.#streams.consumers.getConsumerFromInfo(this.#takers[shard]!);
    const messages = await consumer.consume({
      max_messages: MAX_IN_HAND,
      threshold_messages: ASK_AT,
      callback: (message) => onWork(workOf(message)),
    });
    return () => void messages.close();
  }

  /**
   * After a crash a server may still hold messages that their consumer knows as acknowledged. The consumers, which know better, are
   * asked only where the stream does not change: that is 64 answers.
   */
  async countWork(): Promise<number> {
    const stream = `${this.#prefix}_WORK`;
    const { state } = await this.#manager.streams.info(stream);
    const last = this.#lastWork;
    this.#lastWork = `${state.first_seq} ${state.last_seq} ${state.messages}`;
    if (state.messages === 0 || this.#lastWork !== last) return state.messages;
    let count = 0;
    for await (const { num_pending: waiting, num_ack_pending: inHand } of this.#manager.consumers.list(stream)) {
      count += waiting + inHand;
    }
    return count;
  }

  async publishResults({ round, shard, id }: ResultKey, bytes: Uint8Array): Promise<void> {
    await this.#streams.publish(`${this.#prefix}.result.${round}.${shard}`, bytes, { msgID: id });
  }

  async readResults(round: number, shard: number | undefined, onResults: (bytes: Uint8Array) => void): Promise<void> {
    const subject = `${this.#prefix}.result.${round}.${shard ?? '*'}`;
    const counts = await this.#countResults(round);
    if (shard === undefined ? Object.keys(counts).length === 0 : counts[subject] === undefined) return;
    const consumer = await this.#streams.consumers.get(`${this.#prefix}_RESULTS`, { filter_subjects: subject });
    const { num_pending: pending } = await consumer.info();
    if (pending === 0) return;
    const messages = await consumer.consume({ max_messages: 1_000 });
    try {
      for await (const message of messages) {
        onResults(message.data);
        if (message.info.pending === 0) break;
      }
    } finally {
      await consumer.delete();
    }
  }

  /** A worker that starts asks for all its shards, most of which have no results. */
  #countResults(round: number): Promise<Record<string, number>> {
    if (this.#counting?.round === round) return this.#counting.counts;
    const counts = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      if (this.#counting?.counts === counts) this.#counting = undefined;
      return this.#subjectsOf(`${round}.*`);
    });
    this.#counting = { round, counts };
    return counts;
  }

  /** Subjects of results, with the number of messages in each. */
  async #subjectsOf(pattern: string): Promise<Record<string, number>> {
    const filter = `${this.#prefix}.result.${pattern}`;
    const { state } = await this.#manager.streams.info(`${this.#prefix}_RESULTS`, { subjects_filter: filter });
    return state.subjects ?? {};
  }

  async dropResultsBefore(round: number): Promise<void> {
    const subjects = await this.#subjectsOf('*.*');
    const rounds = new Set(Object.keys(subjects).map((subject) => Number(subject.split('.').at(-2))));
    for (const old of rounds) {
      if (old >= round) continue;
      await this.#manager.streams.purge(`${this.#prefix}_RESULTS`, { filter: `${this.#prefix}.result.${old}.*` });
    }
  }

  async close(): Promise<void> {
    await this.#nats.close();
  }
}

function workOf(message: JsMsg): WorkMessage {
  return {
    bytes: message.data,
    get isAgain() {
      return message.redelivered;
    },
    acknowledge: () => message.ack(),
    keep: () => message.working(),
    giveUp: () => message.nak(),
  };
}
