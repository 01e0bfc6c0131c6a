// The templates that clients may still refer to.

import type { Clock } from '../../util/time/clock.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import type { TransactionDataError } from '../messages/template-distribution.ts';
import type { BlockTemplate } from './template-source.ts';

/** How long templates outlive their block, in milliseconds: solutions and requests may be on their way. */
const STALE_GRACE_MS = 10_000;

/** Most templates of one client; the oldest is dropped. Sources share transactions between templates of a block. */
const MAX_TEMPLATES_PER_CLIENT = 128;

interface Cached {
  readonly template: BlockTemplate;
  readonly clientId: number;
  /** When the first template of another block was added, in monotonic milliseconds. */
  staleSince: number | undefined;
}

export class TemplateCache {
  readonly #clock: Clock;
  /** In order of ids. */
  readonly #templates = new Map<bigint, Cached>();
  /** Ids of each client, oldest first. */
  readonly #idsOfClient = new Map<number, bigint[]>();
  #tip: Uint8Array | undefined;
  /** Highest id dropped for its age: lower unknown ids are stale. */
  #forgottenUpTo = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#templates.size;
  }

  /** Adds a template; a new block makes all others stale. Ids must rise. */
  add(id: bigint, clientId: number, template: BlockTemplate): void {
    if (this.#tip === undefined || !equalBytes(this.#tip, template.prevHash)) this.#setTip(template.prevHash);
    this.#dropStale();
    this.#templates.set(id, { template, clientId, staleSince: undefined });
    const ids = this.#idsOfClient.get(clientId) ?? [];
    ids.push(id);
    if (ids.length > MAX_TEMPLATES_PER_CLIENT) this.#templates.delete(ids.shift()!);
    this.#idsOfClient.set(clientId, ids);
  }

  /** A template, or the code of the reason why there is none. */
  find(id: bigint): BlockTemplate | TransactionDataError {
    this.#dropStale();
    const cached = this.#templates.get(id);
    if (cached !== undefined) return cached.template;
    return id > 0n && id <= this.#forgottenUpTo ? 'stale-template-id' : 'template-id-not-found';
  }

  forgetClient(clientId: number): void {
    for (const id of this.#idsOfClient.get(clientId) ?? []) this.#templates.delete(id);
    this.#idsOfClient.delete(clientId);
  }

  #setTip(prevHash: Uint8Array): void {
    this.#tip = prevHash;
    for (const cached of this.#templates.values()) {
      if (!equalBytes(cached.template.prevHash, prevHash)) cached.staleSince ??= this.#clock.now();
    }
  }

  #dropStale(): void {
    for (const [id, { staleSince, clientId }] of this.#templates) {
      if (staleSince === undefined || this.#clock.now() - staleSince <= STALE_GRACE_MS) continue;
      this.#templates.delete(id);
      const ids = this.#idsOfClient.get(clientId);
      ids?.splice(ids.indexOf(id), 1);
      if (id > this.#forgottenUpTo) this.#forgottenUpTo = id;
    }
  }
}
