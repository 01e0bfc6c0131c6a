// A connection that is kept: a handshake, one request for addresses, and then mostly listening.

import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { OutboundMessage, Transport } from '../../p2p/transport/transport.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import { Conversation } from '../visit/conversation.ts';
import type { ConversationContext } from '../visit/conversation.ts';

/** A node gossips addresses only to inbound peers that have asked it for addresses. (Bitcoin Core, net_processing.cpp) */
const GETADDR = encodeMessage({ type: 'getaddr' });

/** Most bytes that may wait for a peer that does not read. */
const MAX_UNSENT_BYTES = 16_384;

/** Callbacks of held peers. */
export interface HeldPeerListener {
  handshakeCompleted(peer: HeldPeer, nowMs: number): void;
  /** An `inv`. The payload belongs to the callee. */
  gotInventory(peer: HeldPeer, payload: Uint8Array, nowMs: number): void;
  /** An `addr` or `addrv2`. The payload belongs to the callee. */
  gotAddresses(peer: HeldPeer, isV2: boolean, payload: Uint8Array): void;
}

/** Collaborators of a `HeldPeer`. */
export interface HeldPeerParts {
  readonly context: ConversationContext;
  readonly sockets: Pick<SockMan, 'queueBytes'>;
  readonly listener: HeldPeerListener;
}

/** What is known of a peer once it is connected. */
export interface HeldPeerStart {
  readonly nodeId: number;
  /** Its row in the frontier. */
  readonly row: number;
  /** The number of its network. */
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
  /** Its slot among the held peers; -1 before the handshake is complete. */
  slot = -1;
  heldSinceMs = Infinity;
  /** When the last bytes came. */
  heardAtMs: number;
  pingMs = -1;
  /** Addresses that it told, and how many of them were its own. */
  addressCount = 0;
  selfCount = 0;
  readonly #sockets: HeldPeerParts['sockets'];
  readonly #listener: HeldPeerListener;
  #pingNonce = 0n;
  #pingSentAtMs = -1;

  constructor({ context, sockets, listener }: HeldPeerParts, transport: Transport, start: HeldPeerStart) {
    super(context, transport);
    this.#sockets = sockets;
    this.#listener = listener;
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
    const waiting = this.#sockets.queueBytes(this.nodeId, bytes, { limitBytes: MAX_UNSENT_BYTES });
    if (waiting > MAX_UNSENT_BYTES / 2) this.ending = { outcome: 'protocol-error', code: 'never-reads' };
  }

  protected override afterVerack(): readonly OutboundMessage[] {
    return [GETADDR];
  }

  protected override handshakeCompleted(nowMs: number): void {
    this.#listener.handshakeCompleted(this, nowMs);
  }

  protected override gotMessage(type: string, payload: Uint8Array, nowMs: number): void {
    if (type === 'inv') this.#listener.gotInventory(this, payload, nowMs);
    else if (type === 'addrv2') this.#listener.gotAddresses(this, true, payload);
    else if (type === 'addr') this.#listener.gotAddresses(this, false, payload);
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
