// What the page shows of a node, a Stratum V2 server, or both: a snapshot first, then changes, prepared once for all
// viewers.
//
// While nobody looks only the list of the last events is kept up; no timer runs.

import type { AddrMan } from '../../addrman/addr-man.ts';
import type { Connman } from '../../connman/connman.ts';
import type { NodeView as ConnectedNode } from '../../connman/node/peer.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { PROTOCOL_VERSION } from '../../p2p/protocol.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import type { BanMan } from '../../storage/ban-man.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { VERSION } from '../../util/version.ts';
import type { HttpServer } from '../http-server.ts';
import { LoopLag } from '../metrics/process-metrics.ts';
import { EventLog } from './event-log.ts';
import type { EventSourceOfStreams, EventStreams, StreamedEvent } from './event-streams.ts';
import { changesOf, detailOf, rowOf } from './peer-rows.ts';
import { sv2TotalsOf } from './sv2-totals.ts';
import type { ShownSv2 } from './sv2-totals.ts';
import type {
  AddressBook,
  Bans,
  Hello,
  PeerDetail,
  PeerRow,
  Snapshot,
  Sv2Totals,
  Totals,
  TrafficPoint,
} from './wire.ts';

/** The shown parts of a node or server. */
export interface ShownNode {
  readonly connman: Connman | undefined;
  readonly sv2: ShownSv2 | undefined;
  readonly peerManager: PeerManager | undefined;
  readonly addrMan: AddrMan | undefined;
  readonly banMan: BanMan | undefined;
  readonly httpServer: HttpServer | undefined;
  /** Name of the chain. */
  readonly chain: string;
}

/** Interval between events of a kind, in milliseconds; rows and slow values are sent every few of them. */
const TICK_MS = 1_000;
const TICKS_PER_PEERS = 2;
const TICKS_PER_SLOW = 5;

/** Seconds of traffic in a snapshot. */
const HISTORY_LENGTH = 300;

/** Bans that are listed. */
const MAX_LISTED_BANS = 200;

/** Slots for peers without a node. */
const NO_SLOTS = { maxAutomatic: 0, maxFullRelay: 0, maxBlockRelay: 0 };

const NETWORKS: readonly PublicNetworkName[] = ['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns'];

/** Slots of the tables of the address book. (Bitcoin Core src/addrman_impl.h) */
const NEW_SLOTS = 65_536;
const TRIED_SLOTS = 16_384;

export class NodeFeed implements EventSourceOfStreams {
  readonly #node: ShownNode;
  readonly #clock: Clock;
  readonly #streams: () => EventStreams;
  /** Undefined where there is only a Stratum V2 server. */
  readonly #log: EventLog | undefined;
  readonly #lag = new LoopLag();
  readonly #stops: (() => void)[];
  /** Rows as they were last sent. */
  readonly #rows = new Map<number, PeerRow>();
  #pending: StreamedEvent[] = [];
  #history: TrafficPoint[] = [];
  #addrMan = '';
  #bans = '';
  #sv2 = '';
  #bannedSubnets: ReadonlySet<string> | undefined;
  #tickCount = 0;
  #totals: { atMs: number; received: number; sent: number } | undefined;
  #tick: Timer | undefined;
  #soon: Timer | undefined;

