// Bytes between sockets and transports: sending, receiving, and when either pauses.
//
// Memory per peer is bounded in both directions, by pausing and never by dropping. Received messages wait in the node's
// process queue; above the flood limit its socket is no longer read, and the peer's bytes stay in its own kernel. Messages to
// send wait in the send queue; above the send limit nothing more of that peer is processed, so it gets no more answers
// until it reads the ones it has. (Bitcoin Core src/net.cpp, SocketSendData, PushMessage, ReceiveMsgBytes)

import { OTHER_MESSAGE_TYPE, isMessageType } from '../../p2p/messages/message-types.ts';
import { requireSendable } from '../../p2p/transport/outbound-message.ts';
import type { OutboundMessage } from '../../p2p/transport/transport.ts';
import type { Clock } from '../../util/clock.ts';
import type { PolledMessage } from '../contract/net-events.ts';
import type { P2PNode } from '../node/peer.ts';

/** What may be sent on a private-broadcast connection: anything else would tell the peer something about us. */
const PRIVATE_BROADCAST_TYPES: ReadonlySet<string> = new Set(['version', 'verack', 'inv', 'tx', 'ping']);

/** What `Traffic` needs around it. */
export interface TrafficHost {
  /** The methods of `SockMan`. */
  sendBytes(nodeId: number, data: Uint8Array, willSendMore: boolean): number;
  errmsgOf(result: number): string;
  wake(nodeId: number): boolean;
  /** Marks the node, and closes its socket now. */
  markAndClose(node: P2PNode, reason: string): void;
  wakeMessageHandler(node: P2PNode): void;
  /** Bytes went out, to whomever. */
  countUpload(bytes: number): void;
  noteOutboundMessage(node: P2PNode, message: OutboundMessage): void;
}

/** Moves bytes. One for all nodes of a `Connman`. */
export class Traffic {
  totalSentBytes = 0;
  totalReceivedBytes = 0;
  readonly #host: TrafficHost;
  readonly #clock: Clock;

  constructor(host: TrafficHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  // ---- Sending ------------------------------------------------------------------------------------------------------

  /** @see PeerNetwork.pushMessage */
  push(node: P2PNode, type: string, payload: Uint8Array): void {
    const message = { type, payload };
    requireSendable(message);
    if (node.isPrivateBroadcast && !PRIVATE_BROADCAST_TYPES.has(type)) return;
    this.#host.noteOutboundMessage(node, message);
    const { toSend, more } = node.transport.getBytesToSend(true);
    const isIdle = toSend.length === 0 && node.sendQueue.length === 0;
    node.sendQueue.push(message);
    node.isSendPaused = node.sendMemoryBytes > node.maxSendBufferBytes;
    // Optimistic: with nothing before it, a small answer need not wait for a turn. `more` says whether the transport could
    // take a message now; V2 cannot before it has its keys.
    if (isIdle && more) this.send(node);
  }

  /**
   * Hands to the kernel what it takes.
   *
   * @returns True when it took something and not all: whoever is slow to read is not read from either, or it could make us
   *   produce answers without end. Without progress the answer is false: two nodes both full of unsent data would
   *   otherwise wait for each other for ever.
   */
  send(node: P2PNode): boolean {
    const { sendQueue, transport } = node;
    let sentBytes = 0;
    let isDataLeft: boolean;
    for (;;) {
      const next = sendQueue.first;
      if (next !== undefined && transport.setMessageToSend(next)) sendQueue.shift();
      const { toSend, more, messageType } = transport.getBytesToSend(sendQueue.length > 0);
      isDataLeft = toSend.length > 0;
      if (!isDataLeft) break;
      const sent = this.#host.sendBytes(node.id, toSend, more);
      if (sent < 0) this.#host.markAndClose(node, `send failed: ${this.#host.errmsgOf(sent)}`);
      if (sent <= 0) break;
      transport.markBytesSent(sent);
      sentBytes += sent;
      if (messageType !== '') count(node.sentBytesByType, messageType, sent);
      if (sent < toSend.length) break;
    }
    if (sentBytes > 0) this.#countSent(node, sentBytes);
    const wasPaused = node.isSendPaused;
    node.isSendPaused = node.sendMemoryBytes > node.maxSendBufferBytes;
    if (wasPaused && !node.isSendPaused) this.#host.wakeMessageHandler(node);
    return sentBytes > 0 && isDataLeft;
  }

  #countSent(node: P2PNode, bytes: number): void {
    node.lastSendMs = this.#clock.wallTimeMs();
    node.sentBytes += bytes;
    this.totalSentBytes += bytes;
    this.#host.countUpload(bytes);
  }

  // ---- Receiving ----------------------------------------------------------------------------------------------------

  /** Takes received bytes, lent for the call. Messages that they complete wait to be processed. */
  receive(node: P2PNode, data: Uint8Array): void {
    const { transport } = node;
    const nowMs = this.#clock.wallTimeMs();
    node.lastReceiveMs = nowMs;
    node.receivedBytes += data.length;
    this.totalReceivedBytes += data.length;
    let hasMessages = false;
    for (let offset = 0; offset < data.length;) {
      const taken = transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') return this.#host.markAndClose(node, taken.reason);
      offset += taken;
      if (!transport.receivedMessageComplete()) continue;
      const message = transport.getReceivedMessage(nowMs);
      const isRejected = message.rejectReason !== undefined;
      const isCountedApart = !isRejected && isMessageType(message.type);
      count(node.receivedBytesByType, isCountedApart ? message.type : OTHER_MESSAGE_TYPE, message.rawBytes);
      if (isRejected) continue;
      node.processQueue.push(message);
      hasMessages = true;
    }
    if (hasMessages) this.#host.wakeMessageHandler(node);
    // During its handshake a transport has bytes of its own to send in answer, and may be able to take what was queued.
    if (!node.isSuccessfullyConnected && hasBytesToSend(node)) this.#host.wake(node.id);
  }

  /** @see PeerNetwork.pollMessage */
  poll(node: P2PNode): PolledMessage | undefined {
    const wasPaused = node.isReceivePaused;
    const message = node.processQueue.shift();
    if (message === undefined) return undefined;
    if (wasPaused && !node.isReceivePaused) this.#host.wake(node.id);
    return { message, hasMore: node.processQueue.length > 0 };
  }
}

/** Whether there is something to hand to the kernel, or will be once the transport took the next message. */
function hasBytesToSend({ transport, sendQueue }: P2PNode): boolean {
  const { toSend, more } = transport.getBytesToSend(sendQueue.length > 0);
  return toSend.length > 0 || more;
}

function count(bytesByType: Map<string, number>, type: string, bytes: number): void {
  bytesByType.set(type, (bytesByType.get(type) ?? 0) + bytes);
}
