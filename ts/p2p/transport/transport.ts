// The contract between one connection and its wire format.
//
// A transport turns bytes from a socket into messages, and messages into bytes for a socket. It has no socket, no clock and
// no source of randomness of its own: bytes, times and random bytes are handed in, which is what makes it possible to test
// it at every byte. Two classes implement it: `V1Transport` (a clear header before each payload) and `V2Transport` (BIP 324,
// encrypted). It does not interpret payloads; see `../messages/`.
//
// Directions. The receiving and the sending side do not share state that a caller can see: any interleaving of calls is
// legal.
//
// Receiving. The caller hands over a chunk and loops until it is used up:
//
//     let offset = 0;
//     while (offset < chunk.length) {
//       const taken = transport.receivedBytes(chunk, offset);
//       if (typeof taken !== 'number') return closeConnection(taken.reason);
//       offset += taken;
//       if (transport.receivedMessageComplete()) accept(transport.getReceivedMessage(nowMs));
//     }
//
// A transport that holds a complete message takes no further bytes until the message is taken, so a caller that forgets
// to take it spins. The chunk is lent for the call: the transport copies what it keeps.
//
// Sending. At most one message is inside a transport; queueing is the caller's job:
//
//     for (;;) {
//       if (queue.length > 0 && transport.setMessageToSend(queue[0])) queue.shift();
//       const { toSend, more, messageType } = transport.getBytesToSend(queue.length > 0);
//       if (toSend.length === 0) break;
//       const sent = socket.send(toSend, more);
//       transport.markBytesSent(sent);
//       if (sent < toSend.length) break;
//     }
//
// A socket is to be watched for room exactly when `toSend` is not empty or `more` is true.
//
// Source: Bitcoin Core src/net.h, class Transport.

/** Longest payload of a V1 message, and the longest either transport sends, in bytes. Longer: fatal. (Core src/net.h) */
export const MAX_PROTOCOL_MESSAGE_BYTES = 4_000_000;

/** Size of the message type in a V1 header and in the long form of V2, in bytes. (Core src/protocol.h) */
export const MESSAGE_TYPE_BYTES = 12;

/**
 * How much of a V1 payload has to come before its announced length is believed, in bytes. Until then no more is reserved,
 * since an announcement alone must cost nothing; a sixteenth of the longest payload is copied twice for it. (The number
 * is that of Core src/net.cpp, V1Transport::readData, which never reserves further ahead than that.)
 */
export const FIRST_PART_BYTES = 262_144;

/**
 * What holding one message costs beyond its payload, in bytes. An estimate of the objects around it, above 0 so that a
 * flood of empty messages counts against the limits of queues. (messages of Core cost about as much: src/net.cpp,
 * CNetMessage::GetMemoryUsage)
 */
export const MESSAGE_OVERHEAD_BYTES = 128;

/** The transport's protocol. The session id (32 bytes) is set once the peer proved that it has the keys. */
export interface TransportInfo {
  readonly transportType: 'detecting' | 'v1' | 'v2';
  readonly sessionId: Uint8Array | undefined;
}

/** A message to send. */
export interface OutboundMessage {
  /** At most 12 characters of 0x20..0x7e. */
  readonly type: string;
  /** At most `MAX_PROTOCOL_MESSAGE_BYTES`. Lent to the transport until every byte is sent: it must not change before. */
  readonly payload: Uint8Array;
  /** Another limit for the payload, in bytes: for messages that are meant to break the rule. */
  readonly maxBytes?: number | undefined;
  /**
   * The checksum of the payload, a signed number, where a message goes to many peers: V1 sends it unchecked, and V2 has none.
   * Default: it is computed for each.
   */
  readonly checksum?: number | undefined;
}

/** Why a received message is dropped while the connection goes on. */
export type RejectReason = 'checksum' | 'malformed type' | 'empty contents' | 'unknown short id';

