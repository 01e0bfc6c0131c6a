// The types of what the server sends to the page; both sides are checked against them.

/** A peer. Times are seconds since 1970, pings milliseconds; null if unknown. */
export interface PeerRow {
  readonly id: number;
  readonly inbound: boolean;
  readonly type: string;
  readonly network: string;
  readonly address: string;
  readonly transport: string;
  /** A letter for each service, of `nbwcl2`. */
  readonly services: string;
  readonly agent: string;
  readonly since: number;
  readonly lastReceive: number;
  readonly lastSend: number;
  readonly ping: number | null;
  readonly minPing: number | null;
  readonly received: number;
  readonly sent: number;
  /** Bytes that wait, both ways. */
  readonly queue: number;
  readonly permissions: string;
  /** Number of the autonomous system; 0 without a map. */
  readonly as: number;
}

/** The details of an open row. Bytes by message type, most first. */
export interface PeerDetail {
  readonly id: number;
  readonly address: string;
  readonly agent: string;
  readonly version: number;
  readonly services: readonly string[];
  /** Our address, as the peer reports it. */
  readonly ours: string;
  readonly timeOffset: number | null;
  /** Satoshi per 1,000 virtual bytes. */
  readonly minFeeRate: number | null;
  readonly addressesProcessed: number | null;
  readonly addressesRateLimited: number | null;
  readonly received: readonly (readonly [type: string, bytes: number])[];
  readonly sent: readonly (readonly [type: string, bytes: number])[];
}

/** An entry of the list of events. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly kind: 'connected' | 'disconnected' | 'discouraged' | 'banned';
  readonly inbound: boolean | null;
  readonly network: string;
  readonly address: string;
  readonly id: number | null;
  readonly detail: string;
}

/** What does not change while the node runs. */
export interface Hello {
  readonly version: string;
  readonly agent: string;
  readonly protocol: number;
  readonly chain: string;
  /** Milliseconds since 1970. */
  readonly started: number;
  /** Milliseconds between two events of a kind. */
  readonly periods: { readonly totals: number; readonly peers: number; readonly slow: number };
  readonly slots: { readonly all: number; readonly outbound: number };
  /** What the page shows: a Bitcoin node, a Stratum V2 server, or both. */
  readonly shows: { readonly node: boolean; readonly sv2: boolean };
}

/** Sent each second. */
export interface Totals {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly active: boolean;
  readonly listening: readonly string[];
  readonly received: number;
  readonly sent: number;
  /** Bytes a second. */
  readonly receiveRate: number;
  readonly sendRate: number;
  readonly http: { readonly queued: number; readonly running: number; readonly connections: number } | null;
  /** Pages that are open. */
  readonly streams: number;
  /** Milliseconds. */
  readonly lag: { readonly median: number; readonly p99: number; readonly worst: number };
  readonly addresses: { readonly processed: number; readonly limited: number };
  /** Connections that have ended. */
  readonly ended: number;
}

/** A table of the address book. */
export interface TableFill {
  readonly count: number;
  readonly slots: number;
  /** Of ipv4, ipv6, onion, i2p, cjdns. */
  readonly networks: readonly number[];
}

export interface AddressBook {
  readonly new: TableFill;
  readonly tried: TableFill;
}

export interface Bans {
  readonly count: number;
  readonly discouraged: number;
  /** Seconds since 1970. */
  readonly list: readonly (readonly [subnet: string, until: number])[];
}

/** A client of a Stratum V2 server. Times are seconds since 1970. */
export interface Sv2Row {
  readonly id: number;
  readonly address: string;
  readonly state: 'handshake' | 'setup' | 'confirmed' | 'ready';
  /** Vendor and firmware, as reported by the client. */
  readonly agent: string;
  readonly since: number;
  readonly received: number;
  readonly sent: number;
  readonly templates: number;
  /** Frames left out because the client reads too slowly. */
  readonly dropped: number;
  readonly solutions: number;
  /** Null before the first. */
  readonly lastSolution: number | null;
}

/** A Stratum V2 server. Counts of handshakes and messages are since its start. */
export interface Sv2Totals {
  readonly clients: { readonly handshake: number; readonly setup: number; readonly ready: number };
  readonly handshakes: { readonly ok: number; readonly failed: number };
  /** By type, most first. */
  readonly received: readonly (readonly [type: string, messages: number])[];
  readonly sent: readonly (readonly [type: string, messages: number])[];
  /** Oldest first; a part of them if there are many. */
  readonly list: readonly Sv2Row[];
}

/** A second of traffic: milliseconds since 1970, bytes a second. */
export type TrafficPoint = readonly [time: number, received: number, sent: number];

/** Everything that the page shows. */
export interface Snapshot extends Hello {
  readonly totals: Totals;
  readonly history: readonly TrafficPoint[];
  readonly peers: readonly PeerRow[];
  readonly addrman: AddressBook | null;
  readonly bans: Bans | null;
  readonly sv2: Sv2Totals | null;
  /** Newest first. */
  readonly log: readonly LogEntry[];
}
