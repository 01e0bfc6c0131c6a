// One connection to a node, from its first byte to the end of the handshake and beyond: bytes in, bytes and messages out.
//
// It has no socket and no timer. Its owner hands over received bytes and reports the end of the connection; the subclass gets the
// events through the abstract methods. A visit and a peer that a monitor holds are conversations.

import { encodeMessage } from '../../p2p/messages/registry.ts';
import { PING_NONCE_ABOVE_VERSION, PROTOCOL_VERSION, WTXIDRELAY_VERSION } from '../../p2p/protocol.ts';
import type { OutboundMessage, Transport } from '../../p2p/transport/transport.ts';
import { MAX_FEATURES, MAX_FEATURE_TEXT } from '../record/record.ts';
import type { Outcome, Step } from '../record/outcome.ts';
import { escaped, escapedText } from './escape.ts';
import { FIRST_BYTES, beginsWithMagic, classify } from './first-bytes.ts';
import { readPeerVersion } from './peer-version.ts';
import type { PeerVersion } from './peer-version.ts';

/** Nonce of `ping` and `pong`, in bytes. */
const NONCE_BYTES = 8;

const NO_PAYLOAD = new Uint8Array(0);
/**
 * What one `flush` says, put together: a system call takes longer than a copy. It is larger than all that a handshake says at a
 * time, with the longest garbage of V2.
 */
const outbox = new Uint8Array(8_192);

const SEND_ADDR_V2 = encodeMessage({ type: 'sendaddrv2' });
const VERACK = encodeMessage({ type: 'verack' });

/** How a conversation ended before its owner ended it. */
export interface Ending {
  readonly outcome: Outcome;
  readonly code?: string | undefined;
}

/** What all conversations of a crawl have in common. */
export interface ConversationContext {
  readonly magic: Uint8Array;
  readonly nonce: bigint;
}

/** A handshake and what follows it. */
export abstract class Conversation {
  readonly transport: Transport;
  /** The step that is under way. */
  step: Step;
  /** The peer's `version`; undefined until it arrives. */
  version: PeerVersion | undefined;
  /** Message types between `version` and `verack`. */
  features: string[] | undefined;
  /** Bytes received from the peer, framing included. */
  bytesReceived = 0;
  bytesSent = 0;
  /** Set once received bytes have ended the conversation. Later bytes are ignored. */
  ending: Ending | undefined;
  readonly #context: ConversationContext;
  readonly #isV2: boolean;
  /** The first bytes, until it is clear that a node sent them. */
  #firstBytes: Uint8Array | undefined = NO_PAYLOAD;
  readonly #toSay: OutboundMessage[] = [];

  constructor(context: ConversationContext, transport: Transport) {
    this.#context = context;
    this.transport = transport;
    this.#isV2 = transport.getInfo().transportType !== 'v1';
    this.step = this.#isV2 ? 'transport' : 'version';
  }

  /** Hands bytes to the socket, all of them. Lent for the call. */
  protected abstract transmit(bytes: Uint8Array): void;

  /** The peer's `verack` arrived: the handshake is complete. */
  protected abstract handshakeCompleted(nowMs: number): void;

  /** A message after the handshake. The payload belongs to the callee. `ping` is answered already. */
  protected abstract gotMessage(type: string, payload: Uint8Array, nowMs: number): void;

  /** Messages that are sent right after our `verack`. */
  protected abstract afterVerack(): readonly OutboundMessage[];

  /** Whether the connection speaks V2, or tries to. */
  get isV2(): boolean {
    return this.#isV2;
  }

  /** Whether the peer that hung up may be one that speaks V1 only. */
  get shouldTryV1(): boolean {
    return this.#isV2 && this.transport.shouldReconnectV1();
  }

  /** Begins a conversation over a connection that we made. @param version - Our `version`. */
  begin(version: OutboundMessage): void {
    this.#toSay.push(version);
    this.flush();
  }

  /** Queues a message. `flush` sends it. */
  say(message: OutboundMessage): void {
    this.#toSay.push(message);
  }

  /** Hands everything that can be sent to the socket, in as few pieces as possible. */
  flush(): void {
    const { transport } = this;
    const toSay = this.#toSay;
    let said = 0;
    let filled = 0;
    for (;;) {
      if (said < toSay.length && transport.setMessageToSend(toSay[said]!)) said++;
      const { toSend } = transport.getBytesToSend(said < toSay.length);
      if (toSend.length === 0) break;
      if (filled + toSend.length > outbox.length) {
        this.#transmitFromOutbox(filled);
        filled = 0;
      }
      if (toSend.length > outbox.length) this.#transmit(toSend);
      else {
        outbox.set(toSend, filled);
        filled += toSend.length;
      }
      transport.markBytesSent(toSend.length);
    }
    if (said === toSay.length) toSay.length = 0;
    else toSay.splice(0, said);
    this.#transmitFromOutbox(filled);
  }

