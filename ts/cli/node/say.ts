// A node's output while it runs: lines for people or, as JSON, for programs.

import type { Connman } from '../../connman/connman.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { jsonLine } from '../terminal/json-line.ts';

/** Prints a line for people or an event as JSON. An empty line is for programs only. */
export type Say = (line: string, event: object) => void;

/** A printer on standard output. Events beyond what the reader takes are left out, and counted. */
export function speaker(io: CliIo, isJson: boolean): Say {
  let skippedCount = 0;
  return (line, event) => {
    if (!isJson) {
      if (line !== '') io.print(line);
    } else if (io.isBehind) skippedCount++;
    else {
      if (skippedCount > 0) io.print(jsonLine({ event: 'skipped', lines: skippedCount }));
      skippedCount = 0;
      io.print(jsonLine(event));
    }
  };
}

/** Prints peers that come and go. */
export function tellOfPeers(node: Connman, say: Say): void {
  for (const name of ['inboundConnection', 'outboundConnection'] as const) {
    node.on(name, ({ id, addrName, connectionType }) => {
      say('', { event: 'connected', peer: id, address: addrName, type: connectionType });
    });
  }
  node.on('closedConnection', ({ node: { id, addrName }, reason }) => {
    say('', { event: 'closed', peer: id, address: addrName, reason });
  });
}
