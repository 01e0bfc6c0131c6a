// Both ends of a published handshake, brought to where its frames begin.

import { createHash } from 'node:crypto';
import { StaticKey } from '../../ts/stratum/noise/static-key.ts';
import { Sv2Transport } from '../../ts/stratum/sv2-transport.ts';
import type { Sv2Frame } from '../../ts/stratum/messages/registry.ts';
import { fromHex, toHex } from '../harness/data/vectors.ts';
import type { HandshakeCase, TransportRow } from './handshake-vectors.ts';

/** A time at which all published certificates hold, in Unix seconds. */
const NOW_SECONDS = 1_710_000_000;

/** The client of a published handshake. Its act 1 is the first that it has to send. */
export function initiatorOf({ initiator, authority }: HandshakeCase): Sv2Transport {
  return new Sv2Transport({
    role: 'initiator',
    ephemeral: {
      privateKey: fromHex(initiator.ephemeralPrivateKey),
      publicKey: fromHex(initiator.ephemeralEllSwift),
    },
    policy: { authorityX: fromHex(authority.xOnly), leewaySeconds: 0 },
    nowSeconds: () => NOW_SECONDS,
  });
}

/** The server of a published handshake. */
export function responderOf({ responder, certificate }: HandshakeCase, maxPayloadBytes?: number): Sv2Transport {
  return new Sv2Transport({
    role: 'responder',
    ephemeral: () => ({
      privateKey: fromHex(responder.ephemeralPrivateKey),
      publicKey: fromHex(responder.ephemeralEllSwift),
    }),
    credentials: () => ({
      staticKey: new StaticKey(fromHex(responder.staticPrivateKey)),
      staticEncoding: fromHex(responder.staticEllSwift),
      certificate: fromHex(certificate.serialized),
    }),
    ...(maxPayloadBytes !== undefined && { maxPayloadBytes }),
  });
}

/** All that a transport has to send, as one array. */
export function drain(transport: Sv2Transport): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { toSend, more } = transport.getBytesToSend(false);
    pieces.push(Uint8Array.from(toSend));
    transport.markBytesSent(toSend.length);
    if (!more) return Buffer.concat(pieces);
  }
}

/** Hands bytes to a transport in pieces, and collects the frames; throws the reason of a failure. */
export function feed(
  transport: Sv2Transport,
  bytes: Uint8Array,
  pieceBytes: () => number = () => bytes.length,
): Sv2Frame[] {
  const frames: Sv2Frame[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = Math.min(start + Math.max(pieceBytes(), 1), bytes.length);
    const piece = bytes.slice(start, end);
    for (let offset = 0; offset < piece.length || transport.hasFrame();) {
      if (transport.hasFrame()) frames.push(transport.takeFrame());
      const taken = transport.receivedBytes(piece, offset);
      if (typeof taken !== 'number') throw new Error(taken.reason);
      offset += taken;
    }
    start = end;
  }
  return frames;
}

/** A client and a server behind their handshake. */
export function connectedPair(test: HandshakeCase): { client: Sv2Transport; server: Sv2Transport } {
  const client = initiatorOf(test);
  const server = responderOf(test);
  feed(server, drain(client));
  feed(client, drain(server));
  return { client, server };
}

/** Bytes of the pattern that the vectors name. */
export function patternBytes(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (7 * index + 3) % 251);
}

/** The frame of a row, whose extension type includes the bit of channel messages. */
export function frameOfRow(row: TransportRow): Sv2Frame {
  return {
    extensionType: row.extensionType & 0x7fff,
    isChannelMessage: row.extensionType > 0x7fff,
    messageType: row.msgType,
    payload: row.payload === undefined ? patternBytes(row.payloadLength) : fromHex(row.payload),
  };
}

/** Whether bytes are the frame that a row names, whole or by its hash. */
export function expectedFrame(row: TransportRow, bytes: Uint8Array): boolean {
  if (bytes.length !== row.frameLength) return false;
  if (row.frame !== undefined) return toHex(bytes) === row.frame;
  return createHash('sha256').update(bytes).digest('hex') === row.frameSha256;
}
