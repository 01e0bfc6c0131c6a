// One visit: a handshake, one question for addresses, one ping, and what was learned.

import type { Service } from '../../netaddr/service.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { EncodedMessage } from '../../p2p/messages/registry.ts';
import type { Transport } from '../../p2p/transport/transport.ts';
import type { Outcome } from '../record/outcome.ts';
import { Conversation } from './conversation.ts';
import type { ConversationContext } from './conversation.ts';
import { medianOf } from './median.ts';

const GETADDR = encodeMessage({ type: 'getaddr' });
const PING_NONCE = 1n;
const PING = encodeMessage({ type: 'ping', nonce: PING_NONCE });

/** An address to visit. */
export interface VisitRequest {
  readonly service: Service;
  /** The services that others told of it; undefined when nothing is known. */
  readonly services: bigint | undefined;
  /** The caller's own number for it. */
  readonly token: number;
}

/** One dial of an address, and what a visit keeps of it. */
export interface Attempt {
  readonly request: VisitRequest;
  readonly isV2: boolean;
  /** When it was dialed, and when the visit must be over at the latest: monotonic milliseconds. */
  readonly dialedAtMs: number;
  readonly dueAtMs: number;
  /** Bytes of a connection that was given up for another transport. */
  readonly earlierBytesReceived: number;
  readonly earlierBytesSent: number;
}

/** What a visit needs of its visitor. */
export interface VisitHost extends ConversationContext {
  /** Hands bytes to the socket. */
  transmit(visit: Visit, bytes: Uint8Array): void;
  /** Takes the addresses of a message. @returns How many of them were new, and their claimed ages, in seconds. */
  learn(visit: Visit, isV2: boolean, payload: Uint8Array): { newCount: number; ages: Uint32Array } | undefined;
  /** An answer came: the visit is over when nothing more comes for a while. */
  noteAnswer(visit: Visit, nowMs: number): void;
}

/** A visit from the moment that it is connected. */
export class Visit extends Conversation {
  readonly attempt: Attempt;
  readonly nodeId: number;
  readonly connectMs: number;
  readonly connectedAtMs: number;
  /** When the visit is over if nothing more comes. */
  dueAtMs: number;
  handshakeMs: number | undefined;
  pingMs: number | undefined;
  addressCount = 0;
  newAddressCount = 0;
  /** The median age in the longest answer, in seconds. */
  addressAge: number | undefined;
  /** Whether a send found the connection reset, which the end that is seen later does not tell any more. */
  isReset = false;
  /** Bytes of a message that is not complete, as last counted. */
  heldBytes = 0;
  readonly #host: VisitHost;
  #longestAnswer = 0;
  #pingSentAtMs = 0;

  constructor(host: VisitHost, transport: Transport, attempt: Attempt, nodeId: number, nowMs: number) {
    super(host, transport);
    this.#host = host;
    this.attempt = attempt;
    this.nodeId = nodeId;
    this.connectedAtMs = nowMs;
    this.connectMs = nowMs - attempt.dialedAtMs;
    this.dueAtMs = attempt.dueAtMs;
  }

  protected override transmit(bytes: Uint8Array): void {
    this.#host.transmit(this, bytes);
  }

  protected override afterVerack(): readonly EncodedMessage[] {
    return [GETADDR];
  }

  protected override handshakeCompleted(nowMs: number): void {
    this.handshakeMs = nowMs - this.connectedAtMs;
    this.say(PING);
    this.#pingSentAtMs = nowMs;
  }

  protected override gotMessage(type: string, payload: Uint8Array, nowMs: number): void {
    if (type === 'addrv2') this.#takeAddresses(true, payload, nowMs);
    else if (type === 'addr') this.#takeAddresses(false, payload, nowMs);
    else if (type === 'pong') this.#takePong(payload, nowMs);
  }

  #takeAddresses(isV2: boolean, payload: Uint8Array, nowMs: number): void {
    const learned = this.#host.learn(this, isV2, payload);
    if (learned === undefined) return;
    const { newCount, ages } = learned;
    this.addressCount += ages.length;
    this.newAddressCount += newCount;
    if (ages.length > this.#longestAnswer) {
      this.#longestAnswer = ages.length;
      this.addressAge = medianOf(ages);
    }
    // One address is how nodes introduce themselves, and no answer.
    if (ages.length > 1) this.#host.noteAnswer(this, nowMs);
  }

  #takePong(payload: Uint8Array, nowMs: number): void {
    const isOurs = this.pingMs === undefined && payload.length >= PING.payload.length;
    if (isOurs && PING.payload.every((byte, index) => payload[index] === byte)) {
      this.pingMs = nowMs - this.#pingSentAtMs;
    }
  }
}

/** What a visit came to. */
export interface VisitResult {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  /** The connection; undefined when there was none. */
  readonly visit: Visit | undefined;
}
