// The peer manager: what is said on the connections of a `Connman`. (Bitcoin Core src/net_processing.cpp, PeerManagerImpl)
//
// It makes a decent peer: handshake and negotiation, pings, gossip of addresses, the consequences of bad behaviour. It
// validates no blocks and no transactions; whoever does is reached through hooks. It has no sockets and no timers: whatever
// is due is done when `Connman` calls, at least every 100 ms for each peer.

import type { NetEvents, NodeStateStats, PeerNetwork } from '../connman/net-events.ts';
import type { P2PNode } from '../connman/peer.ts';
import type { Message } from '../p2p/messages/registry.ts';
import type { ReceivedMessage } from '../p2p/transport/transport.ts';
import { systemClock } from '../util/clock.ts';
import { Emitter } from '../util/emitter.ts';
import { DecodeError, shown } from '../util/errors.ts';
import { silentLogger } from '../util/logger.ts';
import { createSecureRandom } from '../util/random.ts';
import { maybeSendAddresses } from './address-gossip.ts';
import { PeerContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import type { PeerManagerEvents } from './events.ts';
import { maybeSendFeeFilter } from './fee-filter.ts';
import { sendVersion } from './handshake.ts';
import { actOnMisbehaviour } from './misbehaviour.ts';
import { resolveSettings } from './options.ts';
import type { PeerManagerOptions } from './options.ts';
import { PeerState } from './peer-state.ts';
import { maybeSendPing } from './ping.ts';
import { statsOf } from './statistics.ts';

/** An addr-fetch connection that did not answer by now ends, in milliseconds. (Core: ten mean times between gossip) */
const ADDR_FETCH_TIMEOUT_MS = 300_000;

/**
 * Keeps the conversation with every peer going.
 *
 * @example
 * const peerManager = new PeerManager({ ignoreIncomingTxs: false });
 * const connman = new Connman(peerManager, { connect: ['127.0.0.1:8333'] });
 * peerManager.attach(connman);
 * peerManager.on('message:inv', ({ nodeId, message }) => console.log(nodeId, message.items.length));
 * await connman.start();
 */
export class PeerManager implements NetEvents {
  readonly #context: PeerContext;

  constructor(options: PeerManagerOptions = {}) {
    const logger = options.logger ?? silentLogger;
    const onListenerError =
      options.onListenerError ?? ((error, name) => logger.error(`listener of ${name} threw ${shown(error)}`));
    this.#context = new PeerContext({
      addressBook: options.addressBook,
      bans: options.banMan,
      clock: options.clock ?? systemClock,
      random: options.random ?? createSecureRandom(),
      logger,
      hooks: options.hooks ?? {},
      settings: resolveSettings(options),
      events: new Emitter(onListenerError),
    });
  }

  /**
   * Says what to talk through. Once, before the network starts.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: called before.
   */
  attach(network: PeerNetwork): void {
    this.#context.attach(network);
  }

  /**
   * Adds a listener; see `PeerManagerEvents`.
   *
   * @returns Removes it again.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a function.
   */
  on<Name extends keyof PeerManagerEvents>(name: Name, listener: (event: PeerManagerEvents[Name]) => void): () => void {
    return this.#context.events.on(name, listener);
  }

  // ---- What an embedder tells and asks ------------------------------------------------------------------------------

  /**
   * Sends a message to a peer.
   *
   * @returns Whether it was queued: false before the peer's `verack`, and when the peer is gone or about to be.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a field cannot be written, or
   *   breaks a limit for which the receiver would punish us.
   */
  send(nodeId: number, message: Message): boolean {
    const peer = this.#context.peers.get(nodeId);
    if (peer === undefined || !peer.node.isSuccessfullyConnected || peer.node.isMarkedForDisconnect) return false;
    this.#context.send(peer, message);
    return true;
  }

  /** Pings every peer as soon as may be. */
  sendPings(): void {
    for (const { ping } of this.#context.peers.values()) ping.isQueued = true;
  }

  /** Tells our best block: it is shown to peers, and decides whether pruned ones will do. */
  setBestBlock(height: number, timeSeconds: number): void {
    this.#context.bestHeight = height;
    this.#context.bestBlockTimeSeconds = timeSeconds;
  }

  /** Reports that a peer was the first to give us a block that we kept. Protects it from eviction. */
  noteNovelBlock(nodeId: number): void {
    const node = this.#context.peers.get(nodeId)?.node;
    if (node !== undefined) node.lastBlockTimeSeconds = this.#context.nowSeconds();
  }

  /** Reports that a peer was the first to give us a transaction that we kept. Protects it from eviction. */
  noteNovelTx(nodeId: number): void {
    const node = this.#context.peers.get(nodeId)?.node;
    if (node !== undefined) node.lastTxTimeSeconds = this.#context.nowSeconds();
  }

  /**
   * Reports that a peer broke the rules of something that is not judged here: it is disconnected and discouraged, unless
   * the user vouched for it.
   *
   * @param reason - One line for the log, without text from the peer.
   */
  misbehaving(nodeId: number, reason: string): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer !== undefined) this.#context.misbehaving(peer, reason);
  }

  /** The median of how far the clocks of peers that we dialed are ahead of ours, in seconds; 0 with fewer than five. */
  get timeOffsetSeconds(): number {
    return this.#context.clockOffset.medianSeconds();
  }

  /** Whether our clock is so far from those of others that the user should look at it. */
  get isClockSuspicious(): boolean {
    return this.#context.clockOffset.isSuspicious();
  }

  /** Whether peers are told to send no transactions. */
  get ignoresIncomingTxs(): boolean {
    return this.#context.settings.ignoresIncomingTxs;
  }

  // ---- NetEvents ----------------------------------------------------------------------------------------------------

  initializeNode(node: P2PNode, ourServices: bigint): void {
    const peer = new PeerState(node, ourServices, this.#context.clock.wallTimeMs());
    this.#context.peers.set(node.id, peer);
  }

  finalizeNode(node: P2PNode): void {
    const { peers, addressBook, events, hooks } = this.#context;
    if (!peers.delete(node.id)) return;
    const wasUseful = node.isSuccessfullyConnected && !node.isInbound;
    if (wasUseful && !node.isBlockRelay && !node.isPrivateBroadcast) addressBook?.connected(node.addr);
    events.emit('peerGone', { nodeId: node.id, node });
    this.#guarded(node, 'onPeerGone', () => hooks.onPeerGone?.(node.id));
  }

  hasAllDesirableServiceFlags(services: bigint): boolean {
    return this.#context.hasDesiredServices(services);
  }

  processMessages(node: P2PNode, interrupt: AbortSignal): boolean {
    const peer = this.#context.peers.get(node.id);
    if (peer === undefined) return false;
    // Our introduction comes first, however early the peer talks.
    if (!node.isInbound && !peer.isVersionSent) return false;
    if (node.isMarkedForDisconnect || node.isSendPaused) return false;
    const polled = this.#context.network.pollMessage(node);
    if (polled === undefined) return false;
    this.#process(peer, polled.message);
    return !interrupt.aborted && polled.hasMore;
  }

  sendMessages(node: P2PNode): void {
    const peer = this.#context.peers.get(node.id);
    if (peer === undefined) return;
    actOnMisbehaviour(this.#context, peer);
    if (node.isMarkedForDisconnect) return;
    if (!node.isInbound && !peer.isVersionSent) sendVersion(this.#context, peer);
    if (node.isSuccessfullyConnected) this.#guarded(node, 'periodic messages', () => this.#sendDue(peer));
  }

  getNodeStateStats(nodeId: number): NodeStateStats | undefined {
    const peer = this.#context.peers.get(nodeId);
    return peer === undefined ? undefined : statsOf(peer, this.#context.clock.wallTimeMs());
  }

  // ---- Inside -------------------------------------------------------------------------------------------------------

  #process(peer: PeerState, message: ReceivedMessage): void {
    try {
      dispatch(this.#context, peer, message);
    } catch (error) {
      const { logger } = this.#context;
      const what = `${shown(message.type)} of peer ${peer.node.id} (${message.payload.length} bytes)`;
      if (error instanceof DecodeError) logger.debug(`dropped ${what}: ${error.message}`);
      else logger.error(`dropped ${what}: ${shown(error)}`);
    }
  }

  #sendDue(peer: PeerState): void {
    const { node } = peer;
    const nowMs = this.#context.clock.wallTimeMs();
    if (node.isAddrFetch && nowMs > node.connectedAtMs + ADDR_FETCH_TIMEOUT_MS) {
      return node.disconnect('addr-fetch: no answer');
    }
    maybeSendPing(this.#context, peer);
    if (node.isMarkedForDisconnect) return;
    maybeSendAddresses(this.#context, peer);
    maybeSendFeeFilter(this.#context, peer);
  }

  /** Runs what may call a hook: what one throws harms nothing else. */
  #guarded(node: P2PNode, what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#context.logger.error(`${what} of peer ${node.id}: ${shown(error)}`);
    }
  }
}
