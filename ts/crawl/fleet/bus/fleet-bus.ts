// What the workers of a fleet share: values with an owner, work and results. It is an interface, so that a single process and the
// tests need no server.
//
// Every method that asks the server rejects while the server is away. Callers keep what they have and ask again.

/** Number of shards into which the addresses of a round are divided. */
export const SHARD_COUNT = 64;

/** A value and its revision, which an update must name. */
export interface SharedValue {
  readonly text: string;
  readonly revision: number;
}

/** Values by key: letters, digits, `-`, `_` and dots. */
export interface SharedValues {
  /** The value of a key; undefined where there is none. */
  get(key: string): Promise<SharedValue | undefined>;
  /** Keys that begin with `prefix`, which is one or more whole parts between dots. */
  keys(prefix: string): Promise<string[]>;
  /** Sets a value where there is none. @returns The revision; undefined when the key has a value already. */
  create(key: string, text: string): Promise<number | undefined>;
  /** Sets a value that has not changed since `revision`. @returns The new revision; undefined when it has changed. */
  update(key: string, text: string, revision: number): Promise<number | undefined>;
  /** Sets a value, whatever it was. */
  put(key: string, text: string): Promise<void>;
  /** Removes a key; nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /**
   * Calls back with the value now and at each change; undefined when there is none.
   *
   * @returns A function that stops watching.
   */
  watch(key: string, onValue: (text: string | undefined) => void): Promise<() => void>;
}

/** Addresses to visit, as one message. It is delivered again, to any worker, until one acknowledges it. */
export interface WorkMessage {
  readonly bytes: Uint8Array;
  /** Whether the message was delivered before, and was given up or not kept. */
  readonly isAgain: boolean;
  /** Marks the work as done: it is not delivered again. */
  acknowledge(): void;
  /** Marks the work as still in hand: it is not delivered again yet. */
  keep(): void;
  /** Gives the work up: it is delivered again at once. */
  giveUp(): void;
}

/** Identifies a message of results. */
export interface ResultKey {
  readonly round: number;
  readonly shard: number;
  /** Unique among the messages of the fleet. A message that is sent again keeps its id and is stored once. */
  readonly id: string;
}

/** How often a fleet talks, and how soon it notices that a worker is gone. The same for all workers. */
export interface FleetTimes {
  /**
   * How long records and addresses are gathered before they are sent, in milliseconds, 1 to 60,000. A killed worker loses at most
   * this much. Default 1,000.
   */
  readonly gatherMs: number;
  /** Time without renewal after which a lease is free, in milliseconds, 1,000 to 600,000. Default 10,000. */
  readonly leaseTtlMs: number;
  /**
   * Time after which work that no worker keeps is delivered again, in milliseconds. Longer than a lease, so that it finds the
   * new owner. Default 15,000.
   */
  readonly workTtlMs: number;
}

/** See `FleetTimes`. */
export const FLEET_TIMES: FleetTimes = { gatherMs: 1_000, leaseTtlMs: 10_000, workTtlMs: 15_000 };

/** The connection of one worker to its fleet. */
export interface FleetBus {
  readonly times: FleetTimes;
  /** Values that expire when they are not updated for `leaseTtlMs`. */
  readonly leases: SharedValues;
  /** Values that stay. */
  readonly settings: SharedValues;
  /** Resolves once the work is stored. */
  publishWork(shard: number, bytes: Uint8Array): Promise<void>;
  /**
   * Takes work of a shard, as it comes.
   *
   * @returns A function that stops the deliveries; the caller must give up what it has not acknowledged.
   */
  takeWork(shard: number, onWork: (message: WorkMessage) => void): Promise<() => void>;
  /** Messages of work that are not acknowledged yet. */
  countWork(): Promise<number>;
  /** Resolves once all results in the message are stored. */
  publishResults(key: ResultKey, bytes: Uint8Array): Promise<void>;
  /** Reads the results of a round that are stored now, of one shard or of all, in the order in which they were stored. */
  readResults(round: number, shard: number | undefined, onResults: (bytes: Uint8Array) => void): Promise<void>;
  /** Deletes the results of rounds before this one. */
  dropResultsBefore(round: number): Promise<void>;
  /** Leaves the fleet. */
  close(): Promise<void>;
}
