// Bytes in, messages out, and the other way round: one connection of Stratum V2 without its socket.
//
// Behind the handshake (`noise/handshake.ts`) everything is frames. The header of a frame and the chunks of its payload are
// messages of the cipher, each with a tag of its own:
//
// | part    | plaintext                    | on the wire              |
// |---------|------------------------------|--------------------------|
// | header  | 6 bytes (`frame-header.ts`)  | 22 bytes                 |
// | payload | chunks of up to 65,519 bytes | each chunk, and 16 bytes |
//
// Receiving. The caller hands over a chunk of the stream and loops until it is used up. A transport that holds a complete
// frame takes no further bytes until the frame is taken:
//
//     for (let offset = 0; offset < chunk.length;) {
//       const taken = transport.receivedBytes(chunk, offset);
//       if (typeof taken !== 'number') return disconnect(taken.reason);
//       offset += taken;
//       if (transport.hasFrame()) accept(transport.takeFrame());
//     }
//
// Memory follows what came, not what a header promises: at most one encrypted chunk is held besides the decrypted ones.
//
// Sending. At most one frame is inside a transport; queueing is the caller's matter. Before the handshake is done, nothing
// but its acts can be sent. `noise: false` speaks the same frames in the clear, for networks of one machine and for tests.
//
// Source: Stratum V2 specification, sections 3.2 and 4.6.

import { SockManError, outOfRange } from '../util/errors/errors.ts';
import type { EllSwiftKeyPair } from '../p2p/bip324/ellswift.ts';
import {
  FRAME_HEADER_BYTES,
  MAX_PAYLOAD_BYTES,
  decodeFrameHeader,
  encodeFrameHeader,
} from './messages/frame-header.ts';
import type { FrameType } from './messages/frame-header.ts';
import type { Sv2Frame } from './messages/registry.ts';
import { TAG_BYTES } from './noise/cipher-state.ts';
import { ACT_1_BYTES, ACT_2_BYTES, Initiator, respond } from './noise/handshake.ts';
import type { CertificatePolicy, NoiseSession, ResponderCredentials } from './noise/handshake.ts';

/** Longest plaintext of one cipher message, in bytes: with its tag, 65,535. */
export const MAX_CHUNK_BYTES = 65_519;

/**
 * Payloads up to this many bytes are copied into one array with their tags: copying costs less than further system calls.
 * Longer payloads go as they come from the cipher.
 */
const MAX_JOINED_PAYLOAD_BYTES = 16_384;

const NO_BYTES = new Uint8Array(0);

/** Encrypts or decrypts one direction. */
interface FrameCipher {
  seal(text: Uint8Array): readonly [ciphertext: Uint8Array, tag: Uint8Array];
  decrypt(sealed: Uint8Array): Uint8Array | undefined;
}

/** Frames in the clear. Everything is copied, since the caller only lends it. */
const CLEAR: FrameCipher = {
  seal: (text) => [Uint8Array.from(text), NO_BYTES],
  decrypt: (sealed) => Uint8Array.from(sealed),
};

/** The server's side of a connection. */
export interface ResponderOptions {
  readonly role: 'responder';
  /** Makes a fresh key pair, once act 1 has come; its private key is overwritten. */
  readonly ephemeral: () => EllSwiftKeyPair;
  /** Called once act 1 has come: a client that connects and sends nothing costs no arithmetic. */
  readonly credentials: () => ResponderCredentials;
}

/** The client's side of a connection. */
export interface InitiatorOptions {
  readonly role: 'initiator';
  /** A fresh key pair; its private key is overwritten. */
  readonly ephemeral: EllSwiftKeyPair;
  readonly policy: CertificatePolicy;
  /** Unix time in seconds, called when the certificate has come. */
  readonly nowSeconds: () => number;
}

/** An unencrypted connection. */
export interface ClearOptions {
  readonly role: 'clear';
}

/** How a transport is set up: which side it is, and with which keys. */
export type Sv2TransportOptions = (ResponderOptions | InitiatorOptions | ClearOptions) & {
  /** Longest accepted payload, in bytes. Default 16,777,215, the most that a header can announce. */
  readonly maxPayloadBytes?: number;
};

/** The end of a stream that cannot be read further. One line, without text of the peer. */
export interface Sv2TransportFailure {
  readonly reason: string;
}

/** The next bytes for the socket. */
export interface Sv2BytesToSend {
  /** May be empty. Lent until the next call of `markBytesSent` or `setFrameToSend`. */
  readonly toSend: Uint8Array;
  /** Whether more follows once these are sent. */
  readonly more: boolean;
}

type Stage = 'act' | 'header' | 'payload' | 'complete' | 'failed';

