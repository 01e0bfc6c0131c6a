// A sink that records what a backend reports, checks the rules of every turn, and can be awaited.

import * as assert from 'node:assert';

import { MAX_RECORDS, RECORD_WORDS, RecordFlag } from '../backends/backend.ts';
import type { Backend, BackendOptions, BatchSink, SocketListenOptions } from '../backends/backend.ts';
import type { Service } from '../../netaddr/service.ts';
import { errnoName } from '../../util/errors/errno.ts';
import { RefusedTurn } from './refused-turn.ts';

/** How long a check waits for something that must happen, in milliseconds. */
const DEADLINE_MS = 15_000;

/** More than any send buffer holds, in bytes. */
const MAX_FILL_BYTES = 256 * 1024 * 1024;

const plainOptions: BackendOptions = {
  receiveChunkBytes: 64 * 1024,
  acceptBatch: 64,
  noDelay: true,
  keepAliveSeconds: 0,
  receiveBufferBytes: 0,
  sendBufferBytes: 0,
};

export const plainListen: SocketListenOptions = { backlog: 511, reusePort: false, dualStack: false };

/** The recorded events of one socket. */
export class Seen {
  /** Everything reported, in order: `data 5`, `eof`, `ECONNRESET`, `writable`, `readable`, `connected 0`. */
  readonly events: string[] = [];
  readonly chunks: Buffer[] = [];
  isPaused = false;

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
  get text(): string {
    return this.bytes.toString();
  }
  get byteCount(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }
  count(event: string): number {
    return this.events.filter((seen) => seen === event).length;
  }
  has(event: string): boolean {
    return this.events.includes(event);
  }
}

export class Station implements BatchSink {
  readonly backend: Backend;
  readonly accepted: { handle: number; listener: number }[] = [];
  /** Called after each record was noted. */
  onRecord: (handle: number, flags: number) => void = () => {};
  /** Called before the records of a turn are examined. */
  onTurn: () => void = () => {};
  /** Turns to postpone before a record is examined: each comes again. */
  refusals = 0;
  /** Called for each postponed turn. */
  onRefusal: () => void = () => {};
  turnCount = 0;
  isInTurn = false;
  readonly #options: BackendOptions;
  readonly #seen = new Map<number, Seen>();
  #waiting: (() => void)[] = [];
  #refused: RefusedTurn | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(createBackend: (options: BackendOptions) => Backend, options: Partial<BackendOptions> = {}) {
    this.#options = { ...plainOptions, ...options };
    this.backend = createBackend(this.#options);
  }

  start(): this {
    this.backend.start(this);
    return this;
  }

  of(handle: number): Seen {
    const seen = this.#seen.get(handle) ?? new Seen();
    this.#seen.set(handle, seen);
    return seen;
  }

  listen(at: Service, options: Partial<SocketListenOptions> = {}): { handle: number; bound: Service } {
    const result = this.backend.listen(at, { ...plainListen, ...options });
    if (!result.ok) throw new Error(`listen ${at}: ${result.syscall} ${errnoName(result.errno)}`);
    return result;
  }

  connect(to: Service): number {
    const result = this.backend.connect(to, {});
    if (!result.ok) throw new Error(`connect ${to}: ${result.syscall} ${errnoName(result.errno)}`);
    return result.handle;
  }

  send(handle: number, data: string | Uint8Array): number {
    return this.backend.send(handle, typeof data === 'string' ? Buffer.from(data) : data, false);
  }

  /** Sends until the backend takes less than it is given. @returns Bytes taken. */
  fill(handle: number, chunk: Uint8Array = new Uint8Array(64 * 1024)): number {
    let total = 0;
    for (;;) {
      const sent = this.send(handle, chunk);
      assert.ok(sent >= 0);
      total += sent;
      if (sent < chunk.length) return total;
      assert.ok(total < MAX_FILL_BYTES, 'a send buffer has an end');
    }
  }

  setReceiving(handle: number, on: boolean): void {
    this.of(handle).isPaused = !on;
    this.backend.setReceiving(handle, on);
  }

