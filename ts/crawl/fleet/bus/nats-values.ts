// Shared values in a bucket of NATS.

import type { KV } from '@nats-io/kv';
import type { SharedValue, SharedValues } from './fleet-bus.ts';

/** Error code of the server when a value does not have the expected revision. (JetStream, wrong last sequence) */
const WRONG_LAST_SEQUENCE = 10_071;

/** Whether a publish was refused because another one came first. */
export function isRefusedAsStale(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return code === WRONG_LAST_SEQUENCE;
}

/** See `SharedValues`. */
export class NatsValues implements SharedValues {
  readonly #bucket: KV;

  constructor(bucket: KV) {
    this.#bucket = bucket;
  }

  async get(key: string): Promise<SharedValue | undefined> {
    const entry = await this.#bucket.get(key);
    if (entry === null || entry.operation !== 'PUT') return undefined;
    return { text: entry.string(), revision: entry.revision };
  }

  async keys(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const key of await this.#bucket.keys(`${prefix}.*`)) keys.push(key);
    return keys;
  }

  create(key: string, text: string): Promise<number | undefined> {
    return unlessStale(() => this.#bucket.create(key, text));
  }

  update(key: string, text: string, revision: number): Promise<number | undefined> {
    return unlessStale(() => this.#bucket.update(key, text, revision));
  }

  async put(key: string, text: string): Promise<void> {
    await this.#bucket.put(key, text);
  }

  async delete(key: string): Promise<void> {
    await this.#bucket.delete(key);
  }

  async watch(key: string, onValue: (text: string | undefined) => void): Promise<() => void> {
    const changes = await this.#bucket.watch({ key });
    if ((await this.get(key)) === undefined) onValue(undefined);
    void (async () => {
      for await (const entry of changes) onValue(entry.operation === 'PUT' ? entry.string() : undefined);
    })();
    return () => changes.stop();
  }
}

async function unlessStale(publish: () => Promise<number>): Promise<number | undefined> {
  try {
    return await publish();
  } catch (error) {
    if (isRefusedAsStale(error)) return undefined;
    throw error;
  }
}
