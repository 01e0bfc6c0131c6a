// The peers of a node as a readable table. Text that a peer chose is cut to its column.

import type { PeerStats } from '../../connman/statistics.ts';
import type { Style } from '../terminal/style.ts';
import { formatBytes, layOut } from '../terminal/table.ts';
import type { Column } from '../terminal/table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'id', align: 'right' },
  { heading: 'address', align: 'left', maxWidth: 44 },
  { heading: 'direction', align: 'left', leavesAs: 6 },
  { heading: 'transport', align: 'left', leavesAs: 3 },
  { heading: 'version', align: 'right', leavesAs: 4 },
  { heading: 'user agent', align: 'left', maxWidth: 30, leavesAs: 5 },
  { heading: 'ping', align: 'right', leavesAs: 7 },
  { heading: 'received', align: 'right' },
  { heading: 'sent', align: 'right' },
  { heading: 'most bytes', align: 'left', maxWidth: 40, leavesAs: 2 },
  { heading: 'session', align: 'left', leavesAs: 1 },
];

/** Digits of a session id that are shown: enough to compare with the other end. */
const SESSION_DIGITS = 8;
/** Message types shown per peer. */
const BUSIEST_TYPES = 2;

/** A heading and a line for each peer. @param maxColumns - Width of the screen; 0 for no limit. */
export function peerTable(peers: readonly PeerStats[], maxColumns: number, style: Style): string[] {
  return layOut(COLUMNS, peers.map(peerCells), maxColumns, style);
}

function peerCells(peer: PeerStats): string[] {
  return [
    String(peer.id),
    peer.addr,
    peer.inbound ? 'inbound' : peer.connection_type,
    peer.transport_protocol_type,
    peer.version === 0 ? '-' : String(peer.version),
    peer.subver === '' ? '-' : peer.subver,
    peer.pingtime === undefined ? '-' : `${(peer.pingtime * 1_000).toFixed(1)} ms`,
    formatBytes(peer.bytesrecv),
    formatBytes(peer.bytessent),
    busiest(peer),
    peer.session_id === '' ? '-' : peer.session_id.slice(0, SESSION_DIGITS),
  ];
}

/** The message types with the most bytes in both directions. */
function busiest({ bytesrecv_per_msg, bytessent_per_msg }: PeerStats): string {
  const byType = new Map<string, number>();
  for (const bytesPerType of [bytesrecv_per_msg, bytessent_per_msg]) {
    for (const [type, bytes] of Object.entries(bytesPerType)) byType.set(type, (byType.get(type) ?? 0) + bytes);
  }
  const types = [...byType].sort((a, b) => b[1] - a[1]).slice(0, BUSIEST_TYPES);
  return types.length === 0 ? '-' : types.map(([type, bytes]) => `${type} ${formatBytes(bytes)}`).join(', ');
}
