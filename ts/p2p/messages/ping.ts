// `ping` and `pong`: whether the peer is alive, and its round-trip time. One uint64 LE each. (BIP 31)

import type { Codec } from './codec.ts';

const NONCE_BYTES = 8;

/** Asks for a `pong` with the same nonce. (BIP 31) */
export interface PingMessage {
  readonly type: 'ping';
  /** Undefined for the empty ping of versions up to 60000, which gets no answer. */
  readonly nonce: bigint | undefined;
}

/** Answers a `ping`. (BIP 31) */
export interface PongMessage {
  readonly type: 'pong';
  /** Undefined if there are fewer than eight bytes: such a pong cancels the pending ping without an answer. */
  readonly nonce: bigint | undefined;
}

export const pingCodec: Codec<PingMessage> = {
  read: (reader) => ({ type: 'ping', nonce: reader.remaining === 0 ? undefined : reader.uint64LE() }),
  write(writer, { nonce }) {
    if (nonce !== undefined) writer.uint64LE(nonce);
  },
};

export const pongCodec: Codec<PongMessage> = {
  read: (reader) => ({ type: 'pong', nonce: reader.remaining < NONCE_BYTES ? undefined : reader.uint64LE() }),
  write(writer, { nonce }) {
    if (nonce !== undefined) writer.uint64LE(nonce);
  },
};
