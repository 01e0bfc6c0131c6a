// The clients of a Stratum V2 server as a table.

import type { Sv2ServedClient } from '../../stratum/server/served-client.ts';
import { shown } from '../../util/errors/errors.ts';
import { formatBytes, layOut } from '../terminal/table.ts';
import type { Column } from '../terminal/table.ts';

const COLUMNS: readonly Column[] = [
  { heading: 'id', align: 'right' },
  { heading: 'address', align: 'left' },
  { heading: 'state', align: 'left', leavesAs: 6 },
  { heading: 'templates', align: 'right', leavesAs: 4 },
  { heading: 'sent', align: 'right', leavesAs: 2 },
  { heading: 'received', align: 'right', leavesAs: 1 },
  { heading: 'last solution', align: 'right', leavesAs: 5 },
  { heading: 'client', align: 'left', leavesAs: 3 },
];

/** @param nowMs - Milliseconds since 1970. @param maxColumns - Width of the screen; 0 for no limit. */
export function clientTable(clients: readonly Sv2ServedClient[], nowMs: number, maxColumns: number): string[] {
  const rows = clients.map((client) => [
    `${client.id}`,
    client.address.toString(),
    client.state,
    `${client.templatesSent}`,
    formatBytes(client.sentBytes),
    formatBytes(client.receivedBytes),
    client.lastSolutionAtMs === undefined ? '-' : `${Math.round((nowMs - client.lastSolutionAtMs) / 1_000)} s ago`,
    client.setup === undefined ? '' : shown(`${client.setup.vendor} ${client.setup.firmware}`.trim()),
  ]);
  return layOut(COLUMNS, rows, maxColumns);
}
