// Bytes between sockets and transports: sending, receiving, and when either pauses.
//
// Memory is bounded in both directions, by pausing and never by dropping. Received bytes wait, unread, until the node is visited;
// when too much waits its socket is no longer read, and the peer's bytes stay in its own kernel. Messages to send wait in the
// send queue; when too much waits nothing more of that peer is processed, so it gets no more answers until it reads the ones
// it has. The limits of a peer and the budget of all peers say how much is too much. (Bitcoin Core
// src/net.cpp, SocketSendData, PushMessage, ReceiveMsgBytes, which reads messages at once)

import { OTHER_MESSAGE_TYPE, isMessageType } from '../../p2p/messages/message-types.ts';
import { requireSendable } from '../../p2p/transport/outbound-message.ts';
import type { ReceivedMessage } from '../../p2p/transport/transport.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { Emitter } from '../../util/emitter.ts';
import { releaseMemory } from '../../util/memory/release-memory.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { ConnmanEvents } from '../contract/events.ts';
import type { PolledMessage } from '../contract/net-events.ts';
import { markAndClose } from '../node/mark-and-close.ts';
import type { P2PNode } from '../node/peer.ts';
import type { MessagePump } from './message-pump.ts';
import { MessageTally } from './message-tally.ts';
import type { UploadTarget } from './upload-target.ts';

/** Types sent on a private-broadcast connection: any other would reveal something about us. */
const SENT_PRIVATELY: ReadonlySet<string> = new Set(['version', 'verack', 'inv', 'tx', 'ping']);

/** Most bytes of one node that are read in one step, so that a slice of the pump is not much longer for it. */
const MAX_STEP_BYTES = 262_144;

/** Most messages of one node that are dropped in one step: each took a checksum. */
const MAX_STEP_REJECTS = 16;

/** What `Wire` depends on. */
export interface WireParts {
  readonly sockets: Pick<SockMan, 'sendBytes' | 'errmsgOf' | 'wake' | 'closeConnection'>;
  readonly pump: Pick<MessagePump, 'wake'>;
  readonly uploadTarget: Pick<UploadTarget, 'count'>;
  readonly events: Pick<Emitter<ConnmanEvents>, 'emit'>;
  readonly clock: Clock;
}

/** Moves bytes between sockets and transports, for all nodes of a `Connman`. */
export class Wire {
  totalSentBytes = 0;
  totalReceivedBytes = 0;
  /** Messages of all nodes, including those that are gone. */
  readonly sent = new MessageTally();
  readonly received = new MessageTally();
  readonly #sockets: WireParts['sockets'];
  readonly #pump: WireParts['pump'];
  readonly #uploadTarget: WireParts['uploadTarget'];
  readonly #events: WireParts['events'];
  readonly #clock: Clock;

  constructor({ sockets, pump, uploadTarget, events, clock }: WireParts) {
    this.#sockets = sockets;
    this.#pump = pump;
    this.#uploadTarget = uploadTarget;
    this.#events = events;
    this.#clock = clock;
  }

  // ---- Sending ------------------------------------------------------------------------------------------------------

  /** @see PeerNetwork.pushMessage */
  push(node: P2PNode, type: string, payload: Uint8Array, maxBytes?: number): void {
    const message = { type, payload, maxBytes };
    requireSendable(message);
    if (node.isPrivateBroadcast && !SENT_PRIVATELY.has(type)) return;
    this.#events.emit('outboundMessage', { node, message });
    this.sent.of(type).messages++;
    const { toSend, more } = node.transport.getBytesToSend(true);
    const isIdle = toSend.length === 0 && node.sendQueue.length === 0;
    node.sendQueue.push(message);
    node.bookSendMemory();
    // Optimistic: if nothing waits before it, a small answer need not wait for a turn. `more` says whether the transport
    // could take a message now; V2 cannot before it has its keys.
    if (isIdle && more) this.send(node);
  }

