// The rounds in which messages are processed and periodic ones sent.
//
// One round visits each node that has work once, and processes at most one message of each. Nodes that recently used little
// processor time come first; among those that used about as much, the order is unpredictable. A handshake costs more than a
// ping, and comes after the messages of quiet peers. So a cheap message of a quiet peer waits only for the current slice,
// however many peers send costly ones or come anew, and many connections gain no better place. A node has work when it has
// bytes to process, when it can be sent to again, and when its time has come, which is checked every 100 ms: the message
// processor says when it next has something to send by itself. So a silent peer costs one comparison.
//
// A round that takes long is cut into slices, and the nodes left over compete with those that have come meanwhile. Slices and
// rounds follow each other through the host's event loop, never in a plain loop, so that sockets and timers are served in
// between. (Bitcoin Core src/net.cpp, ThreadMessageHandler, which visits all, whatever they cost)

import type { Clock, Timer } from '../../util/time/clock.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { shuffle } from '../../util/random.ts';
import type { NetEvents } from '../contract/net-events.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';
import { whenAborted } from '../../util/time/when-aborted.ts';

/**
 * Longest time between two checks of all nodes, in milliseconds: the precision of periodic messages. (Core waits as long.)
 */
export const PUMP_REST_MS = 100;

/** Length of a slice, after which a round goes on in another macrotask, in milliseconds. */
export const PUMP_SLICE_MS = 10;

/** What the pump depends on. */
export interface PumpParts {
  readonly table: NodeTable;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly interrupt: AbortSignal;
  /** Receives what `NetEvents` threw, after the node was marked. */
  reportError(error: unknown, where: string, nodeId: number): void;
}

/** Runs rounds from `start` until the interrupt. */
export class MessagePump {
  readonly #parts: PumpParts;
  readonly #interrupt: AbortSignal;
  #netEvents!: NetEvents;
  /**
   * Nodes that have work and wait for a visit, each once. The arrays are reused, and a flag marks the node: new sets for
   * each slice were most of the old garbage of a flood.
   */
  #ready: P2PNode[] = [];
  /** The nodes of the current slice. */
  #taken: P2PNode[] = [];
  readonly #levels: P2PNode[][] = [];
  /** The next slice visits all nodes. */
  #isWoken = false;
  /** Time of the next check of all nodes, in monotonic milliseconds. */
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
   * @param node - The node that has work. Without one all nodes are visited.
   */
  wake(node?: P2PNode): void {
    if (node === undefined) this.#isWoken = true;
    else this.#add(node);
    if (!this.#isResting) return;
    this.#next?.cancel();
    this.#goOnSoon();
  }

  /** Whether a node has unfinished work, mostly messages to process. */
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
      // Out of time: the remaining nodes are ordered together with new ones in the next slice.
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
    // The timer runs before the sockets: a round that checks overdue pongs must have received them first.
    this.#next = clock.after(Math.max(0, this.#nextLookMs - clock.now()), () => this.#goOnSoon());
  }

  /** Takes the nodes that have work, in the order of their visits. They are no longer ready. */
  #takeReady(nowMs: number): void {
    if (this.#isWoken || nowMs >= this.#nextLookMs) this.#lookAtAll(nowMs);
    const nodes = this.#ready;
    this.#ready = this.#taken;
    this.#taken = nodes;
    for (const node of nodes) node.isAwaitingVisit = false;
    if (nodes.length <= 1) return;
    shuffle(this.#parts.random, nodes);
    for (const node of nodes) (this.#levels[levelAt(node, nowMs)] ??= []).push(node);
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

  /** Processes one message, and sends what is due. @returns The time afterwards; the node is charged up to then. */
  #visit(node: P2PNode, startedAtMs: number): number {
    const { clock, table } = this.#parts;
    // An earlier visit may have removed it.
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

  /** An error of the message processor affects only its peer. */
  #failed(node: P2PNode, error: unknown, where: string): void {
    node.disconnect(`internal error in ${where}`);
    this.#parts.reportError(error, where, node.id);
  }
}

/** Where a node stands in the order of visits: lower levels first. A newcomer comes after the quiet peers there are. */
function levelAt(node: P2PNode, nowMs: number): number {
  const level = node.timeUse.levelAt(nowMs);
  return node.isSuccessfullyConnected ? level : level + 1;
}
