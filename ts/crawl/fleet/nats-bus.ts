// A fleet on NATS JetStream: streams for work and results, buckets for leases and settings.
//
// Needs a server of 2.9 or newer with JetStream, and the packages `@nats-io/transport-node`, `jetstream` and `kv`, which are
// loaded here and nowhere else. Credentials, TLS and clusters are options of NATS.

import type * as jetstreamPackage from '@nats-io/jetstream';
import type { ConsumerMessages, JetStreamClient, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import type * as kvPackage from '@nats-io/kv';
import type * as transportPackage from '@nats-io/transport-node';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { LEASE_TTL_MS, SHARD_COUNT, WORK_TTL_MS } from './bus.ts';
import type { FleetBus, ResultKey, SharedValues, WorkMessage } from './bus.ts';
import { NatsValues, isRefusedAsStale } from './nats-values.ts';

/** Messages of work of one shard that a worker has at once. */
const MAX_IN_HAND = 8;

/** How long a server may take for an answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** Between two tries to reach a server that is away, in milliseconds. */
const RECONNECT_MS = 500;

/** In which the server knows a message id again, in nanoseconds: two minutes. The subject of a result keeps it for good. */
const DUPLICATE_WINDOW_NS = 120_000_000_000;

const NS_PER_MS = 1_000_000;

/** Where the fleet is. */
export interface NatsBusOptions {
  /** `nats://host:port`, or several with commas between. */
  readonly servers: string;
  /** What the names of streams and buckets begin with, for several fleets on one server. Default `CRAWL`. */
  readonly prefix?: string;
  /** The worker's name, as the server shows it. */
  readonly name: string;
  /** NATS's own options (`NodeConnectionOptions` of `@nats-io/transport-node`): `user`, `pass`, `token`, `authenticator`, `tls` … */
  readonly connection?: Readonly<Record<string, unknown>>;
  /** Told when the server is away, and when it is back. */
  readonly onStatus?: (isConnected: boolean) => void;
}

interface Packages {
  readonly transport: typeof transportPackage;
  readonly jetstream: typeof jetstreamPackage;
  readonly kv: typeof kvPackage;
}

/**
 * Joins a fleet: makes its streams and buckets where they are not there.
 *
 * Once connected, it comes back by itself when the server was away; calls in between reject.
 *
 * @throws {Error} The packages are not installed, no server answers, or it has no JetStream.
 */
export async function connectToNats(options: NatsBusOptions): Promise<FleetBus> {
  const packages = await loadPackages();
  const { servers, name, prefix = 'CRAWL', connection, onStatus } = options;
  const nats = await packages.transport.connect({
    ...(connection as NodeConnectionOptions | undefined),
    servers: servers.split(','),
    name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    timeout: ANSWER_MS,
    pingInterval: ANSWER_MS,
    maxPingOut: 2,
  });
  try {
    const manager = await packages.jetstream.jetstreamManager(nats, { timeout: ANSWER_MS });
    await makeStreams(manager, packages.jetstream, prefix);
    const kvm = new packages.kv.Kvm(nats);
    const leases = await kvm.create(`${prefix}_LEASES`, { ttl: LEASE_TTL_MS, history: 1 });
    const settings = await kvm.create(`${prefix}_SETTINGS`, { history: 1 });
    if (onStatus !== undefined) void watchStatus(nats, onStatus);
    return new NatsBus(nats, packages, manager, prefix, new NatsValues(leases), new NatsValues(settings));
  } catch (error) {
    await nats.close();
    throw error;
  }
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

async function makeStreams(
  { streams, consumers }: JetStreamManager,
  { AckPolicy, DiscardPolicy, RetentionPolicy, StorageType }: typeof jetstreamPackage,
  prefix: string,
): Promise<void> {
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
    subjects: [`${prefix}.result.*.*.*`],
    retention: RetentionPolicy.Limits,
  };
  await streams.add(work);
  await streams.add(results);
  const shards = Array.from({ length: SHARD_COUNT }, (_, shard) => shard);
  await Promise.all(
    shards.map((shard) =>
      consumers.add(work.name, {
        durable_name: `shard-${shard}`,
        filter_subject: `${prefix}.work.${shard}`,
        ack_policy: AckPolicy.Explicit,
        ack_wait: WORK_TTL_MS * NS_PER_MS,
        max_ack_pending: 4 * MAX_IN_HAND,
      }),
    ),
  );
}

async function watchStatus(nats: NatsConnection, onStatus: (isConnected: boolean) => void): Promise<void> {
  for await (const { type } of nats.status()) {
    if (type === 'disconnect') onStatus(false);
    else if (type === 'reconnect') onStatus(true);
  }
}

class NatsBus implements FleetBus {
  readonly leases: SharedValues;
  readonly settings: SharedValues;
  readonly #nats: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #prefix: string;
  readonly #streams: JetStreamClient;

  constructor(
    nats: NatsConnection,
    packages: Packages,
    manager: JetStreamManager,
    prefix: string,
    leases: SharedValues,
    settings: SharedValues,
  ) {
    this.#nats = nats;
    this.#manager = manager;
    this.#prefix = prefix;
    this.leases = leases;
    this.settings = settings;
    this.#streams = packages.jetstream.jetstream(nats, { timeout: ANSWER_MS });
  }

  async publishWork(shard: number, bytes: Uint8Array): Promise<void> {
    await this.#streams.publish(`${this.#prefix}.work.${shard}`, bytes);
  }

  async takeWork(shard: number, onWork: (message: WorkMessage) => void): Promise<() => void> {
    const consumer = await this.#streams.consumers.get(`${this.#prefix}_WORK`, `shard-${shard}`);
    const messages = await consumer.consume({ max_messages: MAX_IN_HAND });
    void handOver(messages, onWork);
    return () => void messages.close();
  }

  /** After a crash a server may keep messages that their consumer knows as acknowledged: those count for nothing. */
  async countWork(): Promise<number> {
    const stream = `${this.#prefix}_WORK`;
    const { state } = await this.#manager.streams.info(stream);
    if (state.messages === 0) return 0;
    let count = 0;
    for await (const { num_pending: waiting, num_ack_pending: inHand } of this.#manager.consumers.list(stream)) {
      count += waiting + inHand;
    }
    return count;
  }

  async publishResult(key: ResultKey, bytes: Uint8Array): Promise<boolean> {
    const { round, shard, endpoint, attempts } = key;
    const subject = `${this.#prefix}.result.${round}.${shard}.${tokenOf(endpoint)}`;
    try {
      const expect = { lastSubjectSequence: 0 };
      const { duplicate } = await this.#streams.publish(subject, bytes, {
        msgID: `${round} ${endpoint} ${attempts}`,
        expect,
      });
      return !duplicate;
    } catch (error) {
      if (isRefusedAsStale(error)) return false;
      throw error;
    }
  }

  async readResults(round: number, shard: number | undefined, onResult: (bytes: Uint8Array) => void): Promise<void> {
    const consumer = await this.#streams.consumers.get(`${this.#prefix}_RESULTS`, {
      filter_subjects: `${this.#prefix}.result.${round}.${shard ?? '*'}.*`,
    });
    const { num_pending: pending } = await consumer.info();
    if (pending === 0) return;
    const messages = await consumer.consume({ max_messages: 1_000 });
    for await (const message of messages) {
      onResult(message.data);
      if (message.info.pending === 0) break;
    }
  }

  async dropResultsBefore(round: number): Promise<void> {
    const stream = `${this.#prefix}_RESULTS`;
    const { state } = await this.#manager.streams.info(stream, { subjects_filter: `${this.#prefix}.result.*.*.*` });
    const rounds = new Set(Object.keys(state.subjects ?? {}).map((subject) => Number(subject.split('.').at(-3))));
    for (const old of rounds)
      if (old < round) await this.#manager.streams.purge(stream, { filter: `${this.#prefix}.result.${old}.*.*` });
  }

  async close(): Promise<void> {
    await this.#nats.close();
  }
}

async function handOver(messages: ConsumerMessages, onWork: (message: WorkMessage) => void): Promise<void> {
  for await (const message of messages) onWork(workOf(message));
}

function workOf(message: JsMsg): WorkMessage {
  return {
    bytes: message.data,
    acknowledge: () => message.ack(),
    keep: () => message.working(),
    giveUp: () => message.nak(),
  };
}

/** An endpoint as a part of a subject, in which dots, blanks, `*` and `>` mean something. */
const tokenOf = (endpoint: string): string => endpoint.replaceAll('.', '-').replaceAll(':', '_');
