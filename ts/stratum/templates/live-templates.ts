// The current template, and the waits for a better one, shared by both sources.

import type { Clock } from '../../util/time/clock.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import type { WaitOptions } from './template-source.ts';

/** What makes a template better than another. */
interface Ranked {
  readonly prevHash: Uint8Array;
  /** Satoshi. */
  readonly totalFees: bigint;
}

/** A changing value, and waits for its changes. */
export class LiveTemplates<T extends Ranked> {
  readonly #clock: Clock;
  #current: T | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest template; undefined if none is available. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Replaces the template, and wakes the waits. Undefined: none is available for now. */
  set(template: T | undefined): void {
    this.#current = template;
    for (const wake of [...this.#waiting]) wake();
  }

  /** The newest template, once there is one. @throws The reason of an aborted signal. */
  async first(signal: AbortSignal): Promise<T> {
    while (this.#current === undefined) await this.#change(undefined, signal);
    return this.#current;
  }

  /** The next template better than `than`; undefined after the time limit. @throws The reason of an aborted signal. */
  async next(than: Ranked, { timeoutMs, feeThreshold, signal }: WaitOptions): Promise<T | undefined> {
    const deadline = this.#clock.now() + timeoutMs;
    for (;;) {
      const template = this.#current;
      if (template !== undefined && isBetter(template, than, feeThreshold)) return template;
      const leftMs = deadline - this.#clock.now();
      if (leftMs <= 0) return undefined;
      await this.#change(leftMs, signal);
    }
  }

  #change(timeoutMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const end = (settle: () => void) => () => {
        timer?.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#waiting.delete(onChange);
        settle();
      };
      const onChange = end(resolve);
      const onAbort = end(() => reject(signal.reason as Error));
      const timer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, onChange);
      signal.addEventListener('abort', onAbort);
      this.#waiting.add(onChange);
    });
  }
}

function isBetter(template: Ranked, than: Ranked, feeThreshold: bigint | undefined): boolean {
  if (!equalBytes(template.prevHash, than.prevHash)) return true;
  return feeThreshold !== undefined && template.totalFees >= than.totalFees + feeThreshold;
}
