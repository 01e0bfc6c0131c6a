// Writes every message of every peer to disk, for later inspection. (Bitcoin Core src/net.cpp, CaptureMessageToFile)
//
// Each address has a folder, named by it, with a file for each direction. A file holds one message after the other:
//
// | offset | size | field                                                       |
// | ------ | ---- | ----------------------------------------------------------- |
// | 0      | 8    | time of processing or sending, microseconds, little-endian  |
// | 8      | 12   | type, ASCII, padded with zero bytes                         |
// | 20     | 4    | length of the payload, little-endian                        |
// | 24     | n    | payload                                                     |
//
// Messages are written at once, so that a crash leaves all that led to it, and nothing waits in memory. The price is a
// node that is as slow as its disk: not for daily use.

import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import { makeFolder } from '../../storage/make-folder.ts';
import type { OutboundMessage } from '../../p2p/transport/transport.ts';
import { MESSAGE_TYPE_BYTES } from '../../p2p/transport/transport.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Emitter } from '../../util/emitter.ts';
import type { Logger } from '../../util/logger.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { NodeView } from '../node/peer.ts';

const FILES = { received: 'msgs_recv.dat', sent: 'msgs_sent.dat' } as const;

const TYPE_AT = 8;
const LENGTH_AT = TYPE_AT + MESSAGE_TYPE_BYTES;
const HEADER_BYTES = LENGTH_AT + 4;

/** For the owner only: the peers' transactions are private. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Where and how to write. */
export interface MessageCaptureOptions {
  readonly events: Emitter<ConnmanEvents>;
  /** Created when needed. */
  readonly folder: string;
  readonly clock: Clock;
  /** Warned once if messages cannot be written; writing is tried again all the same. */
  readonly logger: Logger;
}

/** Writes all messages from now on. */
export function captureMessages({ events, folder, clock, logger }: MessageCaptureOptions): void {
  let hasFailed = false;
  const write = (node: NodeView, file: string, message: OutboundMessage): void => {
    try {
      append(join(folder, folderNameOf(node)), file, recordOf(message, clock.wallTimeMs()));
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.error(`messages are not captured: ${String(error)}`);
      hasFailed = true;
    }
  };
  events.on('inboundMessage', ({ node, message }) => write(node, FILES.received, message));
  events.on('outboundMessage', ({ node, message }) => write(node, FILES.sent, message));
}

/** The address and port of a peer as the name of a folder, on any file system. */
export function folderNameOf({ addr }: Pick<NodeView, 'addr'>): string {
  return String(addr).replace(/[^\w.[\]-]/g, '_');
}

function recordOf({ type, payload }: OutboundMessage, timeMs: number): Uint8Array {
  const record = Buffer.alloc(HEADER_BYTES + payload.length);
  record.writeBigInt64LE(BigInt(Math.round(timeMs * 1_000)));
  record.write(type, TYPE_AT, MESSAGE_TYPE_BYTES, 'latin1');
  record.writeUInt32LE(payload.length, LENGTH_AT);
  record.set(payload, HEADER_BYTES);
  return record;
}

function append(folder: string, file: string, record: Uint8Array): void {
  const path = join(folder, file);
  try {
    appendFileSync(path, record, { mode: FILE_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    makeFolder(folder, FOLDER_MODE);
    appendFileSync(path, record, { mode: FILE_MODE });
  }
}
