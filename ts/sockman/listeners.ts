// The listening sockets: accepting, pausing, draining, and rests when descriptors run out.

import type { Service } from '../netaddr/service.ts';
import type { Timer } from '../util/time/clock.ts';
import { errnoName, errnoText } from '../util/errors/errno.ts';
import type { Backend } from './backends/backend.ts';
import type { ResolvedOptions } from './options.ts';

/**
 * How long a listener rests when descriptors or memory ran out, in milliseconds: short for a waiting peer, long enough not
 * to spin.
 */
export const ACCEPT_RETRY_MS = 100;

/** Result of `bindAndStartListening`. Each of its fields tells success from failure, also after destructuring. */
export type BindResult =
  | { ok: true; bound: Service; code?: undefined; errno?: undefined; syscall?: undefined; errmsg?: undefined }
  | {
      ok: false;
      bound?: undefined;
      /** The name of the errno, such as `EADDRINUSE`. */
      code: string;
      /** The errno, negative as in Node. */
      errno: number;
      /** The failed system call, such as `bind`. */
      syscall: string;
      /** One line for people: the address, and the system's error. */
      errmsg: string;
    };

/**
 * A draining listener is closed after so long without a new connection, in milliseconds: longer than a handshake in progress
 * takes.
 */
const DRAIN_QUIET_MS = 250;
/** Longest drain, in milliseconds: where new connections cannot be kept away, they never cease. */
const DRAIN_LIMIT_MS = 2_000;

interface Listener {
  readonly handle: number;
  readonly bound: Service;
  /** Our end of every connection, if the listener is bound to one address: the kernel need not be asked. */
  readonly me: Service | undefined;
  isPaused: boolean;
  /** Set while the listener rests for lack of descriptors. */
  retry: Timer | undefined;
  /** Connections accepted so far. */
  acceptedCount: number;
  /** Set while it drains; those who wait are told whether it was closed. */
  drain: { timer: Timer; readonly waiting: ((isClosed: boolean) => void)[] } | undefined;
  /** An episode of exhaustion begins with a failure and ends with the next success. */
  isExhausted: boolean;
}

export class Listeners {
  /** Episodes of exhaustion so far. */
  exhaustedEpisodes = 0;
  readonly #backend: Backend;
  readonly #options: ResolvedOptions;
  readonly #byHandle = new Map<number, Listener>();

  constructor(backend: Backend, options: ResolvedOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  get count(): number {
    return this.#byHandle.size;
  }

  /** Whether the listener is open. */
  has(handle: number): boolean {
    return this.#byHandle.has(handle);
  }

  open(at: Service): BindResult {
    const { backlog, reusePort, dualStack } = this.#options;
    const result = this.#backend.listen(at, { backlog, reusePort, dualStack });
    if (!result.ok) {
      const { syscall, errno } = result;
      const errmsg = `${syscall} for ${at} failed: ${errnoText(errno)}`;
      return { ok: false, code: errnoName(errno), errno: -errno, syscall, errmsg };
    }
    const { handle, bound } = result;
    const me = bound.address.isBindAny() && bound.unixPath === undefined ? undefined : bound;
    this.#byHandle.set(handle, {
      handle,
      bound,
      me,
      isPaused: false,
      retry: undefined,
      acceptedCount: 0,
      drain: undefined,
      isExhausted: false,
    });
    return { ok: true, bound };
  }

  /**
   * Both ends of a connection that an open listener just accepted. The peer of a Unix-domain socket is unnamed: it gets our
   * address.
   */
  endsOf(handle: number, listenerHandle: number): { me: Service; them: Service } {
    const listener = this.#byHandle.get(listenerHandle)!;
    listener.isExhausted = false;
    listener.acceptedCount++;
    const me = listener.me ?? this.#backend.addressOf(handle, 'local') ?? listener.bound;
    return { me, them: this.#backend.addressOf(handle, 'remote') ?? me };
  }

  /** Closes one listener, or all. @returns How many were closed. */
  close(bound: Service | undefined): number {
    return this.#forEach(bound, (listener) => this.#close(listener));
  }

  #close(listener: Listener): void {
    listener.retry?.cancel();
    this.#byHandle.delete(listener.handle);
    this.#backend.close(listener.handle);
    endDrain(listener, true);
  }

  /**
   * Closes one listener, or all, after the connections in their queues were accepted. @returns How many were closed, once
   * they are.
   */
  async drain(bound: Service | undefined): Promise<number> {
    const outcomes: Promise<boolean>[] = [];
    this.#forEach(bound, (listener) => {
      if (listener.drain === undefined) {
        listener.isPaused = false;
        if (listener.retry === undefined) this.#backend.setAccepting(listener.handle, true);
        this.#backend.drain(listener.handle);
        this.#drainFor(listener, DRAIN_LIMIT_MS, []);
      }
      outcomes.push(new Promise((resolve) => listener.drain!.waiting.push(resolve)));
    });
    return (await Promise.all(outcomes)).filter(Boolean).length;
  }

  #drainFor(listener: Listener, leftMs: number, waiting: ((isClosed: boolean) => void)[]): void {
    const before = listener.acceptedCount;
    const timer = this.#backend.clock.after(DRAIN_QUIET_MS, () => {
      const isQuiet = listener.acceptedCount === before && !listener.isExhausted;
      if (isQuiet || leftMs <= DRAIN_QUIET_MS) this.#close(listener);
      else this.#drainFor(listener, leftMs - DRAIN_QUIET_MS, waiting);
    });
    listener.drain = { timer, waiting };
  }

  closeAll(): void {
    this.close(undefined);
  }

  /** Pauses or resumes one listener, or all; draining ones go on. @returns Their number. */
  setPaused(bound: Service | undefined, isPaused: boolean): number {
    return this.#forEach(bound, (listener) => {
      if (listener.drain !== undefined) return;
      listener.isPaused = isPaused;
      if (listener.retry === undefined) this.#backend.setAccepting(listener.handle, !isPaused);
    });
  }

  /** A listener found no descriptor or memory for a connection, and rests. Logged once an episode. */
  exhausted(handle: number, errno: number): void {
    const listener = this.#byHandle.get(handle);
    if (listener === undefined) return;
    if (!listener.isExhausted) {
      listener.isExhausted = true;
      this.exhaustedEpisodes++;
      this.#options.logger.warn(`accepting at ${listener.bound} rests: ${errnoText(errno)}`);
    }
    listener.retry?.cancel();
    listener.retry = this.#backend.clock.after(ACCEPT_RETRY_MS, () => {
      listener.retry = undefined;
      if (!listener.isPaused) this.#backend.setAccepting(listener.handle, true);
    });
    listener.retry.unref?.();
  }

  /** Cancels the pending retries: nothing is accepted any more. */
  stop(): void {
    for (const listener of this.#byHandle.values()) {
      listener.retry?.cancel();
      endDrain(listener, false);
    }
  }

  #forEach(bound: Service | undefined, visit: (listener: Listener) => void): number {
    let count = 0;
    for (const listener of [...this.#byHandle.values()]) {
      if (bound !== undefined && !listener.bound.equals(bound)) continue;
      count++;
      visit(listener);
    }
    return count;
  }
}

function endDrain(listener: Listener, isClosed: boolean): void {
  listener.drain?.timer.cancel();
  for (const tell of listener.drain?.waiting ?? []) tell(isClosed);
  listener.drain = undefined;
}
