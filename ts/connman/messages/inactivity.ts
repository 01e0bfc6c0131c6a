// Ends nodes that were silent for too long (Bitcoin Core src/net.cpp, InactivityCheck), or hold up others.
//
// A node whose messages wait to be processed may be late because of us: it is spared once, until the next look.

import type { Clock } from '../../util/time/clock.ts';
import type { LongMessages } from '../node/long-messages.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import { inactivityReason } from '../node/timeouts.ts';
import type { MessagePump } from './message-pump.ts';

const HOLDS_UP_OTHERS = 'its long message held up those of others';

/** What the check depends on. */
export interface InactivityParts {
  readonly table: NodeTable;
  readonly pump: MessagePump;
  readonly longMessages: Pick<LongMessages, 'overdue'>;
  readonly clock: Clock;
  readonly peerTimeoutMs: number;
  readonly interrupt: AbortSignal;
}

/** Finds silent nodes of one `Connman`. */
export class Inactivity {
  readonly #parts: InactivityParts;
  /** Nodes that the last check spared, since they had waiting messages. */
  #spared: ReadonlySet<P2PNode> = new Set();

  constructor(parts: InactivityParts) {
    this.#parts = parts;
  }

  /** Marks nodes that were silent for too long, or whose long message holds up others. */
  check(): void {
    const { table, pump, longMessages, clock, peerTimeoutMs, interrupt } = this.#parts;
    if (interrupt.aborted) return;
    const holder = longMessages.overdue(clock.now());
    const nowMs = clock.wallTimeMs();
    const spared = new Set<P2PNode>();
    for (const node of table.values()) {
      const reason = node.received === holder ? HOLDS_UP_OTHERS : inactivityReason(node, nowMs, peerTimeoutMs);
      if (reason === undefined) continue;
      if (!this.#spared.has(node) && pump.isWaiting(node)) spared.add(node);
      else node.disconnect(reason);
    }
    this.#spared = spared;
  }
}
