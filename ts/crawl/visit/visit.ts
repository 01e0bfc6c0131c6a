// One visit: a handshake, one question for addresses, one ping, and what was learned.

import type { Service } from '../../netaddr/service.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
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

/** Bytes that may wait for a peer that does not read: more than all that a visit has to say. */
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
  /** Dialed in the place of the address, through the proxy for names: a DNS seed, which leads to a node of its choice. */
  readonly name?: SeedName;
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

/** What an answer had: how many addresses were new, and the claimed age of each, in seconds. */
export interface Lesson {
  readonly newCount: number;
  readonly ages: Uint32Array;
}

/** What all visits of a visitor have in common. */
export interface VisitContext extends ConversationContext {
  readonly sockets: SockMan;
  /** Takes the addresses of a message; undefined for one that does not decode. */
  readonly learn: (visit: Visit, isV2: boolean, payload: Uint8Array) => Lesson | undefined;
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
  /** Bytes of a message that is not complete, as last counted. */
  heldBytes = 0;
  readonly #visits: VisitContext;
  readonly #quietMs: number;
  #longestAnswer = 0;
  #pingSentAtMs = 0;

  /** @param quietMs - After an answer, with no more addresses: then the visit is over. */
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
    // Of a connection that is gone the end is told next.
    const waiting = this.#visits.sockets.queueBytes(this.nodeId, bytes, QUEUE_OPTIONS);
    // The peer does not read what it asks for.
    if (waiting > MAX_UNSENT_BYTES / 2) this.ending = { outcome: 'protocol-error', code: 'never-reads' };
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
    const lesson = this.#visits.learn(this, isV2, payload);
    if (lesson === undefined) return;
    const { newCount, ages } = lesson;
    this.addressCount += ages.length;
    this.newAddressCount += newCount;
    if (ages.length > this.#longestAnswer) {
      this.#longestAnswer = ages.length;
      this.addressAge = medianOf(ages);
    }
    // One address is how nodes introduce themselves, and no answer.
    if (ages.length > 1) this.dueAtMs = Math.min(this.attempt.dueAtMs, nowMs + this.#quietMs);
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
