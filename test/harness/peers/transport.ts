// Drives transports without sockets: what one wants to send goes into the other, cut as a test wishes.

import type { OutboundMessage, ReceivedMessage, Transport } from '../../../ts/p2p/transport/transport.ts';

/** What feeding bytes to a transport led to. */
export interface Received {
  messages: ReceivedMessage[];
  /** The reason of the fatal error that ended the stream, if one did. */
  failure: string | undefined;
  /** Bytes taken before that. */
  takenBytes: number;
}

/**
 * Feeds `bytes` in chunks of the given sizes (the last one repeats), as a connection would: each chunk is lent, so it is
 * overwritten as soon as it is used up.
 */
export function receiveAll(
  transport: Transport,
  bytes: Uint8Array,
  chunkBytes: readonly number[] = [65_536],
): Received {
  const received: Received = { messages: [], failure: undefined, takenBytes: 0 };
  for (let start = 0, turn = 0; start < bytes.length; turn++) {
    const size = Math.max(1, chunkBytes[Math.min(turn, chunkBytes.length - 1)] ?? bytes.length);
    const chunk = bytes.slice(start, start + size);
    start += chunk.length;
    for (let offset = 0, calls = 0; offset < chunk.length; calls++) {
      if (calls > 2 * chunk.length) throw new Error('the transport does not make progress');
      const taken = transport.receivedBytes(chunk, offset);
      if (typeof taken !== 'number') return { ...received, failure: taken.reason };
      offset += taken;
      received.takenBytes += taken;
      if (transport.receivedMessageComplete())
        received.messages.push(transport.getReceivedMessage(received.takenBytes));
    }
    chunk.fill(0xee);
  }
  return received;
}

/**
 * Takes out everything a transport has to send, `maxBytes` at a time, offering `queue` as it makes room.
 *
 * Checks each `more` against what comes next: it must neither promise bytes that do not come nor deny bytes that do.
 */
export function sendAll(transport: Transport, queue: OutboundMessage[] = [], maxBytes = Infinity): Uint8Array {
  const pieces: Uint8Array[] = [];
  let wasMorePromised: boolean | undefined;
  for (;;) {
    while (queue[0] !== undefined && transport.setMessageToSend(queue[0])) queue.shift();
    const { toSend, more } = transport.getBytesToSend(queue.length > 0);
    if (wasMorePromised !== undefined && wasMorePromised !== toSend.length > 0) {
      throw new Error(`more was ${wasMorePromised}, but ${toSend.length} bytes follow`);
    }
    if (toSend.length === 0) return new Uint8Array(Buffer.concat(pieces));
    const count = Math.min(maxBytes, toSend.length);
    pieces.push(toSend.slice(0, count));
    transport.markBytesSent(count);
    wasMorePromised = count < toSend.length ? true : more;
  }
}
