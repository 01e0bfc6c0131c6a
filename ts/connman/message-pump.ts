// The rounds in which messages are processed and periodic ones sent.
//
// One round visits every node once, in an order that nobody can predict, and processes at most one message of each: a
// peer that floods gets the same share as a quiet one, and many connections buy no place in the queue. Rounds follow each
// other through the host's event loop, never in a plain loop, so that sockets and timers get their turn in between.
// (Bitcoin Core src/net.cpp, ThreadMessageHandler)

import type { Clock, Timer } from '../util/clock.ts';
import type { RandomUint32 } from '../util/random.ts';
import { shuffle } from '../util/random.ts';
import type { NetEvents } from './net-events.ts';
import type { NodeTable } from './node-table.ts';
import type { P2PNode } from './peer.ts';

/** Longest rest between two rounds, in milliseconds: what periodic messages can count on. (Core waits as long.) */
export const PUMP_REST_MS = 100;

/** A round that took this long goes on in another macrotask, in milliseconds. */
export const PUMP_SLICE_MS = 20;

/** What the pump works with. */
export interface PumpHost {
  readonly table: NodeTable;
  readonly clock: Clock;
  readonly random: RandomUint32;
  /** Gets what `NetEvents` threw, after the node was marked. */
  reportError(error: unknown, where: string, nodeId: number): void;
}

/** Runs rounds from `start` until the signal is aborted. */
export class MessagePump {
  readonly #host: PumpHost;
  readonly #netEvents: NetEvents;
  readonly #interrupt: AbortSignal;
  /** Something happened that a round should look at. */
  #isWoken = false;
  #hasMoreWork = false;
  #next: Timer | undefined;
  #isResting = false;

  constructor(host: PumpHost, netEvents: NetEvents, interrupt: AbortSignal) {
    this.#host = host;
    this.#netEvents = netEvents;
    this.#interrupt = interrupt;
  }

  start(): void {
    this.#interrupt.addEventListener('abort', () => this.#next?.cancel(), { once: true });
    this.#soon(() => this.#startRound());
  }

  /** Has a round begin at once, or another one follow the round that runs. */
  wake(): void {
    this.#isWoken = true;
    if (!this.#isResting) return;
    this.#next?.cancel();
    this.#soon(() => this.#startRound());
  }

  #soon(step: () => void): void {
    this.#isResting = false;
    if (!this.#interrupt.aborted) this.#next = this.#host.clock.soon(step);
  }

  #startRound(): void {
    this.#isWoken = false;
    this.#hasMoreWork = false;
    const nodes = [...this.#host.table.values()];
    shuffle(this.#host.random, nodes);
    this.#continueRound(nodes, 0);
  }

  #continueRound(nodes: readonly P2PNode[], from: number): void {
    const { clock, table } = this.#host;
    const startedAtMs = clock.now();
    for (let index = from; index < nodes.length; index++) {
      if (index > from && clock.now() - startedAtMs >= PUMP_SLICE_MS) {
        return this.#soon(() => this.#continueRound(nodes, index));
      }
      const node = nodes[index]!;
      // A slice before this one, or a node before this one, may have removed it.
      if (!node.isMarkedForDisconnect && table.get(node.id) === node) this.#visit(node);
      if (this.#interrupt.aborted) return;
    }
    if (this.#hasMoreWork || this.#isWoken) return this.#soon(() => this.#startRound());
    this.#isResting = true;
    this.#next = clock.after(PUMP_REST_MS, () => {
      this.#isResting = false;
      this.#startRound();
    });
  }

  #visit(node: P2PNode): void {
    try {
      if (this.#netEvents.processMessages(node, this.#interrupt) && !node.isSendPaused) this.#hasMoreWork = true;
    } catch (error) {
      this.#failed(node, error, 'processMessages');
    }
    if (this.#interrupt.aborted) return;
    try {
      this.#netEvents.sendMessages(node);
    } catch (error) {
      this.#failed(node, error, 'sendMessages');
    }
  }

  /** A bug of the message processor costs its peer, not the others. */
  #failed(node: P2PNode, error: unknown, where: string): void {
    node.disconnect(`internal error in ${where}`);
    this.#host.reportError(error, where, node.id);
  }
}
