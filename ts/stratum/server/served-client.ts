// One client of a server: its state, and what it may send next.

import type { Service } from '../../netaddr/service.ts';
import type { MemoryAccount } from '../../util/memory/memory-budget.ts';
import { TokenBucket } from '../../util/time/token-bucket.ts';
import { MAX_WAITING_REQUESTS, TRANSACTION_DATA_PER_MINUTE } from '../limits.ts';
import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import type { Sv2Link } from '../sv2-link.ts';

/**
 * `handshake`: keys are exchanged. `setup`: waits for `SetupConnection`. `confirmed`: that was answered. `ready`: the client
 * sent its constraints, and gets templates.
 */
export type ClientState = 'handshake' | 'setup' | 'confirmed' | 'ready';

/** What a client reports about itself: untrusted text. */
export interface ClientSetup {
  readonly vendor: string;
  readonly hardwareVersion: string;
  readonly firmware: string;
  readonly deviceId: string;
}

/** A client, as seen by users of the server. */
export interface Sv2ServedClient {
  /** The node id of its connection: never reused. */
  readonly id: number;
  readonly address: Service;
  readonly state: ClientState;
  /** Undefined before `SetupConnection`. */
  readonly setup: ClientSetup | undefined;
  /** The latest constraints; undefined before the first. */
  readonly constraints: CoinbaseOutputConstraints | undefined;
  /** Milliseconds since 1970. */
  readonly connectedAtMs: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** `NewTemplate` messages queued for it. */
  readonly templatesSent: number;
  /** Frames left out because the client reads too slowly. */
  readonly droppedFrames: number;
  readonly solutions: number;
  /** Time of its last solution, in milliseconds since 1970. */
  readonly lastSolutionAtMs: number | undefined;
}

/** The server's own view of a client. */
export class ServedClient implements Sv2ServedClient {
  readonly id: number;
  readonly address: Service;
  readonly link: Sv2Link;
  readonly memory: MemoryAccount;
  readonly connectedAtMs: number;
  state: ClientState = 'handshake';
  setup: ClientSetup | undefined;
  constraints: CoinbaseOutputConstraints | undefined;
  templatesSent = 0;
  solutions = 0;
  lastSolutionAtMs: number | undefined;

  /** When `state` was entered, in monotonic milliseconds. */
  stateSince: number;
  /** Why the connection is ending; once set, no message is processed. */
  endReason: string | undefined;
  endSince = 0;

  readonly #requests: bigint[] = [];
  readonly #requestBudget: TokenBucket;
  #isAnswering = false;

  /** @param memory - Accounts for the link's memory; closed with the connection. */
  constructor(id: number, address: Service, link: Sv2Link, memory: MemoryAccount, nowMs: number, wallMs: number) {
    this.id = id;
    this.address = address;
    this.link = link;
    this.memory = memory;
    this.connectedAtMs = wallMs;
    this.stateSince = nowMs;
    this.#requestBudget = new TokenBucket({
      capacity: TRANSACTION_DATA_PER_MINUTE,
      tokensPerSecond: TRANSACTION_DATA_PER_MINUTE / 60,
      nowMs,
    });
  }

  get sentBytes(): number {
    return this.link.sentBytes;
  }

  get receivedBytes(): number {
    return this.link.receivedBytes;
  }

  get droppedFrames(): number {
    return this.link.droppedCount;
  }

  enter(state: ClientState, nowMs: number): void {
    this.state = state;
    this.stateSince = nowMs;
  }

  /** Queues a request for transaction data. @returns False if too many wait already. */
  addRequest(templateId: bigint): boolean {
    if (this.#requests.length >= MAX_WAITING_REQUESTS) return false;
    this.#requests.push(templateId);
    return true;
  }

  /** The next request to answer: one at a time, and a limited number a minute. It stays pending until `requestAnswered`. */
  nextRequest(nowMs: number): bigint | undefined {
    if (this.#isAnswering || this.#requests.length === 0) return undefined;
    this.#requestBudget.refill(nowMs);
    if (!this.#requestBudget.tryTake()) return undefined;
    this.#isAnswering = true;
    return this.#requests.shift();
  }

  requestAnswered(): void {
    this.#isAnswering = false;
  }
}