/** One side of a Stratum V2 connection: Noise handshake, encrypted frames. Bytes in, bytes out. */
export class Sv2Transport {
  readonly #maxPayloadBytes: number;
  readonly #tagBytes: number;
  #answerAct: ((act: Uint8Array) => NoiseSession | Sv2TransportFailure) | undefined;
  #sending: FrameCipher | undefined;
  #receiving: FrameCipher | undefined;
  #handshakeHash: Uint8Array | undefined;

  // Receiving. `#need` bytes make the next part; those of it that came in earlier calls are in `#part`.
  #stage: Stage = 'act';
  #need: number;
  #part: Uint8Array | undefined;
  #partBytes = 0;
  #frameType: FrameType | undefined;
  #payloadBytesLeft = 0;
  #chunks: Uint8Array[] = [];
  #failure: Sv2TransportFailure | undefined;

  // Sending: what is left of an act or of one frame, piece by piece.
  #toSend: Uint8Array = NO_BYTES;
  #piecesBehind: Uint8Array[] = [];

  constructor(options: Sv2TransportOptions) {
    this.#maxPayloadBytes = options.maxPayloadBytes ?? MAX_PAYLOAD_BYTES;
    this.#tagBytes = options.role === 'clear' ? 0 : TAG_BYTES;
    if (options.role === 'clear') {
      this.#need = this.#headerBytes;
      this.#startFrames(CLEAR, CLEAR);
    } else if (options.role === 'responder') {
      this.#need = ACT_1_BYTES;
      this.#answerAct = (act1) => {
        const { act2, session } = respond(act1, options.ephemeral(), options.credentials());
        this.#toSend = act2;
        return session;
      };
    } else {
      this.#need = ACT_2_BYTES;
      const initiator = new Initiator(options.ephemeral);
      this.#toSend = initiator.act1;
      this.#answerAct = (act2) => {
        const outcome = initiator.finish(act2, options.policy, options.nowSeconds());
        return typeof outcome === 'string' ? { reason: outcome } : outcome;
      };
    }
  }

  /** Whether frames can be sent and received. */
  get isReady(): boolean {
    return this.#sending !== undefined;
  }

  /** The hash of the handshake, 32 bytes, the same on both sides; undefined before its end and without encryption. */
  get handshakeHash(): Uint8Array | undefined {
    return this.#handshakeHash;
  }

  /**
   * Takes bytes from the peer.
   *
   * @param bytes - A received chunk, lent for the call.
   * @param offset - Where in `bytes` those begin that were not taken yet.
   * @returns How many were taken: all, unless a frame is complete. Or the end of the stream: nothing of what it concerns
   *   was delivered, and every later call answers the same.
   */
  receivedBytes(bytes: Uint8Array, offset = 0): number | Sv2TransportFailure {
    let at = offset;
    while (this.#stage !== 'complete' && this.#stage !== 'failed') {
      const missing = this.#need - this.#partBytes;
      const end = Math.min(at + missing, bytes.length);
      const piece = bytes.subarray(at, end);
      at = end;
      if (piece.length < missing) {
        this.#keep(piece);
        break;
      }
      this.#takePart(this.#completePart(piece));
    }
    return this.#failure ?? at - offset;
  }

  /** Whether `takeFrame` may be called. */
  hasFrame(): boolean {
    return this.#stage === 'complete';
  }

  /**
   * Hands out the complete frame and makes room for the next. The payload belongs to the caller.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: no frame is complete.
   */
  takeFrame(): Sv2Frame {
    if (this.#stage !== 'complete') throw new SockManError('ERR_SOCKMAN_STATE', 'no frame is complete');
    const chunks = this.#chunks;
    const payload = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    this.#chunks = [];
    this.#expect('header', this.#headerBytes);
    return { ...this.#frameType!, payload };
  }

  /**
   * Offers a frame for sending.
   *
   * @param frame - Its payload is encrypted at once, and may change afterwards.
   * @returns False when none can be taken now: one is in flight, or the handshake is not done.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a payload of no bytes, or of more than 16,777,215.
   */
  setFrameToSend(frame: Sv2Frame): boolean {
    const { payload } = frame;
    if (payload.length === 0 || payload.length > MAX_PAYLOAD_BYTES) {
      throw outOfRange('payload.length', `1..${MAX_PAYLOAD_BYTES}`, payload.length);
    }
    const cipher = this.#sending;
    if (cipher === undefined || this.#toSend.length > 0) return false;
    const pieces = [...cipher.seal(encodeFrameHeader({ ...frame, payloadBytes: payload.length }))];
    for (let start = 0; start < payload.length; start += MAX_CHUNK_BYTES) {
      pieces.push(...cipher.seal(payload.subarray(start, start + MAX_CHUNK_BYTES)));
    }
    this.#piecesBehind = payload.length <= MAX_JOINED_PAYLOAD_BYTES ? [Buffer.concat(pieces)] : pieces;
    this.#takeNextPiece();
    return true;
  }

  /**
   * The next bytes to write.
   * @param haveMore - Whether the caller has another frame; `more` repeats it if that frame could be taken.
   */
  getBytesToSend(haveMore: boolean): Sv2BytesToSend {
    return { toSend: this.#toSend, more: this.#piecesBehind.length > 0 || (haveMore && this.isReady) };
  }

  /**
   * Drops the first `count` bytes of the last `getBytesToSend`.
   *
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: more than there are.
   */
  markBytesSent(count: number): void {
    if (!(Number.isInteger(count) && count >= 0 && count <= this.#toSend.length)) {
      throw outOfRange('count', `0..${this.#toSend.length}`, count);
    }
    if (count === this.#toSend.length) this.#takeNextPiece();
    else this.#toSend = this.#toSend.subarray(count);
  }

  /** Memory held for the peer's bytes and for sending, in bytes. */
  get memoryBytes(): number {
    const arrays = [...this.#chunks, ...this.#piecesBehind, this.#toSend];
    return arrays.reduce((sum, { length }) => sum + length, this.#part?.length ?? 0);
  }

  #takeNextPiece(): void {
    let next = this.#piecesBehind.shift();
    // Unencrypted frames have no tags.
    while (next?.length === 0) next = this.#piecesBehind.shift();
    this.#toSend = next ?? NO_BYTES;
  }

  get #headerBytes(): number {
    return FRAME_HEADER_BYTES + this.#tagBytes;
  }

  #startFrames(sending: FrameCipher, receiving: FrameCipher): void {
    this.#sending = sending;
    this.#receiving = receiving;
    this.#expect('header', this.#headerBytes);
  }

  #expect(stage: 'header' | 'payload', need: number): void {
    this.#stage = stage;
    this.#need = need;
  }

  /** Copies a piece that does not complete the part it belongs to. */
  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#part ??= Buffer.allocUnsafeSlow(this.#need);
    this.#part.set(piece, this.#partBytes);
    this.#partBytes += piece.length;
  }

  /** The whole part: as it lies in the received bytes, unless some of it came earlier. */
  #completePart(piece: Uint8Array): Uint8Array {
    if (this.#part === undefined) return piece;
    this.#keep(piece);
    const part = this.#part;
    this.#part = undefined;
    this.#partBytes = 0;
    return part;
  }

  #takePart(part: Uint8Array): void {
    if (this.#stage === 'act') this.#takeAct(part);
    else if (this.#stage === 'header') this.#takeHeader(part);
    else this.#takeChunk(part);
  }

  #takeAct(act: Uint8Array): void {
    const outcome = this.#answerAct!(act);
    this.#answerAct = undefined;
    if ('reason' in outcome) return this.#fail(outcome.reason);
    this.#handshakeHash = outcome.handshakeHash;
    this.#startFrames(outcome.sending, outcome.receiving);
  }

  #takeHeader(sealed: Uint8Array): void {
    const header = this.#receiving!.decrypt(sealed);
    if (header === undefined) return this.#fail('a header does not decrypt');
    const { payloadBytes, ...frameType } = decodeFrameHeader(header);
    if (payloadBytes === 0) return this.#fail('a frame without payload');
    if (payloadBytes > this.#maxPayloadBytes) {
      return this.#fail(`a payload of ${payloadBytes} bytes, where at most ${this.#maxPayloadBytes} are allowed`);
    }
    this.#frameType = frameType;
    this.#payloadBytesLeft = payloadBytes;
    this.#expectChunk();
  }

  #expectChunk(): void {
    this.#expect('payload', Math.min(this.#payloadBytesLeft, MAX_CHUNK_BYTES) + this.#tagBytes);
  }

  #takeChunk(sealed: Uint8Array): void {
    const chunk = this.#receiving!.decrypt(sealed);
    if (chunk === undefined) return this.#fail('a payload does not decrypt');
    this.#chunks.push(chunk);
    this.#payloadBytesLeft -= chunk.length;
    if (this.#payloadBytesLeft === 0) this.#stage = 'complete';
    else this.#expectChunk();
  }

  /** Sending ends as well: a peer that cannot be understood gets no answer. */
  #fail(reason: string): void {
    this.#stage = 'failed';
    this.#failure = { reason };
    this.#sending = undefined;
    this.#toSend = NO_BYTES;
    this.#piecesBehind = [];
    this.#chunks = [];
    this.#part = undefined;
  }
}
