// One visit: a handshake, one request for addresses, one ping, and what was learned.

import type { Service } from '../../netaddr/service.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import { withChecksum } from '../../p2p/transport/outbound-message.ts';
import type { OutboundMessage, Transport } from '../../p2p/transport/transport.ts';
import type { Outcome } from '../record/outcome.ts';
import { Conversation } from './conversation.ts';
import type { ConversationContext } from './conversation.ts';
import { medianOf } from './median.ts';

const GETADDR = encodeMessage({ type: 'getaddr' });
const PING_NONCE = 1n;
const PING = withChecksum(encodeMessage({ type: 'ping', nonce: PING_NONCE }));

/** Most bytes that may wait for a peer that does not read: more than a whole visit sends. */
const MAX_UNSENT_BYTES = 65_536;
const QUEUE_OPTIONS = { limitBytes: MAX_UNSENT_BYTES };

/** A name that a proxy looks up. */
export interface SeedName {
  readonly host: string;
  readonly port: number;
}

/** An address to visit. */
export interface VisitRequest {
  readonly service: Service;
  /** Dialed instead of the address, through the proxy for names: a DNS seed, which leads to a node of its choice. */
  readonly name?: SeedName;
  /** The services that others told of the address; undefined when nothing is known. */
  readonly services: bigint | undefined;
  /** The caller's own number for the address. */
  readonly token: number;
}

/** One dial of an address. */
export interface Attempt {
  readonly request: VisitRequest;
  readonly isV2: boolean;
  /** Time of the dial, and latest end of the visit, in monotonic milliseconds. */
  readonly dialedAtMs: number;
  readonly dueAtMs: number;
  /** Bytes received over a connection that was given up for another transport. */
  readonly earlierBytesReceived: number;
  readonly earlierBytesSent: number;
}

/** Content of an answer: how many addresses were new, and the claimed age of each, in seconds. */
export interface Lesson {
  readonly newCount: number;
  /** Lent until the next message; may be reordered. */
  readonly ages: Uint32Array;
}

/** What all visits of a visitor have in common. */
export interface VisitContext extends ConversationContext {
  readonly sockets: SockMan;
  /** Takes the addresses of a message; returns undefined for one that does not decode. */
  readonly learn: (visit: Visit, isV2: boolean, payload: Uint8Array) => Lesson | undefined;
}

/** A visit from the moment of its connection. */
export class Visit extends Conversation {
  readonly attempt: Attempt;
  readonly nodeId: number;
  readonly connectMs: number;
  readonly connectedAtMs: number;
  /** Time at which the visit ends if nothing more arrives, in monotonic milliseconds. */
  dueAtMs: number;
  handshakeMs: number | undefined;
  pingMs: number | undefined;
  addressCount = 0;
  newAddressCount = 0;
  /** The median age in the longest answer, in seconds. */
  addressAge: number | undefined;
  /** Bytes of an incomplete message, as last counted. */
  heldBytes = 0;
  readonly #visits: VisitContext;
  readonly #quietMs: number;
  #longestAnswer = 0;
  #pingSentAtMs = 0;

  /** @param quietMs - Time without further addresses after an answer, which ends the visit, in milliseconds. */
  constructor(
    visits: VisitContext,
    transport: Transport,
    attempt: Attempt,
    nodeId: number,
    quietMs: number,
    nowMs: number,
  ) {
    super(visits, transport);
    this.#visits = visits;
    this.#quietMs = quietMs;
    this.attempt = attempt;
    this.nodeId = nodeId;
    this.connectedAtMs = nowMs;
    this.connectMs = nowMs - attempt.dialedAtMs;
    this.dueAtMs = attempt.dueAtMs;
  }

  protected override transmit(bytes: Uint8Array): void {
    // If the connection is gone already, its end is reported next.
    const waiting = this.#visits.sockets.queueBytes(this.nodeId, bytes, QUEUE_OPTIONS);
    // The peer does not read the answers to its requests.
    if (waiting > MAX_UNSENT_BYTES / 2) this.ending = { outcome: 'protocol-error', code: 'never-reads' };
  }

  protected override afterVerack(): readonly OutboundMessage[] {
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
    const lesson = this.#visits.learn(this, isV2, payload);
    if (lesson === undefined) return;
    const { newCount, ages } = lesson;
    this.addressCount += ages.length;
    this.newAddressCount += newCount;
    if (ages.length > this.#longestAnswer) {
      this.#longestAnswer = ages.length;
      this.addressAge = medianOf(ages);
    }
    // A single address is how a node announces itself. It is not an answer.
    if (ages.length > 1) this.dueAtMs = Math.min(this.attempt.dueAtMs, nowMs + this.#quietMs);
  }

  #takePong(payload: Uint8Array, nowMs: number): void {
    const isOurs = this.pingMs === undefined && payload.length >= PING.payload.length;
    if (isOurs && PING.payload.every((byte, index) => payload[index] === byte)) {
      this.pingMs = nowMs - this.#pingSentAtMs;
    }
  }
}

/** Result of a visit. */
export interface VisitResult {
  readonly attempt: Attempt;
  readonly outcome: Outcome;
  readonly code: string | undefined;
  /** The connection; undefined when there was none. */
  readonly visit: Visit | undefined;
}
