// The encrypted transport: BIP 324, with the detection of V1 peers by the responder.
//
//     initiator                                             responder
//       key(64) garbage(0..4095)             ------->         waits for one byte that is not V1
//                                            <-------         key(64) garbage(0..4095)
//                                            <-------         terminator(16) version packet
//       terminator(16) version packet        ------->
//       application packets                  <------>         application packets
//
// This file holds the states of both directions; garbage, packets out and packets in are in the files beside it, keys
// and ciphers in `../bip324/`. It sends garbage of random length, no decoys and an empty version packet, as Bitcoin
// Core does, and accepts decoys anywhere and any version contents.
//
// The curve costs about half a millisecond for each side. An initiator makes its key when it is constructed. A
// responder does nothing of the kind before a byte came that no V1 peer sends, and computes the shared secret when all
// of the peer's key is there.
//
// Source: BIP 324; Bitcoin Core src/net.cpp, V2Transport.

import { SockManError, invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { chaChaKernel } from '../bip324/chacha-kernel.ts';
import { ELLSWIFT_BYTES, PRIVATE_KEY_BYTES, createKeyPair } from '../bip324/ellswift.ts';
import type { EllSwiftKeyPair, RandomBytes } from '../bip324/ellswift.ts';
import { createSession } from '../bip324/key-schedule.ts';
import type { Session } from '../bip324/key-schedule.ts';
import { HEADER_BYTES, PACKET_OVERHEAD_BYTES } from '../bip324/packets.ts';
import { requireSendablePayload } from './outbound-message.ts';
import type {
  BytesToSend,
  FatalTransportError,
  OutboundMessage,
  ReceivedMessage,
  Transport,
  TransportInfo,
} from './transport.ts';
import { MESSAGE_OVERHEAD_BYTES } from './transport.ts';
import { MAGIC_BYTES, V1Transport, V1_HEADER_BYTES, magicWord } from './v1.ts';
import { GarbageSearch, MAX_GARBAGE_BYTES } from './v2-garbage.ts';
import { PacketReader } from './v2-reader.ts';
import type { PacketMessage } from './v2-reader.ts';
import { PacketWriter } from './v2-writer.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';
import { releaseMemory } from '../../util/memory/release-memory.ts';

/** What every V1 connection begins with, in bytes: magic and the type `version`, padded. (Core src/net.h) */
export const V1_PREFIX_BYTES = 16;

/** How to make a `V2Transport`. */
export interface V2TransportOptions {
  /** The four bytes that name the network. Copied. */
  readonly magic: Uint8Array;
  /** Whether this side opened the connection. */
  readonly isInitiator: boolean;
  /** Source of keys and garbage. Nobody may be able to predict it: `randomBytes` of `node:crypto`, for instance. */
  readonly randomBytes: RandomBytes;
  /**
   * A key pair made beforehand, in idle time for instance. Used once: its private key is overwritten. Default: made when
   * it is needed.
   */
  readonly keyPair?: EllSwiftKeyPair;
  /** What to send behind the key, 0 to 4,095 bytes. Default: random in length and content. */
  readonly garbage?: Uint8Array;
}

/**
 * - `maybeV1`: responder, start; nothing that came so far tells V1 from V2.
 * - `key`: initiator, start; the peer's 64 bytes.
 * - `garbage`: up to the peer's terminator.
 * - `version`: packets up to the first that is not a decoy.
 * - `app`: messages.
 * - `v1`: the peer speaks V1; an inner transport does everything.
 */
type State = 'maybeV1' | 'key' | 'garbage' | 'version' | 'app' | 'v1';

const NO_BYTES = new Uint8Array(0);
/** A header byte without the decoy bit: all there is of our version packet besides length and tag. */
const EMPTY_HEAD = new Uint8Array(HEADER_BYTES);
const PREFIX_TYPE = Buffer.from('version\0\0\0\0\0', 'latin1');
const DETECTING: TransportInfo = { transportType: 'detecting', sessionId: undefined };

/** @see Transport for the contract of every method. */
export class V2Transport implements Transport {
  readonly #magicWord: number;
  readonly #isInitiator: boolean;
  readonly #randomBytes: RandomBytes;
  #state: State;
  #info = DETECTING;
  #failure: FatalTransportError | undefined;

  // The handshake; each part is let go of when it is through.
  #keyPair: EllSwiftKeyPair | undefined;
  #ourGarbage: Uint8Array | undefined;
  /** Made when its first byte comes: most of a flood's connections end without one. */
  #theirKey: Uint8Array | undefined;
  #theirKeyBytes = 0;
  /** We dialed with V2, and what came is the start of a V1 message of our network. */
  #hasV1Answer = false;
  #session: Session | undefined;
  #garbageSearch: GarbageSearch | undefined;
  #inner: V1Transport | undefined;

  #reader: PacketReader | undefined;
  #message: PacketMessage | undefined;

  #writer: PacketWriter | undefined;
  /** What is to be sent next, and whose it is. */
  #toSend: Uint8Array = NO_BYTES;
  #sendType = '';
  #sendMemoryBytes = 0;
  #handshakeBytesSent = 0;

  /**
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an option has the wrong type or length.
   * @throws {SockManError} `ERR_SOCKMAN_BACKEND`: this JavaScript engine has no WebAssembly (initiators only; a
   *   responder serves V1 peers all the same, and for a V2 peer it is a fatal error).
   */
  constructor(options: V2TransportOptions) {
    const { magic, isInitiator, randomBytes, keyPair, garbage } = options;
    this.#magicWord = magicWord(magic);
    if (garbage !== undefined && (!isBytes(garbage) || garbage.length > MAX_GARBAGE_BYTES)) {
      throw invalidArg('garbage', `a Uint8Array of at most ${MAX_GARBAGE_BYTES} bytes`, garbage);
    }
    if (typeof randomBytes !== 'function') throw invalidArg('randomBytes', 'a function', randomBytes);
    if (keyPair !== undefined) requireKeyPair(keyPair);
    this.#isInitiator = isInitiator;
    this.#randomBytes = randomBytes;
    this.#keyPair = keyPair;
    this.#ourGarbage = garbage === undefined ? undefined : Uint8Array.from(garbage);
    this.#state = 'maybeV1';
    if (isInitiator) this.#startHandshake();
  }

  /** See `Transport.getInfo`; `detecting` until it is known which one the peer speaks. */
  getInfo(): TransportInfo {
    return this.#inner?.getInfo() ?? this.#info;
  }

  receivedBytes(bytes: Uint8Array, offset = 0): number | FatalTransportError {
    let at = offset;
    while (this.#inner === undefined && this.#failure === undefined && this.#message === undefined) {
      if (at === bytes.length) return at - offset;
      at = this.#take(bytes, at);
    }
    if (this.#failure !== undefined) return this.#failure;
    if (this.#inner === undefined) return at - offset;
    const taken = this.#inner.receivedBytes(bytes, at);
    return typeof taken === 'number' ? at - offset + taken : taken;
  }

  receivedMessageComplete(): boolean {
    return this.#inner?.receivedMessageComplete() ?? this.#message !== undefined;
  }

  getReceivedMessage(timeMs: number): ReceivedMessage {
    if (this.#inner !== undefined) return this.#inner.getReceivedMessage(timeMs);
    if (this.#message === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'no message is complete');
    const { type, payload, rawBytes, rejectReason } = this.#message;
    this.#message = undefined;
    return { type, payload, timeMs, rawBytes, rejectReason };
  }

  setMessageToSend(message: OutboundMessage): boolean {
    if (this.#inner !== undefined) return this.#inner.setMessageToSend(message);
    if (this.#writer === undefined || this.#toSend.length > 0) return false;
    const { type, payload } = message;
    requireSendablePayload(payload, message.maxBytes);
    this.#toSend = this.#writer.start(message);
    this.#sendType = type;
    this.#sendMemoryBytes = payload.length + MESSAGE_OVERHEAD_BYTES;
    return true;
  }

  getBytesToSend(haveNextMessage: boolean): BytesToSend {
    if (this.#inner !== undefined) return this.#inner.getBytesToSend(haveNextMessage);
    const more = this.#writer !== undefined && (haveNextMessage || this.#writer.hasNextPiece);
    return { toSend: this.#toSend, more, messageType: this.#sendType };
  }

  markBytesSent(count: number): void {
    if (this.#inner !== undefined) return this.#inner.markBytesSent(count);
    if (!Number.isInteger(count) || count < 0 || count > this.#toSend.length) {
      throw outOfRange('count', `an integer 0..${this.#toSend.length}`, count);
    }
    if (count === 0) return;
    if (this.#state === 'key') this.#handshakeBytesSent += count;
    if (count < this.#toSend.length) this.#toSend = this.#toSend.subarray(count);
    else if (this.#writer?.hasNextPiece) this.#toSend = this.#writer.nextPiece();
    else {
      this.#toSend = NO_BYTES;
      this.#sendType = '';
      this.#sendMemoryBytes = 0;
    }
  }

  getSendMemoryUsage(): number {
    return this.#inner?.getSendMemoryUsage() ?? this.#sendMemoryBytes;
  }

  getReceiveMemoryUsage(): number {
    if (this.#inner !== undefined) return this.#inner.getReceiveMemoryUsage();
    return this.#message?.payload.length ?? this.#reader?.heldBytes ?? 0;
  }

  dropReceived(): void {
    this.#inner?.dropReceived();
    this.#reader?.dropPacket();
    if (this.#message !== undefined) releaseMemory(this.#message.payload);
    this.#message = undefined;
  }

  shouldReconnectV1(): boolean {
    if (!this.#isInitiator || this.#state !== 'key') return false;
    // A V1 node hangs up over our key, silently, once it has the bytes of a whole header; or it has introduced itself
    // before it read anything, as some do (bcoin), and Bitcoin Core then waits for its own timeout.
    const mayHaveBeenReadAsHeader = this.#handshakeBytesSent >= V1_HEADER_BYTES;
    return this.#hasV1Answer || (this.#theirKeyBytes === 0 && mayHaveBeenReadAsHeader);
  }

  /** Takes at least one byte, unless the state changes. Returns where the rest begins. */
  #take(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case 'maybeV1':
        return this.#takePrefix(bytes, at);
      case 'key':
        return this.#takeKey(bytes, at);
      case 'garbage':
        return this.#takeGarbage(bytes, at);
      default:
        return this.#takePacket(bytes, at);
    }
  }

  #takePrefix(bytes: Uint8Array, at: number): number {
    const prefix = (this.#theirKey ??= new Uint8Array(ELLSWIFT_BYTES));
    let next = at;
    while (next < bytes.length && this.#theirKeyBytes < V1_PREFIX_BYTES) {
      const index = this.#theirKeyBytes;
      const expected = index < MAGIC_BYTES ? magicByte(this.#magicWord, index) : PREFIX_TYPE[index - MAGIC_BYTES];
      if (bytes[next] !== expected) {
        this.#tryCurve(() => this.#startHandshake()); // What came so far is the start of the key.
        return next;
      }
      prefix[this.#theirKeyBytes++] = bytes[next++]!;
    }
    if (this.#theirKeyBytes === V1_PREFIX_BYTES) {
      this.#state = 'v1';
      this.#inner = new V1Transport(magicBytes(this.#magicWord));
      this.#inner.receivedBytes(prefix.subarray(0, V1_PREFIX_BYTES));
      this.#theirKey = undefined;
    }
    return next;
  }

  #takeKey(bytes: Uint8Array, at: number): number {
    const key = (this.#theirKey ??= new Uint8Array(ELLSWIFT_BYTES));
    const piece = bytes.subarray(at, at + ELLSWIFT_BYTES - this.#theirKeyBytes);
    key.set(piece, this.#theirKeyBytes);
    this.#theirKeyBytes += piece.length;
    if (this.#theirKeyBytes >= V1_PREFIX_BYTES && PREFIX_TYPE.equals(key.subarray(MAGIC_BYTES, V1_PREFIX_BYTES))) {
      const magic = Buffer.from(key.subarray(0, MAGIC_BYTES));
      // A responder took the prefix of our own network already: this is another one's.
      if (!this.#isInitiator)
        this.#failure = { reason: `V2 transport error: V1 peer with wrong MessageStart ${magic.toString('hex')}` };
      else if (magicWord(magic) === this.#magicWord) {
        this.#hasV1Answer = true;
        this.#failure = { reason: 'the peer speaks V1' };
      }
      if (this.#failure !== undefined) return at + piece.length;
    }
    if (this.#theirKeyBytes === ELLSWIFT_BYTES) this.#tryCurve(() => this.#startSession(key));
    return at + piece.length;
  }

  #takeGarbage(bytes: Uint8Array, at: number): number {
    const search = this.#garbageSearch!;
    const next = search.take(bytes, at);
    if (search.isHopeless) this.#failure = { reason: 'V2 transport error: missing garbage terminator' };
    if (search.garbage !== undefined) {
      this.#reader = new PacketReader(this.#session!.opener, search.garbage);
      this.#garbageSearch = undefined;
      this.#state = 'version';
    }
    return next;
  }

  #takePacket(bytes: Uint8Array, at: number): number {
    const reader = this.#reader!;
    const next = reader.read(bytes, at);
    if (reader.outcome === 'failed') this.#failure = reader.failure;
    if (reader.outcome !== 'message') return next;
    const message = reader.takeMessage();
    if (this.#state === 'app') {
      this.#message = message;
    } else {
      // The version packet. Its contents are for extensions, of which there are none; that it opened proves the keys.
      this.#info = { transportType: 'v2', sessionId: this.#session!.sessionId };
      this.#session = undefined;
      this.#state = 'app';
    }
    return next;
  }

  /** That there is no curve arithmetic here must not become an exception that a stranger's bytes can cause. */
  #tryCurve(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!isEngineLacking(error)) throw error;
      this.#failure = { reason: error.message };
    }
  }

  /** Queues our key and garbage. */
  #startHandshake(): void {
    this.#keyPair ??= createKeyPair(this.#randomBytes);
    this.#ourGarbage ??= this.#drawGarbage();
    this.#toSend = Buffer.concat([this.#keyPair.publicKey, this.#ourGarbage]);
    this.#sendMemoryBytes = this.#toSend.length;
    this.#state = 'key';
  }

  #drawGarbage(): Uint8Array {
    const [low, high] = this.#randomBytes(2) as Uint8Array & { 0: number; 1: number };
    // The number of possible lengths is a power of two: a mask leaves them equally likely.
    return this.#randomBytes(((high << 8) | low) & MAX_GARBAGE_BYTES);
  }

  /** With the peer's key complete: makes the keys, and queues our terminator and version packet. */
  #startSession(theirKey: Uint8Array): void {
    const session = createSession(this.#keyPair!, theirKey, this.#isInitiator, magicBytes(this.#magicWord));
    const versionPacket = new Uint8Array(PACKET_OVERHEAD_BYTES);
    session.sealer.sealShort(this.#ourGarbage!, EMPTY_HEAD, NO_BYTES, versionPacket);
    this.#toSend = Buffer.concat([this.#toSend, session.sendTerminator, versionPacket]);
    this.#sendMemoryBytes = this.#toSend.length;
    this.#session = session;
    this.#writer = new PacketWriter(session.sealer);
    this.#garbageSearch = new GarbageSearch(session.receiveTerminator);
    this.#keyPair = undefined;
    this.#ourGarbage = undefined;
    this.#theirKey = undefined;
    this.#state = 'garbage';
  }
}

function magicByte(word: number, index: number): number {
  return (word >>> (8 * index)) & 0xff;
}

function magicBytes(word: number): Uint8Array {
  return Uint8Array.from({ length: MAGIC_BYTES }, (_, index) => magicByte(word, index));
}

function requireKeyPair({ privateKey, publicKey }: EllSwiftKeyPair): void {
  const isPrivateKey = isBytes(privateKey) && privateKey.length === PRIVATE_KEY_BYTES;
  const isPublicKey = isBytes(publicKey) && publicKey.length === ELLSWIFT_BYTES;
  if (!isPrivateKey || !isPublicKey) throw invalidArg('keyPair', 'keys of 32 and 64 bytes', 'others');
}

/** Whether this JavaScript engine can encrypt: it takes WebAssembly with vector instructions (`node --jitless` has none). */
export function isV2Supported(): boolean {
  try {
    chaChaKernel();
    return true;
  } catch (error) {
    if (!isEngineLacking(error)) throw error;
    return false;
  }
}

function isEngineLacking(error: unknown): error is SockManError {
  return error instanceof SockManError && error.code === 'ERR_SOCKMAN_BACKEND';
}
