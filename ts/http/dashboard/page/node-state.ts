// The page's knowledge of the node: the last snapshot, and all later events.

import type {
  AddressBook,
  Bans,
  Hello,
  LogEntry,
  PeerRow,
  Snapshot,
  Sv2Totals,
  Totals,
  TrafficPoint,
} from '../wire.ts';

/** Seconds that charts reach back. */
export const HISTORY_SECONDS = 300;

/** Entries of the list of events. */
const MAX_LOG_ENTRIES = 200;

export class NodeState {
  hello: Hello | undefined;
  totals: Totals | undefined;
  addrman: AddressBook | null = null;
  bans: Bans | null = null;
  sv2: Sv2Totals | null = null;
  readonly peers = new Map<number, PeerRow>();
  /** Newest first. */
  log: LogEntry[] = [];
  /** Oldest first; there are gaps for seconds without an event. */
  traffic: TrafficPoint[] = [];

  /** Takes a snapshot; traffic that was seen before stays. */
  take(snapshot: Snapshot): void {
    this.hello = snapshot;
    this.totals = snapshot.totals;
    this.addrman = snapshot.addrman;
    this.bans = snapshot.bans;
    this.sv2 = snapshot.sv2;
    this.log = [...snapshot.log];
    this.peers.clear();
    for (const row of snapshot.peers) this.peers.set(row.id, row);
    const firstTime = snapshot.history[0]?.[0] ?? Infinity;
    this.traffic = [...this.traffic.filter(([time]) => time < firstTime), ...snapshot.history];
    this.#forgetOldTraffic();
  }

  takeTotals(totals: Totals): void {
    this.totals = totals;
    this.traffic.push([totals.time, totals.receiveRate, totals.sendRate]);
    this.#forgetOldTraffic();
  }

  /** Rows, or only their changed fields. */
  takeChanges(changes: readonly Partial<PeerRow>[]): void {
    for (const change of changes) {
      const before = this.peers.get(change.id!);
      if (before !== undefined) this.peers.set(before.id, { ...before, ...change });
      else if (change.address !== undefined) this.peers.set(change.id!, change as PeerRow);
    }
  }

  note(entry: LogEntry): void {
    this.log.unshift(entry);
    if (this.log.length > MAX_LOG_ENTRIES) this.log.pop();
  }

  /** Seconds since 1970, on the node's clock. */
  get nowSeconds(): number {
    return (this.totals?.time ?? 0) / 1_000;
  }

  #forgetOldTraffic(): void {
    const oldest = (this.totals?.time ?? 0) - (HISTORY_SECONDS + 1) * 1_000;
    while (this.traffic.length > 0 && this.traffic[0]![0] < oldest) this.traffic.shift();
  }
}
