// The rounds in which messages are processed and periodic ones sent.
//
// One round visits each node that has something to do once, in an order that nobody can predict, and processes at most one
// message of each: a peer that floods gets the same share as a quiet one, and many connections buy no place in the queue.
// Something to do have those with messages to process, those that can be sent to again, and, every 100 ms, those whose
// time has come: the message processor says when it next has something to say by itself. So thousands of silent peers
// cost a look at a number each. Rounds follow each other through the host's event loop, never in a plain loop, so that
// sockets and timers get their turn in between. (Bitcoin Core src/net.cpp, ThreadMessageHandler, which visits all)

import type { Clock, Timer } from '../../util/clock.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle } from '../../util/random.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';

/** Longest time between two looks at all nodes, in milliseconds: what periodic messages can count on. (Core waits as long.) */
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
  /** Nodes that the next round visits. */
  readonly #ready = new Set<P2PNode>();
  /** The next round visits all nodes. */
  #isWoken = false;
  /** When all nodes are looked at next, in monotonic milliseconds. */
  #nextLookMs = 0;
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

  /**
   * Has a round begin at once, or another one follow the round that runs.
   *
   * @param node - Who has something to do. Without one all nodes are visited.
   */
  wake(node?: P2PNode): void {
    if (node === undefined) this.#isWoken = true;
    else this.#ready.add(node);
    if (!this.#isResting) return;
    this.#next?.cancel();
    this.#soon(() => this.#startRound());
  }

  #soon(step: () => void): void {
    this.#isResting = false;
    if (!this.#interrupt.aborted) this.#next = this.#host.clock.soon(step);
  }

  #startRound(): void {
    const nodes = this.#nodesOfRound();
    this.#isWoken = false;
    this.#ready.clear();
    shuffle(this.#host.random, nodes);
    this.#continueRound(nodes, 0);
  }

  #nodesOfRound(): P2PNode[] {
    const { clock, table } = this.#host;
    const nowMs = clock.now();
    if (!this.#isWoken && nowMs < this.#nextLookMs) return [...this.#ready];
    this.#nextLookMs = nowMs + PUMP_REST_MS;
    const nodes = [...table.values()];
    if (this.#isWoken) return nodes;
    const hasTurn = (node: P2PNode): boolean =>
      node.nextTurnMs <= nowMs || node.processQueue.length > 0 || this.#ready.has(node);
    return nodes.filter(hasTurn);
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
    if (this.#ready.size > 0 || this.#isWoken) return this.#soon(() => this.#startRound());
    this.#isResting = true;
    this.#next = clock.after(Math.max(0, this.#nextLookMs - clock.now()), () => {
      this.#isResting = false;
      this.#startRound();
    });
  }

  #visit(node: P2PNode): void {
    try {
      if (this.#netEvents.processMessages(node, this.#interrupt) && !node.isSendPaused) this.#ready.add(node);
    } catch (error) {
      this.#failed(node, error, 'processMessages');
    }
    if (this.#interrupt.aborted) return;
    try {
      const quietMs = this.#netEvents.sendMessages(node) ?? 0;
      node.nextTurnMs = this.#host.clock.now() + quietMs;
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
