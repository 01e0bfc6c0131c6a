// One line for each turn, for `NODE_DEBUG=sockman`.

import type { DebugLog } from '../../util/debug-log.ts';
import { NO_COUNTERS } from '../stats.ts';
import type { LoopCounters } from '../stats.ts';

/** Reports what changed in each turn. Turns in which nothing happened, such as idle ticks, are left out. */
export class TurnReport {
  readonly #debug: DebugLog;
  #before: LoopCounters = { ...NO_COUNTERS };

  constructor(debug: DebugLog) {
    this.#debug = debug;
  }

  /** A turn is over. Work since the last turn counts as part of it. */
  tell(counters: LoopCounters, connectionCount: number): void {
    const since = (name: keyof LoopCounters): number => counters[name] - this.#before[name];
    const parts = [
      counted(since('events'), 'events'),
      counted(since('accepted'), 'accepted'),
      counted(since('refused'), 'refused'),
      counted(since('receivedBytes'), 'bytes received'),
      counted(since('sentBytes'), 'bytes sent'),
      counted(since('closed'), 'closed'),
    ].filter((part) => part !== '');
    if (parts.length > 0) {
      const ms = since('turnMs').toFixed(2);
      this.#debug(`turn ${counters.turns}: ${parts.join(', ')}; ${ms} ms, ${connectionCount} connections open`);
    }
    this.#before = { ...counters };
  }
}

const counted = (count: number, what: string): string => (count === 0 ? '' : `${count} ${what}`);
