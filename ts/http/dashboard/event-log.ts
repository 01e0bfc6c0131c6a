// The latest events of connections, for the page's list.

import type { Connman } from '../../connman/connman.ts';
import type { NodeView as ConnectedNode } from '../../connman/node/peer.ts';
import type { PeerManager } from '../../peerman/peer-manager.ts';
import { MAX_TEXT_CHARS } from './peer-rows.ts';
import type { LogEntry } from './wire.ts';

/** Entries that are kept. */
const MAX_ENTRIES = 200;

/** Records a node's events. */
export class EventLog {
  readonly #entries: LogEntry[] = [];
  readonly #wallTimeMs: () => number;
  readonly #tell: (entry: LogEntry) => void;
  readonly #stops: (() => void)[] = [];

  /** @param tell - Called with each new entry. */
  constructor(
    connman: Connman,
    peerManager: PeerManager | undefined,
    wallTimeMs: () => number,
    tell: (entry: LogEntry) => void,
  ) {
    this.#wallTimeMs = wallTimeMs;
    this.#tell = tell;
    const connected = (node: ConnectedNode): void => this.#note('connected', node, connectedDetail(node));
    this.#stops.push(connman.on('closedConnection', ({ node, reason }) => this.#closed(node, reason)));
    if (peerManager === undefined) {
      this.#stops.push(connman.on('inboundConnection', connected), connman.on('outboundConnection', connected));
      return;
    }
    this.#stops.push(
      peerManager.on('peerReady', ({ node }) => connected(node)),
      peerManager.on('misbehaving', ({ node, reason }) => this.#note('discouraged', node, `misbehaving: ${reason}`)),
    );
  }

  /** Newest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries.toReversed();
  }

  /** Records a ban. @param subnet - As text. */
  noteBan(subnet: string, detail: string): void {
    const target = { inbound: null, network: '', address: subnet, id: null };
    this.#add({ time: Math.floor(this.#wallTimeMs()), kind: 'banned', ...target, detail });
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  #closed(node: ConnectedNode, reason: string): void {
    const seconds = Math.max(0, (this.#wallTimeMs() - node.connectedAtMs) / 1_000);
    const words = node.isSuccessfullyConnected ? reason : `before its handshake was done: ${reason}`;
    this.#note('disconnected', node, `${words} · after ${durationText(seconds)}`);
  }

  #note(kind: LogEntry['kind'], node: ConnectedNode, detail: string): void {
    this.#add({
      time: Math.floor(this.#wallTimeMs()),
      kind,
      inbound: node.isInbound,
      network: node.connectedThroughNetwork,
      address: node.addrName.slice(0, MAX_TEXT_CHARS),
      id: node.id,
      detail: detail.slice(0, MAX_TEXT_CHARS),
    });
  }

  #add(entry: LogEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
    this.#tell(entry);
  }
}

function connectedDetail(node: ConnectedNode): string {
  return [node.transportInfo.transportType, node.cleanSubVer].filter((part) => part !== '').join(' · ');
}

/** In the largest unit that gives at least one. */
function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3_600).toFixed(1)} h` : `${Math.round(seconds / 86_400)} d`;
}
