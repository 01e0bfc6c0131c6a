// Shared values in memory, with revisions and watchers. Values that are not updated expire.

import type { Clock, Timer } from '../../../util/time/clock.ts';
import type { SharedValue, SharedValues } from './fleet-bus.ts';

/** See `SharedValues`. */
export class MemoryValues implements SharedValues {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #values = new Map<string, SharedValue & { readonly end: Timer | undefined }>();
  readonly #watchers = new Map<string, Set<(text: string | undefined) => void>>();
  #revision = 0;

  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  get(key: string): Promise<SharedValue | undefined> {
    return Promise.resolve(this.#values.get(key));
  }

  keys(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()].filter((key) => key.startsWith(`${prefix}.`)));
  }

  create(key: string, text: string): Promise<number | undefined> {
    return Promise.resolve(this.#values.has(key) ? undefined : this.#set(key, text));
  }

  update(key: string, text: string, revision: number): Promise<number | undefined> {
    return Promise.resolve(this.#values.get(key)?.revision === revision ? this.#set(key, text) : undefined);
  }

  put(key: string, text: string): Promise<void> {
    this.#set(key, text);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#values.get(key)?.end?.cancel();
    if (this.#values.delete(key)) this.#tell(key, undefined);
    return Promise.resolve();
  }

  watch(key: string, onValue: (text: string | undefined) => void): Promise<() => void> {
    let watchers = this.#watchers.get(key);
    if (watchers === undefined) this.#watchers.set(key, (watchers = new Set()));
    watchers.add(onValue);
    onValue(this.#values.get(key)?.text);
    return Promise.resolve(() => void watchers.delete(onValue));
  }

  #set(key: string, text: string): number {
    this.#values.get(key)?.end?.cancel();
    const revision = ++this.#revision;
    const end = this.#ttlMs === Infinity ? undefined : this.#clock.after(this.#ttlMs, () => void this.delete(key));
    end?.unref?.();
    this.#values.set(key, { text, revision, end });
    this.#tell(key, text);
    return revision;
  }

  #tell(key: string, text: string | undefined): void {
    for (const onValue of this.#watchers.get(key) ?? []) onValue(text);
  }
}