  /** @param streams - The viewers. */
  constructor(node: ShownNode, clock: Clock, streams: () => EventStreams) {
    this.#node = node;
    this.#clock = clock;
    this.#streams = streams;
    const { connman, peerManager } = node;
    this.#stops = [];
    if (connman === undefined) return;
    this.#log = new EventLog(
      connman,
      peerManager,
      () => clock.wallTimeMs(),
      (entry) => this.#note(['log', entry]),
    );
    const added = (peer: ConnectedNode): void => this.#added(peer);
    this.#stops.push(
      connman.on('inboundConnection', added),
      connman.on('outboundConnection', added),
      connman.on('closedConnection', ({ node: { id }, reason }) => this.#removed(id, reason)),
    );
  }

  // ---- For the streams ----------------------------------------------------------------------------------------------

  beginning(isNew: boolean): StreamedEvent[] {
    // Pending events are already in the snapshot: the other viewers get them now.
    this.#flush();
    return isNew
      ? [
          ['hello', this.#hello()],
          ['snapshot', this.snapshot()],
        ]
      : [['snapshot', this.snapshot()]];
  }

  begin(): void {
    this.#lag.take();
    this.#tickCount = 0;
    this.#totals = undefined;
    for (const node of this.#peers()) this.#rows.set(node.id, rowOf(node, this.#node));
    this.#slowChanges();
    this.#sv2 = JSON.stringify(this.#sv2Totals());
    this.#tickLater();
  }

  end(): void {
    this.#tick?.cancel();
    this.#soon?.cancel();
    this.#tick = undefined;
    this.#soon = undefined;
    this.#lag.stop();
    this.#rows.clear();
    this.#pending = [];
    this.#history = [];
    this.#bannedSubnets = undefined;
  }

  /** Stops listening. */
  stop(): void {
    this.end();
    this.#log?.stop();
    for (const stop of this.#stops) stop();
  }

  // ---- What there is ------------------------------------------------------------------------------------------------

  /** Everything the page shows. */
  snapshot(): Snapshot {
    return {
      ...this.#hello(),
      totals: this.#totalsNow(false),
      history: this.#history,
      peers: Array.from(this.#peers(), (node) => rowOf(node, this.#node)),
      addrman: this.#addressBook(),
      bans: this.#banList(),
      sv2: this.#sv2Totals(),
      log: this.#log?.entries ?? [],
    };
  }

  /** The details of an open row; undefined if the peer is gone. */
  detail(nodeId: number): PeerDetail | undefined {
    const node = this.#node.connman?.node(nodeId);
    return node && detailOf(node, this.#node);
  }

  #peers(): Iterable<ConnectedNode> {
    return this.#node.connman?.nodes() ?? [];
  }

  #hello(): Hello {
    const { connman, sv2, chain } = this.#node;
    const { maxAutomatic, maxFullRelay, maxBlockRelay } = connman?.budget ?? NO_SLOTS;
    return {
      version: VERSION,
      agent: connman?.userAgent ?? '',
      protocol: PROTOCOL_VERSION,
      chain,
      started: Math.floor(this.#clock.wallTimeMs() - process.uptime() * 1_000),
      periods: { totals: TICK_MS, peers: TICK_MS * TICKS_PER_PEERS, slow: TICK_MS * TICKS_PER_SLOW },
      slots: { all: maxAutomatic, outbound: maxFullRelay + maxBlockRelay },
      shows: { node: connman !== undefined, sv2: sv2 !== undefined },
    };
  }

  /** @param isTick - Rates and lag are those since the last tick. */
  #totalsNow(isTick: boolean): Totals {
    const { connman, peerManager, httpServer } = this.#node;
    const { received, sent, ended } = this.#carried();
    const time = Math.floor(this.#clock.wallTimeMs());
    const atMs = this.#clock.now();
    const before = this.#totals;
    const seconds = before === undefined ? 0 : (atMs - before.atMs) / 1_000;
    const rate = (now: number, then: number): number => (seconds > 0 ? Math.round((now - then) / seconds) : 0);
    const receiveRate = rate(received, before?.received ?? 0);
    const sendRate = rate(sent, before?.sent ?? 0);
    if (isTick) {
      this.#totals = { atMs, received, sent };
      if (before !== undefined) this.#remember([time, receiveRate, sendRate]);
    }
    const http = httpServer?.httpStats();
    const lag = isTick ? this.#lag.take() : { median: 0, p99: 0, worst: 0 };
    const ms = (value: number): number => Math.round(value * 10_000) / 10;
    return {
      time,
      active: connman?.isNetworkActive ?? true,
      listening: connman?.listeningAt.map(String) ?? [],
      received,
      sent,
      receiveRate,
      sendRate,
      http:
        http === undefined ? null : { queued: http.queueDepth, running: http.inFlight, connections: http.connections },
      streams: this.#streams().count,
      lag: { median: ms(lag.median), p99: ms(lag.p99), worst: ms(lag.worst) },
      addresses: {
        processed: peerManager?.counts.addressesProcessed ?? 0,
        limited: peerManager?.counts.addressesRateLimited ?? 0,
      },
      ended,
    };
  }

  /** The node's traffic; without a node, the Stratum V2 server's. */
  #carried(): { received: number; sent: number; ended: number } {
    const { connman, sv2 } = this.#node;
    if (connman !== undefined) {
      const { totalbytesrecv: received, totalbytessent: sent } = connman.getNetTotals();
      return { received, sent, ended: connman.socketStats().closed };
    }
    const { receivedBytes: received, sentBytes: sent, closed: ended } = sv2!.stats();
    return { received, sent, ended };
  }

  #sv2Totals(): Sv2Totals | null {
    const { sv2 } = this.#node;
    return sv2 === undefined ? null : sv2TotalsOf(sv2);
  }

  #addressBook(): AddressBook | null {
    const { addrMan } = this.#node;
    if (addrMan === undefined) return null;
    const countsOf = (isNew: boolean): number[] => NETWORKS.map((network) => addrMan.size(network, isNew));
    return {
      new: { count: addrMan.size(undefined, true), slots: NEW_SLOTS, networks: countsOf(true) },
      tried: { count: addrMan.size(undefined, false), slots: TRIED_SLOTS, networks: countsOf(false) },
    };
  }

  #banList(): Bans | null {
    const { banMan } = this.#node;
    if (banMan === undefined) return null;
    const bans = banMan.getBanned();
    return {
      count: bans.length,
      discouraged: banMan.discouragedCount,
      list: bans.slice(0, MAX_LISTED_BANS).map(({ subnet, untilSeconds }) => [String(subnet), untilSeconds]),
    };
  }

  // ---- What changes -------------------------------------------------------------------------------------------------

  #tickLater(): void {
    this.#tick = this.#clock.after(TICK_MS, () => {
      this.#tickCount++;
      this.#flush();
      const events: StreamedEvent[] = [['totals', this.#totalsNow(true)]];
      if (this.#tickCount % TICKS_PER_PEERS === 0) {
        const changes = this.#rowChanges();
        if (changes.length > 0) events.push(['peers', changes]);
        const sv2 = this.#sv2Totals();
        if (this.#sv2 !== (this.#sv2 = JSON.stringify(sv2))) events.push(['sv2', sv2]);
      }
      if (this.#tickCount % TICKS_PER_SLOW === 0) events.push(...this.#slowChanges());
      this.#tickLater();
      this.#streams().send(...events);
    });
  }

  /** Whether there is a viewer. */
  get #isWatched(): boolean {
    return this.#tick !== undefined;
  }

  /** Sends an event soon, together with others of the turn. */
  #note(event: StreamedEvent): void {
    if (!this.#isWatched) return;
    this.#pending.push(event);
    this.#soon ??= this.#clock.soon(() => {
      this.#soon = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const events = this.#pending;
    this.#pending = [];
    this.#streams().send(...events);
  }

  #added(node: ConnectedNode): void {
    if (!this.#isWatched) return;
    const row = rowOf(node, this.#node);
    this.#rows.set(node.id, row);
    this.#note(['peerAdded', row]);
  }

  #removed(id: number, reason: string): void {
    this.#rows.delete(id);
    this.#note(['peerRemoved', { id, reason }]);
  }

  #rowChanges(): Partial<PeerRow>[] {
    const changed: Partial<PeerRow>[] = [];
    for (const node of this.#peers()) {
      const row = rowOf(node, this.#node);
      const before = this.#rows.get(node.id);
      const changes = before === undefined ? row : changesOf(before, row);
      if (changes !== undefined) changed.push(changes);
      this.#rows.set(node.id, row);
    }
    return changed;
  }

  #slowChanges(): StreamedEvent[] {
    const events: StreamedEvent[] = [];
    const addrMan = this.#addressBook();
    const bans = this.#banList();
    if (this.#addrMan !== (this.#addrMan = JSON.stringify(addrMan))) events.push(['addrman', addrMan]);
    if (this.#bans !== (this.#bans = JSON.stringify(bans))) {
      events.push(['bans', bans]);
      this.#noteNewBans();
    }
    return events;
  }

  /** Adds bans since the last check to the event log. */
  #noteNewBans(): void {
    const bans = this.#node.banMan?.getBanned() ?? [];
    const known = this.#bannedSubnets;
    this.#bannedSubnets = new Set(bans.map(({ subnet }) => String(subnet)));
    if (known === undefined) return;
    for (const { subnet, untilSeconds } of bans) {
      if (known.has(String(subnet))) continue;
      this.#log?.noteBan(String(subnet), endText(untilSeconds));
    }
  }

  #remember(point: TrafficPoint): void {
    this.#history.push(point);
    if (this.#history.length > HISTORY_LENGTH) this.#history.shift();
  }
}

/** When a ban ends. A user may set a time that no calendar has. */
function endText(untilSeconds: number): string {
  const end = new Date(untilSeconds * 1_000);
  if (Number.isNaN(end.getTime())) return 'for good';
  return `until ${end.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
