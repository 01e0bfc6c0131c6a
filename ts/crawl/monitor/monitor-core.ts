// The peers of a `Monitor`: dials them, holds them, pings them and notes when they leave. `heard.ts` takes their messages.

import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { V1Transport } from '../../p2p/transport/v1.ts';
import { V2Transport } from '../../p2p/transport/v2.ts';
import type { Service } from '../../netaddr/service.ts';
import { createSockMan } from '../../sockman/create-sock-man.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import { outOfRange } from '../../util/errors/errors.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { resolveCrawlOptions } from '../crawl-options.ts';
import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import { frontierOptionsOf } from '../part-options.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';
import { Frontier } from '../frontier/frontier.ts';
import { systemOf } from '../frontier/group-key.ts';
import { LogHistogram } from '../report/tally/log-histogram.ts';
import type { PropagationSummary } from '../report/tally/summary.ts';
import { Greeting } from '../visit/greeting.ts';
import { Heard } from './heard.ts';
import { HeldPeer } from './held-peer.ts';
import type { HeldPeerParts } from './held-peer.ts';
import { HeldTable } from './held-table.ts';
import { DEFAULT_MAX_HELD } from './monitor-options.ts';
import type { MonitorOptions, MonitorPicture } from './monitor-options.ts';
import { MonitorRecorder } from './monitor-recorder.ts';
import { MonitorSeeds } from './monitor-seeds.ts';
import { dialPeer, isProxied } from './peer-dialer.ts';
import { RedialTimes, endOf } from './redial-times.ts';
import type { DialEnd } from './redial-times.ts';

/** Interval between checks of all peers, in milliseconds. */
const SWEEP_MS = 250;

/** Most bytes of one peer's unfinished message: no useful message is longer. */
const MAX_HELD_MESSAGE_BYTES = 2_097_152;

/** Pause in dialing when there are no sockets left, in milliseconds. */
const OUT_OF_SOCKETS_MS = 10_000;

/** Silence with an unanswered ping after which a peer counts as gone, in milliseconds. As Bitcoin Core's peer timeout. */
const SILENT_MS = 1_200_000;

/** See the module comment. */
export class MonitorCore {
  readonly #options: ResolvedCrawlOptions;
  readonly #clock: Clock;
  readonly #pingEveryMs: number;
  readonly #greeting: Greeting;
  readonly #sockets: SockMan;
  readonly #frontier: Frontier;
  readonly #seeds: MonitorSeeds;
  readonly #recorder: MonitorRecorder;
  readonly #peers = new Map<number, HeldPeer>();
  readonly #held = new HeldTable();
  readonly #heard: Heard;
  readonly #peerParts: HeldPeerParts;
  readonly #redials = new RedialTimes();
  readonly #pings = new LogHistogram();
  readonly #sessions = new LogHistogram();
  /** Rows whose peers hung up over V2: V1 is next. */
  readonly #speaksV1 = new Set<number>();
  #dialing = 0;
  #restsUntilMs = 0;
  #limit: number;
  #pingSlot = 0;
  #pingsOwed = 0;
  #sessionsEnded = 0;
  #timer: Timer | undefined;
  #isStopped = false;
  /** Peers that were held when the monitor was told to stop. */
  #heldAtEnd: number | undefined;

  /**
   * Opens nothing yet.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   * @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the folder cannot be made.
   */
  constructor({ crawl, maxHeld = DEFAULT_MAX_HELD, folder, pingEveryMs = 120_000 }: MonitorOptions) {
    if (!Number.isInteger(maxHeld) || maxHeld < 1 || maxHeld > 1_000_000)
      throw outOfRange('maxHeld', 'an integer 1 to 1000000', maxHeld);
    if (!(pingEveryMs >= 1_000 && pingEveryMs <= 86_400_000))
      throw outOfRange('pingEveryMs', '1000 to a day', pingEveryMs);
    this.#options = resolveCrawlOptions(crawl);
    const { clock, random, contact, sockets, logger, chain } = this.#options;
    this.#clock = clock;
    this.#limit = maxHeld;
    this.#pingEveryMs = pingEveryMs;
    this.#greeting = new Greeting(clock, random, contact, true);
    this.#recorder = new MonitorRecorder(folder, clock, logger);
    this.#frontier = new Frontier({ ...frontierOptionsOf(this.#options), attempts: 1, retryDelayMs: 0 });
    this.#seeds = new MonitorSeeds(this.#options, this.#greeting, this.#frontier);
    const held = this.#held;
    this.#heard = new Heard({ clock, random, frontier: this.#frontier, held, recorder: this.#recorder });
    this.#sockets = createSockMan(
      {
        eventNewConnectionAccepted: () => false,
        eventGotData: (nodeId, data) => this.#take(nodeId, data),
        eventGotEOF: (nodeId) => this.#ended(nodeId, 'closed'),
        eventGotPermanentReadError: (nodeId) => this.#ended(nodeId, 'reset'),
      },
      { logger, ...sockets },
    );
    const context = { magic: CHAIN_PARAMS[chain].magic, nonce: this.#greeting.nonce };
    this.#peerParts = { context, sockets: this.#sockets, listener: this.#heard };
  }