  /**
   * Hands bytes to the kernel.
   *
   * @returns True if it took some but not all: a peer that is slow to read is then not read from either, or it could make us
   * produce answers without end. Without progress the answer is false: otherwise two nodes full of unsent data would wait for
   * each other for ever.
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
      const sent = this.#sockets.sendBytes(node.id, toSend, more);
      if (sent < 0) markAndClose(this.#sockets, node, `send failed: ${this.#sockets.errmsgOf(sent)}`);
      if (sent <= 0) break;
      transport.markBytesSent(sent);
      sentBytes += sent;
      if (messageType !== '') {
        node.countSent(messageType, sent);
        this.sent.of(messageType).bytes += sent;
      }
      if (sent < toSend.length) break;
    }
    if (sentBytes > 0) this.#countSent(node, sentBytes);
    const wasPaused = node.isSendPaused;
    node.bookSendMemory();
    if (wasPaused && !node.isSendPaused) this.#pump.wake(node);
    return sentBytes > 0 && isDataLeft;
  }

  #countSent(node: P2PNode, bytes: number): void {
    node.lastSendMs = this.#clock.wallTimeMs();
    node.sentBytes += bytes;
    this.totalSentBytes += bytes;
    this.#uploadTarget.count(bytes);
  }

  // ---- Receiving ----------------------------------------------------------------------------------------------------

  /** Stores received bytes, lent for the call, until the node is visited. */
  receive(node: P2PNode, data: Uint8Array): void {
    if (node.isMarkedForDisconnect) return;
    const nowMs = this.#clock.wallTimeMs();
    node.lastReceiveMs = nowMs;
    node.receivedBytes += data.length;
    this.totalReceivedBytes += data.length;
    const read = isDetecting(node) ? this.#shakeHands(node, data, nowMs) : 0;
    if (read < data.length) node.received.append(read === 0 ? data : data.subarray(read), nowMs);
    if (!node.isMarkedForDisconnect) this.#pump.wake(node);
  }

  /** Passes the first bytes of a connection to its transport at once: it may have to answer before there is a message. */
  #shakeHands(node: P2PNode, data: Uint8Array, nowMs: number): number {
    const { transport } = node;
    let offset = 0;
    while (offset < data.length && isDetecting(node) && !transport.receivedMessageComplete()) {
      const taken = transport.receivedBytes(data, offset);
      if (typeof taken !== 'number') {
        markAndClose(this.#sockets, node, taken.reason);
        return data.length;
      }
      offset += taken;
    }
    node.received.noteRead(nowMs);
    // It may now also take queued messages.
    if (hasBytesToSend(node)) this.#sockets.wake(node.id);
    return offset;
  }

  /**
   * Reads the next message from the stored bytes. It takes at most one step: a long message that came in pieces, and
   * messages to be dropped, take several, one a visit.
   *
   * @see PeerNetwork.pollMessage
   */
  poll(node: P2PNode): PolledMessage | undefined {
    const { received, transport } = node;
    let leftBytes = MAX_STEP_BYTES;
    let leftRejects = MAX_STEP_REJECTS;
    for (;;) {
      if (transport.receivedMessageComplete()) {
        const message = this.#takeMessage(node);
        if (message !== undefined) return { message, hasMore: !received.isEmpty };
        if (--leftRejects === 0) break;
      } else {
        if (received.isEmpty || leftBytes <= 0) break;
        const taken = transport.receivedBytes(received.bytes, received.offset);
        if (typeof taken !== 'number') {
          markAndClose(this.#sockets, node, taken.reason);
          return undefined;
        }
        received.skip(taken);
        leftBytes -= taken;
      }
    }
    received.pin(transport.getReceiveMemoryUsage());
    if (!received.isEmpty) this.#pump.wake(node);
    return undefined;
  }

  /** Takes the complete message; undefined if it is dropped. */
  #takeMessage(node: P2PNode): ReceivedMessage | undefined {
    const { received, transport } = node;
    const message = transport.getReceivedMessage(received.readTimeMs);
    const isRejected = message.rejectReason !== undefined;
    const type = !isRejected && isMessageType(message.type) ? message.type : OTHER_MESSAGE_TYPE;
    node.countReceived(type, message.rawBytes);
    const tally = this.received.of(type);
    tally.messages++;
    tally.bytes += message.rawBytes;
    if (isRejected && !this.#events.emit('rejectedMessage', { node, message })) releaseMemory(message.payload);
    // A message stays in the account until the next one is requested: by then it was processed.
    received.pin(isRejected ? 0 : message.payload.length);
    return isRejected ? undefined : message;
  }
}

/** Whether the transport is not ready for messages. */
function isDetecting({ transport }: P2PNode): boolean {
  return transport.getInfo().transportType === 'detecting';
}

/** Whether there is something for the kernel, or will be once the transport took the next message. */
function hasBytesToSend({ transport, sendQueue }: P2PNode): boolean {
  const { toSend, more } = transport.getBytesToSend(sendQueue.length > 0);
  return toSend.length > 0 || more;
}
