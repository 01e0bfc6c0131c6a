// What the workers of a fleet share: values with an owner, work, and results. An interface, so that one process and tests need
// no server.
//
// Every method that asks the other side may reject: it is away. Callers keep what they have and ask again.

/** Parts that the addresses of a round are dealt out in. */
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
  /** Keys that begin so: whole parts between dots. */
  keys(prefix: string): Promise<string[]>;
  /** @returns The revision; undefined when there is a value. */
  create(key: string, text: string): Promise<number | undefined>;
  /** Sets a value that has not changed since `revision`. @returns The new revision; undefined when it has changed. */
  update(key: string, text: string, revision: number): Promise<number | undefined>;
  /** Sets a value, whatever it was. */
  put(key: string, text: string): Promise<void>;
  /** Removes a key; nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /**
   * Tells a value now and at each change, undefined when there is none.
   *
   * @returns Ends it.
   */
  watch(key: string, onValue: (text: string | undefined) => void): Promise<() => void>;
}

/** Addresses to visit, as one message. It comes again, to somebody, until it is acknowledged. */
export interface WorkMessage {
  readonly bytes: Uint8Array;
  /** Whether somebody had it before, who gave it up or did not keep it. */
  readonly isAgain: boolean;
  /** Done: it never comes again. */
  acknowledge(): void;
  /** Still at it: it does not come again yet. */
  keep(): void;
  /** Given up: it comes again at once. */
  giveUp(): void;
}

/** Which message of results one is. */
export interface ResultKey {
  readonly round: number;
  readonly shard: number;
  /** Different for every message of the fleet. One that is sent again has the same, and is stored once. */
  readonly id: string;
}

/** How often a fleet talks, and how soon it notices that a worker is gone. The same for all of them. */
export interface FleetTimes {
  /**
   * How long records and addresses wait for company, in milliseconds, 1 to 60,000: what a worker that is killed visits again, at most.
   * Default 1,000.
   */
  readonly gatherMs: number;
  /** A lease that is not renewed for so long passes on, in milliseconds, 1,000 to 600,000. Default 10,000. */
  readonly leaseTtlMs: number;
  /** Work that nobody keeps for so long comes again, in milliseconds: longer than a lease, so that it finds the new owner. Default 15,000. */
  readonly workTtlMs: number;
}

/** See `FleetTimes`. */
export const FLEET_TIMES: FleetTimes = { gatherMs: 1_000, leaseTtlMs: 10_000, workTtlMs: 15_000 };

/** The connection of one worker to its fleet. */
export interface FleetBus {
  readonly times: FleetTimes;
  /** Values that vanish when they are not updated for `leaseTtlMs`. */
  readonly leases: SharedValues;
  /** Values that stay. */
  readonly settings: SharedValues;
  /** Resolves once the work is stored. */
  publishWork(shard: number, bytes: Uint8Array): Promise<void>;
  /**
   * Takes work of a shard, as it comes.
   *
   * @returns Ends it; what was not acknowledged by then must be given up by the caller.
   */
  takeWork(shard: number, onWork: (message: WorkMessage) => void): Promise<() => void>;
  /** Messages of work that nobody acknowledged yet. */
  countWork(): Promise<number>;
  /** Resolves once the results, all that are in the message, are stored. */
  publishResults(key: ResultKey, bytes: Uint8Array): Promise<void>;
  /** Reads the messages of results of a round that are there now, in the order in which they were stored; of one shard or of all. */
  readResults(round: number, shard: number | undefined, onResults: (bytes: Uint8Array) => void): Promise<void>;
  /** Gives up results of rounds before this one. */
  dropResultsBefore(round: number): Promise<void>;
  /** Leaves the fleet. */
  close(): Promise<void>;
}
