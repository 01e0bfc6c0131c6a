// The rounds in which messages are processed and periodic ones sent.
//
// One round visits each node that has something to do once, and processes at most one message of each. Those that used
// little of the processor lately come first, in an order that nobody can predict among those that used about as much. So a
// cheap message of a quiet peer waits for the current slice only, however many peers send costly ones, and many connections
// buy no place in the queue. A node has something to do when it has bytes to process, when it can be sent to again, and when
// its time has come, which is looked at every 100 ms: the message processor says when it next has something to send by
// itself. So thousands of silent peers cost a look at a number each.
//
// A round that takes long is cut into slices, and nodes left when one ends are set against those that have come meanwhile.
// Slices and rounds follow each other through the host's event loop, never in a plain loop, so that sockets and timers are
// served in between. (Bitcoin Core src/net.cpp, ThreadMessageHandler, which visits all and asks nobody's price)

import type { Clock, Timer } from '../../util/time/clock.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle } from '../../util/random.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import { whenAborted } from '../../util/time/when-aborted.ts';

/** Longest time between two looks at all nodes, in milliseconds: the precision of periodic messages. (Core waits as long.) */
export const PUMP_REST_MS = 100;

/** A round that took this long goes on in another macrotask, in milliseconds. */
export const PUMP_SLICE_MS = 10;

/** What the pump works with. */
export interface PumpParts {
  readonly table: NodeTable;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly interrupt: AbortSignal;
  /** Gets what `NetEvents` threw, after the node was marked. */
  reportError(error: unknown, where: string, nodeId: number): void;
}

/** Runs rounds from `start` until the interrupt. */
export class MessagePump {
  readonly #parts: PumpParts;
  readonly #interrupt: AbortSignal;
  #netEvents!: NetEvents;
  /**
   * Nodes that have something to do and were not visited since, each once. Arrays that stay, and a flag of the node: sets made
   * for each slice were most of the old garbage of a flood.
   */
  #ready: P2PNode[] = [];
  /** Those whose turn the present slice is. */
  #taken: P2PNode[] = [];
  readonly #levels: P2PNode[][] = [];
  /** The next slice looks at all nodes. */
  #isWoken = false;
  /** When all nodes are looked at next, in monotonic milliseconds. */
  #nextLookMs = 0;
  #next: Timer | undefined;
  #isResting = false;

  constructor(parts: PumpParts) {
    this.#parts = parts;
    this.#interrupt = parts.interrupt;
  }

  start(netEvents: NetEvents): void {
    this.#netEvents = netEvents;
    whenAborted(this.#interrupt, () => this.#next?.cancel());
    this.#goOnSoon();
  }

  /**
   * Starts a round at once, or another one right after the current round.
   *
   * @param node - The node with something to do. Without one all nodes are visited.
   */
  wake(node?: P2PNode): void {
    if (node === undefined) this.#isWoken = true;
    else this.#add(node);
    if (!this.#isResting) return;
    this.#next?.cancel();
    this.#goOnSoon();
  }

  /** Whether a node has something to do that was not done yet: messages to be processed, mostly. */
  isWaiting(node: P2PNode): boolean {
    return node.isAwaitingVisit;
  }

  #add(node: P2PNode): void {
    if (node.isAwaitingVisit) return;
    node.isAwaitingVisit = true;
    this.#ready.push(node);
  }

  #goOnSoon(): void {
    this.#isResting = false;
    if (!this.#interrupt.aborted) this.#next = this.#parts.clock.soon(() => this.#runSlice());
  }

  #runSlice(): void {
    const { clock } = this.#parts;
    const startedAtMs = clock.now();
    let nowMs = startedAtMs;
    this.#takeReady(nowMs);
    for (const node of this.#taken) {
      // Out of time: nodes left are compared with those that come until the next slice.
      if (nowMs - startedAtMs >= PUMP_SLICE_MS) {
        this.#add(node);
        continue;
      }
      nowMs = this.#visit(node, nowMs);
      if (this.#interrupt.aborted) return;
    }
    this.#taken.length = 0;
    if (this.#ready.length > 0 || this.#isWoken) return this.#goOnSoon();
    this.#isResting = true;
    // The timer comes before the sockets: a round that judges whose pong is late has what they brought first.
    this.#next = clock.after(Math.max(0, this.#nextLookMs - clock.now()), () => this.#goOnSoon());
  }

  /** Takes the nodes that have something to do, in the order of their visits. They are no longer ready. */
  #takeReady(nowMs: number): void {
    if (this.#isWoken || nowMs >= this.#nextLookMs) this.#lookAtAll(nowMs);
    const nodes = this.#ready;
    this.#ready = this.#taken;
    this.#taken = nodes;
    for (const node of nodes) node.isAwaitingVisit = false;
    if (nodes.length <= 1) return;
    shuffle(this.#parts.random, nodes);
    for (const node of nodes) (this.#levels[node.timeUse.levelAt(nowMs)] ??= []).push(node);
    nodes.length = 0;
    for (const level of this.#levels) {
      if (level === undefined) continue;
      for (const node of level) nodes.push(node);
      level.length = 0;
    }
  }

  #lookAtAll(nowMs: number): void {
    for (const node of this.#parts.table.values()) {
      if (this.#isWoken || node.nextVisitMs <= nowMs || !node.received.isEmpty) this.#add(node);
    }
    this.#isWoken = false;
    this.#nextLookMs = nowMs + PUMP_REST_MS;
  }

  /** One message in, what is due out. @returns The time afterwards, which the node has used up to then. */
  #visit(node: P2PNode, startedAtMs: number): number {
    const { clock, table } = this.#parts;
    // A visit before this one may have removed it.
    if (node.isMarkedForDisconnect || table.get(node.id) !== node) return startedAtMs;
    this.#process(node);
    if (!this.#interrupt.aborted) this.#send(node);
    const nowMs = clock.now();
    node.timeUse.add(Math.min(nowMs - startedAtMs, PUMP_SLICE_MS), nowMs);
    return nowMs;
  }

  #process(node: P2PNode): void {
    try {
      if (this.#netEvents.processMessages(node, this.#interrupt) && !node.isSendPaused) this.#add(node);
    } catch (error) {
      this.#failed(node, error, 'processMessages');
    }
  }

  #send(node: P2PNode): void {
    try {
      const quietMs = this.#netEvents.sendMessages(node) ?? 0;
      node.nextVisitMs = this.#parts.clock.now() + quietMs;
    } catch (error) {
      this.#failed(node, error, 'sendMessages');
    }
  }

  /** A bug of the message processor costs its peer, not the others. */
  #failed(node: P2PNode, error: unknown, where: string): void {
    node.disconnect(`internal error in ${where}`);
    this.#parts.reportError(error, where, node.id);
  }
}