  /** User agent of the monitor. */
  get userAgent(): string {
    return this.#greeting.userAgent;
  }

  /** The current figures. */
  get picture(): MonitorPicture {
    const held = this.#held;
    const heard = this.#heard;
    const { receivedBytes, sentBytes } = this.#sockets.stats();
    const networks = Object.fromEntries(
      NETWORK_NAMES.flatMap((name, number) => (name === undefined ? [] : [[name, held.networks[number]!]])),
    ) as Record<string, number>;
    return {
      held: held.all,
      dialing: this.#dialing + this.#peers.size - held.all,
      maxHeld: this.#limit,
      networks,
      v2: held.v2Count,
      known: this.#frontier.knownCount,
      blocksSeen: heard.blocksSeen,
      transactionsSeen: heard.transactionsSeen,
      addressesTold: heard.addressesTold,
      sessionsEnded: this.#sessionsEnded,
      leftAlone: this.#redials.leftAloneCount,
      bytesReceived: receivedBytes,
      bytesSent: sentBytes,
      pingMs: this.#pings.quantile(0.5),
      sessionSeconds: scaled(this.#sessions.quantile(0.5)),
    };
  }

  /** How fast blocks and transactions have spread so far. */
  get propagation(): PropagationSummary {
    return this.#recorder.propagation(
      this.#heldAtEnd ?? this.#held.all,
      this.#heard.blocksSeen,
      this.#heard.transactionsSeen,
    );
  }

  /** Begins to dial. */
  start(): void {
    this.#recorder.open();
    this.#sockets.startSocketsThreads({ name: 'monitor' });
    this.#seeds.start();
    this.#onSweep();
  }

