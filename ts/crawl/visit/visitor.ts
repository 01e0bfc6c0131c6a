// Visits addresses, thousands at a time, over one `SockMan`: dials, runs each conversation, and reports its result.
//
// No visit has a timer of its own. One sweep checks all of them four times a second, which is exact enough for limits of seconds.
// It runs after the sockets, so that a busy crawl does not call a peer late whose answer is still in the kernel.

import { createSockMan } from '../../sockman/create-sock-man.ts';
import type { ConnectOptions, Proxy } from '../../sockman/dial/connect-options.ts';
import type { DialResult } from '../../sockman/dial/dialer.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Services } from '../../p2p/protocol.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { V1Transport } from '../../p2p/transport/v1.ts';
import { V2Transport } from '../../p2p/transport/v2.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { Ending } from './conversation.ts';
import { outcomeOfDial } from './dial-outcome.ts';
import type { Greeting } from './greeting.ts';
import { isOverlay } from './routes.ts';
import type { Routes, VisitLimits } from './routes.ts';
import { Visit } from './visit.ts';
import type { Attempt, Lesson, VisitContext, VisitRequest, VisitResult } from './visit.ts';

/** Interval between checks of the visits, in milliseconds. */
const SWEEP_MS = 250;

/** Most bytes that one visit receives: several times the longest honest answer. More than that is a flood. */
export const MAX_VISIT_BYTES = 8_388_608;

/** Most bytes of unfinished messages of all visits together. Beyond it, visits that hold much are ended. */
export const MAX_HELD_BYTES = 268_435_456;

/** Most bytes that a visit may hold when all together hold too much: no useful message is longer. */
const LARGE_HOLD_BYTES = 65_536;

/** Choice of transport: V2 first and then V1, only V2, or only V1. */
export type V2Policy = 'auto' | 'only' | 'never';

/** Options of a `Visitor`. */
export interface VisitorOptions {
  readonly magic: Uint8Array;
  readonly greeting: Greeting;
  readonly v2: V2Policy;
  readonly routes: Routes;
  /** SOCKS5 proxy that looks up names and connects to them; undefined for none. */
  readonly nameProxy: Proxy | undefined;
  readonly clear: VisitLimits;
  readonly overlay: VisitLimits;
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly sockets: SockManOptions;
}

/** Callbacks of a `Visitor`. */
export interface VisitorListener {
  /** A peer told addresses. Returns undefined for a message that does not decode. */
  learn(visit: Visit, isV2: boolean, payload: Uint8Array): Lesson | undefined;
  /** A visit is over. It no longer counts as in flight. */
  visited(result: VisitResult): void;
  /** A visit could not begin, and the address is not the cause: there are no sockets left, or the visitor is stopping. */
  postponed(request: VisitRequest, code: string): void;
}

/** See the module comment. */
export class Visitor {
  readonly #options: VisitorOptions;
  readonly #listener: VisitorListener;
  readonly #sockets: SockMan;
  readonly #context: VisitContext;
  readonly #visits = new Map<number, Visit>();
  #dialingCount = 0;
  #heldBytes = 0;
  #sweep: Timer | undefined;
  #isStopped = false;

