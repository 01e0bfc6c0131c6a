// The template of the moment, and those who wait for a better one. Both sources keep theirs here.

import type { Clock } from '../../util/time/clock.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import type { WaitOptions } from './template-source.ts';

/** What decides which of two templates is better. */
interface Ranked {
  readonly prevHash: Uint8Array;
  /** Satoshi. */
  readonly totalFees: bigint;
}

/** A value that changes, and waits that end at a change. */
export class LiveTemplates<T extends Ranked> {
  readonly #clock: Clock;
  #current: T | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The newest template; undefined while there is none to give. */
  get current(): T | undefined {
    return this.#current;
  }

  /** Replaces the template, and ends all waits that were for it. Undefined: there is none to give for now. */
  set(template: T | undefined): void {
    this.#current = template;
    for (const wake of [...this.#waiting]) wake();
  }

  /** The newest template, as soon as there is one. @throws The reason of an aborted signal. */
  async first(signal: AbortSignal): Promise<T> {
    while (this.#current === undefined) await this.#change(undefined, signal);
    return this.#current;
  }

  /** The next template that is better than another; undefined when the time is up. @throws The reason of an aborted signal. */
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
