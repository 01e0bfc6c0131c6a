// Periodic tasks for all peers together: compared with the clock whenever the peer manager is called, since only
// `Connman` has timers. (Bitcoin Core src/net_processing.cpp, StartScheduledTasks, ReattemptInitialBroadcast)

import { shown } from '../util/errors/errors.ts';
import { uniformBelow } from '../util/random.ts';
import type { PeerContext } from './state/peer-context.ts';
import type { PrivateBroadcast } from './transactions/private-broadcast.ts';
import { EXTRA_PEER_CHECK_MS, ExtraPeers } from './chain/extra-peers.ts';

/** A base and a random part, in milliseconds. */
const REBROADCAST_MS = 600_000;
const REBROADCAST_SPREAD_MS = 300_000;
const RETRY_MS = 120_000;
const RETRY_SPREAD_MS = 60_000;

export class DueTasks {
  readonly #context: PeerContext;
  readonly #privateBroadcast: PrivateBroadcast;
  readonly #extraPeers: ExtraPeers;
  #nextExtraPeersMs: number;
  #nextRebroadcastMs: number;
  #nextRetryMs = 0;

  constructor(context: PeerContext, privateBroadcast: PrivateBroadcast) {
    this.#context = context;
    this.#privateBroadcast = privateBroadcast;
    this.#extraPeers = new ExtraPeers(context);
    const nowMs = context.clock.wallTimeMs();
    this.#nextExtraPeersMs = nowMs + EXTRA_PEER_CHECK_MS;
    this.#nextRebroadcastMs = nowMs + this.#rebroadcastDelayMs();
  }

  /** Runs tasks that are due. Cheap if none is. */
  run(): void {
    try {
      this.#runDue(this.#context.clock.wallTimeMs());
    } catch (error) {
      this.#context.logger.error(`periodic tasks: ${shown(error)}`);
    }
  }

  /** Makes all tasks due earlier, and runs those that are due then. */
  skip(ms: number): void {
    this.#nextExtraPeersMs -= ms;
    this.#nextRebroadcastMs -= ms;
    this.#nextRetryMs -= ms;
    this.run();
  }

  #runDue(nowMs: number): void {
    if (nowMs >= this.#nextExtraPeersMs) {
      this.#nextExtraPeersMs = nowMs + EXTRA_PEER_CHECK_MS;
      this.#extraPeers.check();
    }
    if (nowMs >= this.#nextRetryMs) {
      this.#nextRetryMs = nowMs + RETRY_MS + uniformBelow(this.#context.random, RETRY_SPREAD_MS);
      this.#privateBroadcast.retryStale();
    }
    if (nowMs >= this.#nextRebroadcastMs) {
      this.#nextRebroadcastMs = nowMs + this.#rebroadcastDelayMs();
      this.#context.hooks.onRebroadcastDue?.();
    }
  }

  #rebroadcastDelayMs(): number {
    return REBROADCAST_MS + uniformBelow(this.#context.random, REBROADCAST_SPREAD_MS);
  }
}