  /** Resolves when `condition` holds; asked after every turn. */
  async until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      this.throwFailure();
      if (condition()) return;
      const left = deadline - performance.now();
      if (left <= 0) assert.fail(`waited in vain for: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /**
   * Waits for 200 passes of the event loop: enough for anything unexpected on loopback to happen. A backend that breaks the
   * contract cannot be asked whether it is idle.
   */
  async quiet(): Promise<void> {
    for (let pass = 0; pass < 200; pass++) await new Promise<void>((resolve) => setImmediate(resolve));
    this.throwFailure();
  }

  /** Throws what a turn found wrong: a sink must not throw during the turn. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  failed(errno: number): void {
    this.#failure ??= { error: new Error(`the system does not tell what is ready: ${errnoName(errno)}`) };
  }

  turn(recordCount: number, isNewPass: boolean): boolean {
    const isTaken = this.refusals === 0;
    try {
      this.#refused?.assertComesAgain(recordCount, isNewPass);
      this.#refused = undefined;
      if (isTaken) this.#takeTurn(recordCount);
      else this.#refuse(recordCount);
    } catch (error) {
      this.#failure ??= { error };
    }
    this.isInTurn = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
    return isTaken;
  }

  #refuse(recordCount: number): void {
    this.refusals--;
    this.#refused = new RefusedTurn(this.backend, recordCount);
    this.onRefusal();
  }

  #takeTurn(recordCount: number): void {
    assert.strictEqual(this.isInTurn, false, 'a turn begins inside another one');
    assert.ok(recordCount >= 1 && recordCount <= MAX_RECORDS, `${recordCount} records in a turn`);
    this.isInTurn = true;
    this.turnCount++;
    this.onTurn();
    const records = this.backend.records.slice(0, recordCount * RECORD_WORDS);
    const reported = new Set<number>();
    for (let word = 0; word < records.length; word += RECORD_WORDS) {
      const [handle, flags, a, b] = records.subarray(word, word + RECORD_WORDS) as unknown as [
        number,
        number,
        number,
        number,
      ];
      if ((flags & RecordFlag.ACCEPT_EXHAUSTED) === 0)
        assert.ok(!reported.has(handle), 'a socket has two records in a turn');
      reported.add(handle);
      this.#note(handle, flags, a, b);
      this.onRecord(handle, flags);
    }
  }

  #note(handle: number, flags: number, a: number, b: number): void {
    const seen = this.of(handle);
    if ((flags & RecordFlag.ACCEPTED) !== 0) {
      this.accepted.push({ handle, listener: a });
      return;
    }
    if ((flags & RecordFlag.WRITABLE) !== 0) {
      const taken = flags & (RecordFlag.DATA | RecordFlag.EOF | RecordFlag.READ_ERROR);
      assert.strictEqual(taken, 0, 'room to send is told together with READABLE, and with nothing that was received');
      seen.events.push('writable');
    }
    const receiveFlags = RecordFlag.DATA | RecordFlag.READABLE | RecordFlag.EOF | RecordFlag.READ_ERROR;
    if ((flags & receiveFlags) !== 0) assert.ok(!seen.isPaused, 'a socket receives while receiving is off');
    if ((flags & RecordFlag.DATA) !== 0) {
      assert.ok(b > 0);
      assert.ok(b <= this.#options.receiveChunkBytes);
      assert.ok(a + b <= this.backend.deferredOffset);
      this.#noteBytes(seen, a, b);
    } else if ((flags & RecordFlag.READABLE) !== 0) {
      seen.events.push('readable');
      this.receive(handle);
    } else if ((flags & RecordFlag.EOF) !== 0) {
      seen.events.push('eof');
    } else if ((flags & RecordFlag.READ_ERROR) !== 0) {
      seen.events.push(errnoName(a));
    } else if ((flags & RecordFlag.CONNECTED) !== 0) {
      seen.events.push(`connected ${a === 0 ? 0 : errnoName(a)}`);
    } else if ((flags & RecordFlag.ACCEPT_EXHAUSTED) !== 0) {
      seen.events.push(`exhausted ${errnoName(a)}`);
    }
  }

  receive(handle: number): number {
    const seen = this.of(handle);
    const received = this.backend.receive(handle);
    if (received > 0) this.#noteBytes(seen, this.backend.deferredOffset, received);
    else if (received === 0) seen.events.push('eof');
    else if (errnoName(-received) !== 'EAGAIN') seen.events.push(errnoName(-received));
    return received;
  }

  #noteBytes(seen: Seen, offset: number, count: number): void {
    seen.events.push(`data ${count}`);
    seen.chunks.push(Buffer.from(this.backend.slab.view(offset, count)));
  }
}
