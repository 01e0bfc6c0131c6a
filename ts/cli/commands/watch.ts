// `sockman watch`: prints every message of one peer as a line of JSON.

import { Connman } from '../../connman/connman.ts';
import { decodeMessage } from '../../p2p/messages/registry.ts';
import type { ReceivedMessage } from '../../p2p/transport/transport.ts';
import { PeerManager } from '../../peerman/peer-manager.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { RUN_SECONDS, networkOption } from '../common-options.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { DialReport } from '../node/dial-report.ts';
import { complainingLogger, ofArguments, untilStopped } from '../run.ts';
import { jsonLine } from '../terminal/json-line.ts';
import { SkippingOutput } from '../terminal/skipping-output.ts';

const OPTIONS = {
  connect: option.text('ADDRESS', 'the peer, address:port; dialed again when it disconnects'),
  network: networkOption('regtest', 'the network; regtest by default'),
  v2transport: option.zeroOrOne(true, 'encrypted connection (BIP 324); 1 by default'),
  for: RUN_SECONDS,
};

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [['sockman watch --network main --connect 203.0.113.1:8333', 'the messages of a main network node']],
    notes: [
      'Bytes are hexadecimal; hashes are in the usual reversed order; numbers beyond 2^53 and services are strings. A message that does not decode is shown with its payload and the error, one that was dropped unread with the reason. Lines beyond what a slow reader takes are left out and counted.',
      'Exits with 1 if no connection was made.',
    ],
  },
  runWatch,
);

async function runWatch(values: ValuesOf<typeof OPTIONS>, io: CliIo): Promise<number> {
  const { connect, network, v2transport: v2Transport } = values;
  if (connect === undefined) throw new UsageError('--connect: which peer?');
  const logger = complainingLogger(io);
  const node = ofArguments(
    () => new Connman({ chain: network, connect: [connect], listen: false, v2Transport, logger }),
  );
  const output = new SkippingOutput(io);
  node.on('inboundMessage', ({ node: { id }, message }) => {
    output.print(() => lineOf(id, message, fieldsOf(message.type, message.payload)));
  });
  node.on('rejectedMessage', ({ node: { id }, message }) => {
    const { type, rejectReason, rawBytes } = message;
    output.print(() => lineOf(id, message, { type, dropped: rejectReason, rawBytes }));
  });
  node.on('closedConnection', ({ node: { addrName }, reason }) => io.complain(`${addrName} is gone: ${reason}`));
  const dials = new DialReport(node, (line) => io.complain(line));
  try {
    await node.start(new PeerManager({ ignoreIncomingTxs: false }));
    await untilStopped(io.signal, values.for);
  } finally {
    await node.stop();
  }
  output.end();
  return dials.hasConnected ? 0 : 1;
}

function lineOf(peer: number, { timeMs }: ReceivedMessage, fields: object): string {
  return jsonLine({ time: new Date(timeMs).toISOString(), peer, ...fields });
}

/** The decoded payload; if it is malformed, its bytes. */
function fieldsOf(type: string, payload: Uint8Array): object {
  try {
    return decodeMessage(type, payload);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { type, error: error.message, payload };
  }
}
