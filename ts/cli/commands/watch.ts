// `sockman watch`: prints every message of one peer as a line of JSON.

import { Connman } from '../../connman/connman.ts';
import { decodeMessage } from '../../p2p/messages/registry.ts';
import type { ReceivedMessage } from '../../p2p/transport/transport.ts';
import { PeerManager } from '../../peerman/peer-manager.ts';
import { DecodeError } from '../../util/errors.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../command.ts';
import { RUN_SECONDS, networkOption } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { untilStopped } from '../run.ts';
import { isBytes } from '../../util/is-bytes.ts';

const OPTIONS = {
  connect: option.text('ADDRESS', 'the peer, address:port; dialed again when it hangs up'),
  network: networkOption('regtest', 'the network; regtest by default'),
  v2transport: option.zeroOrOne(true, 'encrypted connection (BIP 324); 1 by default'),
  for: RUN_SECONDS,
};

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [['sockman watch --network main --connect 203.0.113.1:8333', 'what a node of the main network says']],
    notes: [
      'Bytes are hexadecimal; numbers beyond 2^53 and services are strings. A message that does not decode is shown with its payload and the error.',
    ],
  },
  runWatch,
);

async function runWatch(values: ValuesOf<typeof OPTIONS>, io: CliIo): Promise<number> {
  if (values.connect === undefined) throw new UsageError('--connect: which peer?');
  const node = new Connman({
    network: values.network,
    connect: [values.connect],
    listen: false,
    v2Transport: values.v2transport,
  });
  const peerManager = new PeerManager({ ignoreIncomingTxs: false });
  node.on('inboundMessage', ({ node: { id }, message }) => io.print(lineOf(id, message)));
  node.on('failedConnection', ({ target, errmsg }) => io.complain(`${target} cannot be reached: ${errmsg}`));
  node.on('closedConnection', ({ node: { addrName, disconnectReason } }) => {
    io.complain(`${addrName} is gone: ${disconnectReason}`);
  });
  try {
    await node.start(peerManager);
    await untilStopped(io.signal, values.for);
  } finally {
    await node.stop();
  }
  return 0;
}

/** One message as a line that is ASCII: text of a peer must not give orders to a terminal. */
function lineOf(peer: number, { type, payload, timeMs }: ReceivedMessage): string {
  const fields = { time: new Date(timeMs).toISOString(), peer, ...fieldsOf(type, payload) };
  return JSON.stringify(fields, readable).replace(/[^\x20-\x7e]/g, escaped);
}

/** What a payload says; one that does not have the form of its type, as it came. */
function fieldsOf(type: string, payload: Uint8Array): object {
  try {
    return decodeMessage(type, payload);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { type, error: error.message, payload };
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Makes readable what JSON cannot hold. */
function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (isBytes(value)) return Buffer.from(value).toString('hex');
  if (isService(value)) return value.toString();
  return value;
}

/** An address and port, which has a text of its own. */
function isService(value: unknown): value is { toString(): string } {
  return typeof value === 'object' && value !== null && 'address' in value && 'port' in value;
}