  /** Closes all connections and writes what is left to write. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#heldAtEnd ??= this.#held.all;
    this.#timer?.cancel();
    this.#heard.endAll();
    for (const peer of [...this.#peers.values()]) this.#end(peer, 'stopped');
    await Promise.all([this.#seeds.stop(), this.#sockets.close()]);
    this.#recorder.close(this.propagation);
  }

  // ---- Dialing --------------------------------------------------------------------------------------------------------

  #dialSome(nowMs: number): void {
    const { concurrency } = this.#options;
    while (nowMs >= this.#restsUntilMs && this.#peers.size + this.#dialing < this.#limit) {
      if (this.#dialing + this.#peers.size - this.#held.all >= concurrency) return;
      const row = this.#frontier.take(nowMs);
      if (row === -1) return;
      void this.#dial(row);
    }
  }

  async #dial(row: number): Promise<void> {
    const service = this.#frontier.table.serviceOf(row);
    this.#dialing += 1;
    const result = await dialPeer(this.#sockets, this.#options, service);
    this.#dialing -= 1;
    if (this.#isStopped) return;
    const nowMs = this.#clock.now();
    if (result.nodeId === undefined) {
      if (result.code !== 'out-of-sockets') return this.#dialEnded(row, 'failed');
      // The system has no more sockets: the address waits for its turn.
      this.#frontier.putBack(row);
      this.#limit = Math.max(1, this.#peers.size);
      this.#restsUntilMs = nowMs + OUT_OF_SOCKETS_MS;
      return;
    }
    this.#begin(row, service, result.nodeId, nowMs);
  }

  #begin(row: number, service: Service, nodeId: number, nowMs: number): void {
    const { v2, randomBytes, asMap } = this.#options;
    const mayBeV2 =
      v2 === 'only' || (v2 === 'auto' && !this.#speaksV1.has(row) && this.#frontier.servicesOf(row) !== 0n);
    const { magic } = this.#peerParts.context;
    const transport = mayBeV2 ? new V2Transport({ magic, isInitiator: true, randomBytes }) : new V1Transport(magic);
    const peer = new HeldPeer(this.#peerParts, transport, {
      nodeId,
      row,
      network: this.#frontier.table.networkOf(row),
      asn: systemOf(asMap, service.address),
      connectedAtMs: nowMs,
    });
    this.#peers.set(nodeId, peer);
    peer.begin(this.#greeting.versionFor(isProxied(this.#options, service) ? undefined : service));
  }

  /** A dial or a handshake failed, or a session is over. */
  #dialEnded(row: number, end: DialEnd): void {
    const nowMs = this.#clock.now();
    if (end === 'failed') this.#frontier.finish(row, false, nowMs);
    this.#redials.note(row, end, nowMs);
  }

  // ---- What peers say -------------------------------------------------------------------------------------------------

  #take(nodeId: number, data: Uint8Array): void {
    const peer = this.#peers.get(nodeId);
    if (peer === undefined) return;
    const nowMs = this.#clock.now();
    peer.heardAtMs = nowMs;
    const wasPinging = peer.isPingOpen;
    peer.take(data, nowMs);
    if (wasPinging && !peer.isPingOpen) this.#pings.add(peer.pingMs);
    if (peer.ending !== undefined) return this.#end(peer, peer.ending.code ?? peer.ending.outcome);
    if (peer.transport.getReceiveMemoryUsage() > MAX_HELD_MESSAGE_BYTES) this.#end(peer, 'flood');
  }

  #ended(nodeId: number, how: 'closed' | 'reset'): void {
    const peer = this.#peers.get(nodeId);
    if (peer !== undefined) this.#end(peer, how);
  }

  #end(peer: HeldPeer, reason: string): void {
    this.#peers.delete(peer.nodeId);
    this.#sockets.closeConnection(peer.nodeId);
    const nowMs = this.#clock.now();
    if (peer.slot === -1) {
      if (this.#isStopped) return;
      if (peer.shouldTryV1 && this.#options.v2 === 'auto' && !this.#speaksV1.has(peer.row)) {
        this.#speaksV1.add(peer.row);
        return this.#frontier.putBack(peer.row);
      }
      return this.#dialEnded(peer.row, 'failed');
    }
    this.#held.remove(peer);
    this.#sessionsEnded += 1;
    const heldMs = nowMs - peer.heldSinceMs;
    this.#sessions.add(heldMs / 1_000);
    this.#recorder.ended(peer, this.#heard.addressOf(peer), heldMs, reason);
    if (!this.#isStopped) this.#dialEnded(peer.row, endOf(heldMs));
  }

  // ---- Time -----------------------------------------------------------------------------------------------------------

  readonly #onSweep = (): void => {
    if (this.#isStopped) return;
    const nowMs = this.#clock.now();
    this.#heard.sweep(nowMs);
    this.#redials.due(nowMs, (row) => this.#frontier.again(row));
    this.#endSilent(nowMs);
    this.#pingSome(nowMs);
    this.#dialSome(nowMs);
    this.#recorder.sweep(
      nowMs,
      () => this.picture,
      () => this.propagation,
    );
    this.#timer = this.#sockets.deadline(SWEEP_MS, this.#onSweep);
  };

  /** Ends handshakes that take too long. */
  #endSilent(nowMs: number): void {
    const { clear, overlay } = this.#options;
    if (this.#peers.size === this.#held.all) return;
    for (const peer of this.#peers.values()) {
      if (peer.slot !== -1) continue;
      const isOverlay = peer.network === NETWORK_NUMBERS.onion || peer.network === NETWORK_NUMBERS.i2p;
      const { deadlineMs } = isOverlay ? overlay : clear;
      if (nowMs >= peer.connectedAtMs + deadlineMs) this.#end(peer, 'handshake-timed-out');
    }
  }

  /** Pings each peer once in `pingEveryMs`: a few at each sweep, never all at once. */
  #pingSome(nowMs: number): void {
    const { slots } = this.#held;
    // With few peers a sweep owes less than one ping: what it owes is kept for the next.
    this.#pingsOwed = Math.min(slots, this.#pingsOwed + (slots * SWEEP_MS) / this.#pingEveryMs);
    for (; this.#pingsOwed >= 1; this.#pingsOwed--) {
      this.#pingSlot = (this.#pingSlot + 1) % slots;
      const peer = this.#held.at(this.#pingSlot);
      if (peer === undefined) continue;
      if (!peer.isPingOpen) peer.ping(nowMs);
      else if (nowMs >= peer.heardAtMs + SILENT_MS) this.#end(peer, 'silent');
    }
  }
}

/** Sessions are counted in seconds, by a histogram of milliseconds. */
const scaled = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Number(value.toPrecision(4));