  constructor(options: VisitorOptions, listener: VisitorListener) {
    this.#options = options;
    this.#listener = listener;
    this.#sockets = createSockMan(
      {
        eventNewConnectionAccepted: () => false,
        eventGotData: (nodeId, data) => this.#take(nodeId, data),
        eventGotEOF: (nodeId) => this.#endByPeer(nodeId, 'peer'),
        eventGotPermanentReadError: (nodeId) => this.#endByPeer(nodeId, 'reset'),
      },
      options.sockets,
    );
    this.#context = {
      magic: options.magic,
      nonce: options.greeting.nonce,
      sockets: this.#sockets,
      learn: (visit, isV2, payload) => listener.learn(visit, isV2, payload),
    };
  }

  /** Dials and visits under way. */
  get inFlightCount(): number {
    return this.#dialingCount + this.#visits.size;
  }

  start(): void {
    this.#sockets.startSocketsThreads({ name: 'crawl' });
  }

  /** Ends everything under way; each visit is postponed. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#sweep?.cancel();
    for (const visit of [...this.#visits.values()]) {
      this.#forget(visit);
      this.#listener.postponed(visit.attempt.request, 'interrupted');
    }
    await this.#sockets.close();
  }

  /** Begins a visit. Nothing is called back before this returns. */
  visit(request: VisitRequest): void {
    const { v2, clock } = this.#options;
    const nowMs = clock.now();
    const offersV2 = request.services === undefined || (request.services & Services.P2P_V2) !== 0n;
    this.#dial({
      request,
      dialedAtMs: nowMs,
      dueAtMs: nowMs + this.#limitsOf(request).deadlineMs,
      isV2: v2 === 'only' || (v2 === 'auto' && offersV2),
      earlierBytesReceived: 0,
      earlierBytesSent: 0,
    });
  }

  #limitsOf({ service, name }: VisitRequest): VisitLimits {
    return name !== undefined || isOverlay(service) ? this.#options.overlay : this.#options.clear;
  }

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  #dial(attempt: Attempt): void {
    this.#dialingCount++;
    const { service } = attempt.request;
    const { connectTimeoutMs: timeoutMs } = this.#limitsOf(attempt.request);
    const proxy = this.#proxyFor(attempt.request);
    if (proxy !== undefined) return this.#dialThrough(proxy, attempt, timeoutMs);
    const dialed = this.#sockets.connectAndMakeNodeId(service, { timeoutMs });
    void dialed.then((result) => this.#dialed(attempt, result));
  }

  /** Each step through a proxy has its own time limit. The deadline of the visit is enforced here. */
  #dialThrough(proxy: Proxy, attempt: Attempt, timeoutMs: number): void {
    const { clock } = this.#options;
    const late = new AbortController();
    const timer = clock.after(Math.max(0, attempt.dueAtMs - clock.now()), () => late.abort());
    const options: ConnectOptions = { timeoutMs, proxy, signal: late.signal };
    const { service, name = service } = attempt.request;
    void this.#sockets.connectAndMakeNodeId(name, options).then((result) => {
      timer.cancel();
      this.#dialed(attempt, result);
    });
  }

  #proxyFor({ service, name }: VisitRequest): Proxy | undefined {
    const { routes, nameProxy } = this.#options;
    const route = name === undefined ? routes[service.address.network as PublicNetworkName] : nameProxy;
    return route === 'direct' ? undefined : route;
  }

  #dialed(attempt: Attempt, result: DialResult): void {
    this.#dialingCount--;
    if (this.#isStopped) this.#listener.postponed(attempt.request, 'interrupted');
    else if (result.nodeId !== undefined) this.#begin(attempt, result.nodeId);
    else if (result.code === 'aborted') {
      this.#listener.visited({ attempt, outcome: 'timeout', code: 'deadline', visit: undefined });
    } else if (result.systemCode === 'ECONNRESET') {
      // The connection was accepted, and reset before the dial saw it.
      this.#listener.visited({ attempt, outcome: 'full', code: 'reset', visit: undefined });
    } else {
      const outcome = outcomeOfDial(result.code, result.proxyFailed);
      if (outcome === 'later') this.#listener.postponed(attempt.request, result.code);
      else this.#listener.visited({ attempt, outcome, code: result.code, visit: undefined });
    }
  }

  #begin(attempt: Attempt, nodeId: number): void {
    const { clock, magic, greeting, randomBytes } = this.#options;
    const { service } = attempt.request;
    const transport = attempt.isV2
      ? new V2Transport({ magic, isInitiator: true, randomBytes })
      : new V1Transport(magic);
    const { quietMs } = this.#limitsOf(attempt.request);
    const visit = new Visit(this.#context, transport, attempt, nodeId, quietMs, clock.now());
    this.#visits.set(nodeId, visit);
    visit.begin(greeting.versionFor(this.#proxyFor(attempt.request) === undefined ? service : undefined));
    this.#sweep ??= this.#sockets.deadline(SWEEP_MS, this.#onSweep);
  }

  // ---- Conversations ------------------------------------------------------------------------------------------------

  #take(nodeId: number, data: Uint8Array): void {
    const visit = this.#visits.get(nodeId);
    if (visit === undefined) return;
    const nowMs = this.#options.clock.now();
    visit.take(data, nowMs);
    const heldBytes = visit.transport.getReceiveMemoryUsage();
    this.#heldBytes += heldBytes - visit.heldBytes;
    visit.heldBytes = heldBytes;
    const isFlood =
      visit.bytesReceived > MAX_VISIT_BYTES || (this.#heldBytes > MAX_HELD_BYTES && heldBytes > LARGE_HOLD_BYTES);
    if (visit.ending !== undefined) this.#end(visit, visit.ending, false);
    else if (isFlood) this.#endFlood(visit);
    else if (nowMs >= visit.dueAtMs) this.#endInTime(visit);
  }

  #endFlood(visit: Visit): void {
    const flood: Ending = { outcome: 'protocol-error', code: 'flood' };
    this.#end(visit, visit.handshakeMs === undefined ? flood : { outcome: 'reachable', code: 'flood' }, true);
  }

  #endByPeer(nodeId: number, reason: 'peer' | 'reset'): void {
    const visit = this.#visits.get(nodeId);
    if (visit === undefined) return;
    this.#end(visit, visit.endedBy(reason) ?? { outcome: 'reachable' }, false);
  }

  /** Ends a visit whose time is up, or which has heard enough. */
  #endInTime(visit: Visit): void {
    this.#end(visit, visit.endedBy('time') ?? { outcome: 'reachable' }, false);
  }

  #end(visit: Visit, ending: Ending, isFlooding: boolean): void {
    const { attempt } = visit;
    this.#forget(visit);
    if (isFlooding) this.#sockets.resetConnection(visit.nodeId);
    else this.#sockets.closeConnection(visit.nodeId);
    const hungUp = ending.outcome === 'full' || ending.outcome === 'disconnected';
    if (hungUp && this.#options.v2 === 'auto' && visit.shouldTryV1) {
      this.#dial({
        ...attempt,
        isV2: false,
        dialedAtMs: this.#options.clock.now(),
        earlierBytesReceived: visit.bytesReceived,
        earlierBytesSent: visit.bytesSent,
      });
      return;
    }
    const isReachable = visit.handshakeMs !== undefined;
    if (isReachable && visit.addressCount > 1) visit.step = 'done';
    const outcome = isReachable ? 'reachable' : ending.outcome;
    this.#listener.visited({ attempt, outcome, code: ending.code, visit });
  }

  #forget(visit: Visit): void {
    this.#visits.delete(visit.nodeId);
    this.#heldBytes -= visit.heldBytes;
    visit.heldBytes = 0;
  }

  readonly #onSweep = (): void => {
    this.#sweep = undefined;
    if (this.#isStopped) return;
    const nowMs = this.#options.clock.now();
    for (const visit of this.#visits.values()) if (nowMs >= visit.dueAtMs) this.#endInTime(visit);
    if (this.#visits.size > 0) this.#sweep = this.#sockets.deadline(SWEEP_MS, this.#onSweep);
  };
}
