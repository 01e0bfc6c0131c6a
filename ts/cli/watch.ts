// `sockman watch`: prints every message of one peer as a line of JSON.

import { parseArgs } from 'node:util';

import { Connman } from '../connman/connman.ts';
import { PeerManager } from '../peerman/peer-manager.ts';
import { UsageError, numberOption } from './command.ts';
import type { CliIo, Command } from './command.ts';
import { MAX_RUN_SECONDS, chainName, switchOption, untilStopped } from './run.ts';

const OPTIONS = {
  network: { type: 'string', default: 'regtest' },
  connect: { type: 'string' },
  v2transport: { type: 'string', default: '1' },
  for: { type: 'string' },
} as const;

export const watchCommand: Command = {
  summary: 'Connects to one peer and prints each of its messages as a line of JSON.',
  usage: [
    'usage: sockman watch --connect ADDRESS [OPTIONS]',
    '  --connect ADDRESS     the peer, address:port; dialed again when it hangs up',
    '  --network NAME        regtest unless said',
    '  --v2transport 0|1     encrypted connection (BIP 324); 1 unless said',
    '  --for SECONDS         ends by itself; otherwise Ctrl-C does',
    'Bytes are hexadecimal; numbers beyond 2^53 and services are strings.',
  ],
  run: runWatch,
};

async function runWatch(args: readonly string[], io: CliIo): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.connect === undefined) throw new UsageError('--connect: which peer?');
  const node = new Connman({
    network: chainName(values.network),
    connect: [values.connect],
    listen: false,
    v2Transport: switchOption('v2transport', values.v2transport),
  });
  const peerManager = new PeerManager({ ignoreIncomingTxs: false });
  peerManager.attach(node);
  peerManager.on('message', ({ nodeId, message }) => {
    io.print(JSON.stringify({ time: new Date().toISOString(), peer: nodeId, ...message }, readable));
  });
  node.on('closedConnection', ({ node: { addrName, disconnectReason } }) => {
    io.complain(`${addrName} is gone: ${disconnectReason}`);
  });
  try {
    await node.start(peerManager);
    await untilStopped(io.signal, numberOption('for', values.for, 0, MAX_RUN_SECONDS));
  } finally {
    await node.stop();
  }
  return 0;
}

/** Makes readable what JSON cannot hold. */
function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (isService(value)) return value.toString();
  return value;
}

/** An address and port, which has a text of its own. */
function isService(value: unknown): value is { toString(): string } {
  return typeof value === 'object' && value !== null && 'address' in value && 'port' in value;
}
