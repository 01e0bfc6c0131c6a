// The table of peers while a node runs.

import type { Connman } from '../../connman/connman.ts';
import { untilStopped } from '../run.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { PeerLines } from './peer-lines.ts';
import { peerTable } from './peer-table.ts';

/** Interval between two looks at the peers, in milliseconds. */
const REFRESH_MS = 1_000;

/** Shows the table until the time is over or Ctrl-C: redrawn on a terminal; elsewhere only new lines. */
export async function showPeers(
  node: Connman,
  io: CliIo,
  signal: AbortSignal,
  runSeconds: number | undefined,
): Promise<void> {
  const lines = new PeerLines(io, performance.now());
  const show = (): void => {
    const peers = node.getPeerStats();
    if (io.redraw === undefined) lines.show(peers, performance.now());
    else io.redraw(peerTable(peers, io.columns, io.style));
  };
  const refresh = setInterval(show, REFRESH_MS);
  try {
    await untilStopped(signal, runSeconds);
  } finally {
    clearInterval(refresh);
  }
  show();
}
