// The listening sockets: who accepts, who is paused, and what happens when descriptors run out.

import type { Service } from '../netaddr/service.ts';
import type { Timer } from '../util/clock.ts';
import { errnoName, errnoText } from '../util/errno.ts';
import type { Backend } from './backends/backend.ts';
import type { ResolvedOptions } from './options.ts';

/** How long a listener rests when descriptors or memory ran out, in milliseconds: soon enough for a waiting peer, no spin. */
export const ACCEPT_RETRY_MS = 100;

/** What `bindAndStartListening` gives. Any of its fields tells which, taken apart or not. */
export type BindResult =
  | { ok: true; bound: Service; code?: undefined; errno?: undefined; syscall?: undefined; errmsg?: undefined }
  | {
      ok: false;
      bound?: undefined;
      /** The name of the errno, such as `EADDRINUSE`. */
      code: string;
      /** The errno, negative as in Node. */
      errno: number;
      /** What failed, such as `bind`. */
      syscall: string;
      /** One line for people: the address, and what the system said. */
      errmsg: string;
    };

interface Listener {
  readonly handle: number;
  readonly bound: Service;
  /** Our end of every connection, where the listener is bound to one address: no need to ask the kernel. */
  readonly me: Service | undefined;
  isPaused: boolean;
  /** Set while the listener rests for want of descriptors. */
  retry: Timer | undefined;
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
    this.#byHandle.set(handle, { handle, bound, me, isPaused: false, retry: undefined, isExhausted: false });
    return { ok: true, bound };
  }

  /** Both ends of a connection that an open listener just accepted. The peer of a Unix-domain socket has no name: it gets ours. */
  endsOf(handle: number, listenerHandle: number): { me: Service; them: Service } {
    const listener = this.#byHandle.get(listenerHandle)!;
    listener.isExhausted = false;
    const me = listener.me ?? this.#backend.addressOf(handle, 'local') ?? listener.bound;
    return { me, them: this.#backend.addressOf(handle, 'remote') ?? me };
  }

  /** Closes one listener, or all. @returns How many were closed. */
  close(bound: Service | undefined): number {
    return this.#forEach(bound, (listener) => {
      listener.retry?.cancel();
      this.#byHandle.delete(listener.handle);
      this.#backend.close(listener.handle);
    });
  }

  closeAll(): void {
    this.close(undefined);
  }

  /** Pauses or resumes one listener, or all. @returns How many there were. */
  setPaused(bound: Service | undefined, isPaused: boolean): number {
    return this.#forEach(bound, (listener) => {
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
  }

  /** Forgets the pending retries: nothing is accepted any more. */
  stop(): void {
    for (const listener of this.#byHandle.values()) listener.retry?.cancel();
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