/** A received message. */
export interface ReceivedMessage {
  /** The type as on the wire; may be empty or unknown. Printable ASCII; V2 lets 0x7f through as well. */
  readonly type: string;
  /** Belongs to the receiver of the message. */
  readonly payload: Uint8Array;
  /** The time that was handed to `getReceivedMessage`. */
  readonly timeMs: number;
  /** Bytes the message took on the wire, framing included. */
  readonly rawBytes: number;
  /**
   * Undefined for a message to be delivered. Otherwise it is to be dropped: `rawBytes` still counts in the statistics
   * (under `*other*`), and neither a disconnect nor a punishment follows. Type and payload then mean nothing.
   */
  readonly rejectReason: RejectReason | undefined;
}

/** The end of a stream that cannot be read further, so that the connection must be closed. */
export interface FatalTransportError {
  /** One line, printable, without text from the peer. */
  readonly reason: string;
}

/** The next bytes for the socket. */
export interface BytesToSend {
  /** May be empty. Lent: valid until the next call of `markBytesSent` or `setMessageToSend`. */
  readonly toSend: Uint8Array;
  /** Whether there will be more to write once all of `toSend` is written. */
  readonly more: boolean;
  /** The type of the message these bytes belong to; the empty string for bytes of the handshake. */
  readonly messageType: string;
}

/** One side of a connection on the wire: bytes in, messages out, and the other way round. */
export interface Transport {
  /** Which transport it is, and the session id if there is one. */
  getInfo(): TransportInfo;

  /**
   * Takes bytes from the peer.
   *
   * @param bytes - A received chunk, lent for the call.
   * @param offset - Where in `bytes` the bytes not yet taken begin. Default 0.
   * @returns How many bytes were taken, 0..bytes.length - offset; fewer than all when a message completed. Or a fatal
   *   error: nothing was delivered of what it concerns, the transport is unusable, and every later call returns the same.
   */
  receivedBytes(bytes: Uint8Array, offset?: number): number | FatalTransportError;

  /** Whether `getReceivedMessage` may be called. */
  receivedMessageComplete(): boolean;

  /**
   * Hands out the complete message and makes room for the next.
   *
   * @param timeMs - The moment its last bytes arrived, copied into the message.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: no message is complete.
   */
  getReceivedMessage(timeMs: number): ReceivedMessage;

  /**
   * Offers a message for sending.
   *
   * @returns False when none can be taken now, because one is in flight or the keys are not there yet; the message is
   *   then untouched and may be offered again.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the type is not at most 12 printable ASCII characters.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: the payload is longer than `MAX_PROTOCOL_MESSAGE_BYTES`.
   */
  setMessageToSend(message: OutboundMessage): boolean;

  /**
   * Tells what to write next. A pure query: asked twice it answers the same, and what it answered is a prefix of what it
   * answers after any other call but `markBytesSent`.
   *
   * @param haveNextMessage - Whether the caller will offer another message as soon as it can. `more` follows it where the
   *   transport itself has nothing further but could take a message; it is false, whatever the caller has, as long as no
   *   message could be taken (V2 before the keys exist).
   */
  getBytesToSend(haveNextMessage: boolean): BytesToSend;

  /**
   * Drops the first `count` bytes of what `getBytesToSend` answered. 0 does nothing.
   *
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `count` is not an integer from 0 to the length of the last `toSend`.
   */
  markBytesSent(count: number): void;

  /** Memory held for sending, in bytes: 0 when idle. */
  getSendMemoryUsage(): number;

  /** Memory held of a message that is not complete, or was not taken yet, in bytes: 0 between messages. */
  getReceiveMemoryUsage(): number;

  /**
   * The connection is over: frees at once what is held of a message that will not become complete, which would otherwise
   * wait for the garbage collector. Nothing is received afterwards.
   */
  dropReceived(): void;

  /** Whether a connection that ended now should be tried again with V1, because the peer seems not to know V2. */
  shouldReconnectV1(): boolean;
}
