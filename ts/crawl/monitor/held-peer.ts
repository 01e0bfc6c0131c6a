// A connection that is kept: a handshake, one question for addresses, and then mostly listening.

import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { EncodedMessage } from '../../p2p/messages/registry.ts';
import type { Transport } from '../../p2p/transport/transport.ts';
import { Conversation } from '../visit/conversation.ts';
import type { ConversationContext } from '../visit/conversation.ts';

/** A node sends gossip to inbound peers that asked it for addresses once. (Bitcoin Core, net_processing.cpp) */
const GETADDR = encodeMessage({ type: 'getaddr' });

/** What a held peer needs of the monitor. */
export interface HeldPeerHost extends ConversationContext {
  transmit(peer: HeldPeer, bytes: Uint8Array): void;
  handshakeCompleted(peer: HeldPeer, nowMs: number): void;
  /** The payload belongs to the callee. */
  inventory(peer: HeldPeer, payload: Uint8Array, nowMs: number): void;
  gossip(peer: HeldPeer, isV2: boolean, payload: Uint8Array): void;
}

/** What is known of a peer when it is dialed. */
export interface HeldPeerStart {
  readonly nodeId: number;
  /** Its number in the frontier. */
  readonly row: number;
  /** Its network's number. */
  readonly network: number;
  readonly asn: number;
  readonly connectedAtMs: number;
}

/** See the module comment. */
export class HeldPeer extends Conversation {
  readonly nodeId: number;
  readonly row: number;
  readonly network: number;
  readonly asn: number;
  readonly connectedAtMs: number;
  /** Its place among those that are held; -1 before the handshake is complete. */
  slot = -1;
  heldSinceMs = Infinity;
  /** When the last bytes came. */
  heardAtMs: number;
  pingMs = -1;
  /** Addresses that it told, and those that were its own. */
  addressCount = 0;
  selfCount = 0;
  readonly #host: HeldPeerHost;
  #pingNonce = 0n;
  #pingSentAtMs = -1;

  constructor(host: HeldPeerHost, transport: Transport, start: HeldPeerStart) {
    super(host, transport);
    this.#host = host;
    this.nodeId = start.nodeId;
    this.row = start.row;
    this.network = start.network;
    this.asn = start.asn;
    this.connectedAtMs = start.connectedAtMs;
    this.heardAtMs = start.connectedAtMs;
  }

  /** Whether a `ping` waits for its answer. */
  get isPingOpen(): boolean {
    return this.#pingSentAtMs >= 0;
  }

  /** Measures the round trip. */
  ping(nowMs: number): void {
    this.#pingNonce += 1n;
    this.#pingSentAtMs = nowMs;
    this.say(encodeMessage({ type: 'ping', nonce: this.#pingNonce }));
    this.flush();
  }

  protected override transmit(bytes: Uint8Array): void {
    this.#host.transmit(this, bytes);
  }

  protected override afterVerack(): readonly EncodedMessage[] {
    return [GETADDR];
  }

  protected override handshakeCompleted(nowMs: number): void {
    this.#host.handshakeCompleted(this, nowMs);
  }

  protected override gotMessage(type: string, payload: Uint8Array, nowMs: number): void {
    if (type === 'inv') this.#host.inventory(this, payload, nowMs);
    else if (type === 'addrv2') this.#host.gossip(this, true, payload);
    else if (type === 'addr') this.#host.gossip(this, false, payload);
    else if (type === 'pong') this.#takePong(payload, nowMs);
  }

  #takePong(payload: Uint8Array, nowMs: number): void {
    if (this.#pingSentAtMs < 0 || payload.length < 8) return;
    const nonce = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0, true);
    if (nonce !== this.#pingNonce) return;
    this.pingMs = nowMs - this.#pingSentAtMs;
    this.#pingSentAtMs = -1;
  }
}