  #transmitFromOutbox(length: number): void {
    if (length > 0) this.#transmit(outbox.subarray(0, length));
  }

  #transmit(bytes: Uint8Array): void {
    this.bytesSent += bytes.length;
    this.transmit(bytes);
  }

  /**
   * Takes what was received.
   *
   * @param data - Lent for the call.
   * @param nowMs - The time, as `getReceivedMessage` takes it.
   */
  take(data: Uint8Array, nowMs: number): void {
    if (this.ending !== undefined) return;
    this.bytesReceived += data.length;
    if (this.#firstBytes !== undefined && !this.#lookAtFirstBytes(data)) return;
    for (let offset = 0; offset < data.length && this.ending === undefined;) {
      const taken = this.transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') return this.#endByTransport(taken.reason);
      offset += taken;
      if (this.transport.receivedMessageComplete()) this.#takeMessage(nowMs);
    }
    if (this.step === 'transport' && this.transport.getInfo().transportType === 'v2') this.step = 'version';
    if (this.ending === undefined) this.flush();
  }

  /**
   * The peer ended the connection, or time is up.
   *
   * @param reason - `peer` for a close, `reset` for a reset, `time` for a deadline.
   * @returns How the conversation ended, if the handshake was not complete.
   */
  endedBy(reason: 'peer' | 'reset' | 'time'): Ending | undefined {
    if (this.ending !== undefined) return this.ending;
    if (this.step === 'addresses' || this.step === 'done') return undefined;
    const greeter = this.#classify();
    if (greeter !== undefined) return greeter;
    if (reason === 'time') {
      return this.version === undefined ? { outcome: 'silent' } : { outcome: 'timeout', code: 'handshake-timed-out' };
    }
    if (this.bytesReceived === 0) return { outcome: 'full', code: reason === 'reset' ? 'reset' : 'closed' };
    return { outcome: 'disconnected', code: reason === 'reset' ? 'reset' : 'closed' };
  }

  /** @returns Whether the bytes may come from a node. */
  #lookAtFirstBytes(data: Uint8Array): boolean {
    const known = this.#firstBytes!;
    // Nearly every visit: a node that speaks V1, all in one piece.
    if (known.length === 0 && data.length >= FIRST_BYTES && beginsWithMagic(data, this.#context.magic)) {
      this.#firstBytes = undefined;
      return true;
    }
    const more = data.subarray(0, FIRST_BYTES - known.length);
    this.#firstBytes = known.length === 0 ? Uint8Array.from(more) : Buffer.concat([known, more]);
    if (this.#firstBytes.length < FIRST_BYTES) return true;
    this.ending = this.#classify();
    this.#firstBytes = undefined;
    return this.ending === undefined;
  }

  #classify(): Ending | undefined {
    if (this.#firstBytes === undefined) return undefined;
    return classify(this.#firstBytes, this.#context.magic, this.#isV2);
  }

  #endByTransport(reason: string): void {
    // Nodes without V2 answer in V1, as they may: the owner dials the peer again.
    if (this.shouldTryV1) this.ending = { outcome: 'disconnected', code: 'speaks-v1' };
    else this.ending = { outcome: 'protocol-error', code: codeOfTransport(reason) };
  }

  #takeMessage(nowMs: number): void {
    const { type, payload, rejectReason } = this.transport.getReceivedMessage(nowMs);
    // The message is dropped and the connection goes on, as in a node.
    if (rejectReason !== undefined) return;
    if (this.version === undefined) {
      if (type === 'version') this.#takeVersion(payload);
      return;
    }
    if (type === 'ping') this.#answerPing(payload);
    if (this.step !== 'verack') return this.gotMessage(type, payload, nowMs);
    if (type !== 'verack') return this.#noteFeature(type, payload);
    this.step = 'addresses';
    this.handshakeCompleted(nowMs);
  }

  #takeVersion(payload: Uint8Array): void {
    const version = readPeerVersion(payload);
    if (version === undefined) {
      this.ending = { outcome: 'protocol-error', code: 'version-malformed' };
      return;
    }
    if (version.nonce === this.#context.nonce) {
      this.ending = { outcome: 'self' };
      return;
    }
    this.version = version;
    this.step = 'verack';
    if (Math.min(version.protocolVersion, PROTOCOL_VERSION) >= WTXIDRELAY_VERSION) this.say(SEND_ADDR_V2);
    this.say(VERACK);
    for (const message of this.afterVerack()) this.say(message);
  }

  #answerPing(payload: Uint8Array): void {
    if (this.version!.protocolVersion <= PING_NONCE_ABOVE_VERSION || payload.length < NONCE_BYTES) return;
    this.say({ type: 'pong', payload: payload.slice(0, NONCE_BYTES) });
  }

  #noteFeature(type: string, payload: Uint8Array): void {
    if (type === 'version' || type === 'ping') return;
    const features = (this.features ??= []);
    const feature = (type === 'feature' ? `feature:${featureId(payload)}` : escapedText(type)).slice(
      0,
      MAX_FEATURE_TEXT,
    );
    if (features.length < MAX_FEATURES && !features.includes(feature)) features.push(feature);
  }
}

/** The id of a `feature`, whatever follows it. (BIP 434) */
function featureId(payload: Uint8Array): string {
  const length = payload[0] ?? 0;
  return escaped(payload.subarray(1, 1 + length));
}

/** The code for a transport's reason to give up. */
function codeOfTransport(reason: string): string {
  if (reason.startsWith('announced payload')) return 'message-too-long';
  if (reason.includes('magic')) return 'wrong-magic';
  if (reason.includes('garbage')) return 'no-garbage-terminator';
  return 'transport';
}
