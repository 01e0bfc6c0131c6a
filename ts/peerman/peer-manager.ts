// The peer manager: the conversation on the connections of a `Connman`. (Bitcoin Core src/net_processing.cpp,
// PeerManagerImpl)
//
// It makes a decent peer: handshake and negotiation, pings, gossip of addresses, the consequences of bad behaviour. It
// validates no blocks and no transactions: code that does is reached through hooks. It has no sockets and no timers: what is
// due is done when `Connman` calls, for each peer every 100 ms or as late as was agreed the last time (`next-due.ts`).

import type { NetEvents, NetworkStateStats, NodeStateStats, PeerNetwork } from '../connman/contract/net-events.ts';
import type { P2PNode } from '../connman/node/peer.ts';
import { COMPACT_BLOCK_VERSION } from '../p2p/messages/compact-blocks.ts';
import { requireHash } from '../p2p/messages/codec.ts';
import type { Message } from '../p2p/messages/registry.ts';
import { MAX_TRANSPORT_PAYLOAD_BYTES, requireSendablePayload } from '../p2p/transport/outbound-message.ts';
import { SockManError, outOfRange } from '../util/errors/errors.ts';
import type { BloomFilter } from './contract/bloom-filter.ts';
import { CLOCK_WARNING } from './state/clock-offset.ts';
import type { PeerManagerCounts } from './state/counts.ts';
import { PeerContext } from './state/peer-context.ts';
import { DueTasks } from './due-tasks.ts';
import type { PeerManagerEvents } from './contract/events.ts';
import { maybeSendGetHeaders } from './chain/headers-sync.ts';
import type { PeerManagerOptions } from './contract/options.ts';
import { PeerState } from './state/peer-state.ts';
import type { PrivateTransaction } from './transactions/private-broadcast.ts';
import { statsOf } from './statistics.ts';
import { quietMs } from './next-due.ts';
import { logDropped, processNext, sendDue } from './visit.ts';
import { isToldAtOnce } from './transactions/tx-relay.ts';
import type { TxAnnouncement } from './contract/announcements.ts';
import { Transactions } from './transactions/transactions.ts';

/**
 * Talks to every peer.
 *
 * @example
 * const peerManager = new PeerManager({ ignoreIncomingTxs: false });
 * const connman = new Connman({ connect: ['127.0.0.1:8333'] });
 * peerManager.on('message:inv', ({ nodeId, message }) => console.log(nodeId, message.items.length));
 * await connman.start(peerManager);
 */
export class PeerManager implements NetEvents {
  readonly #context: PeerContext;
  readonly #transactions: Transactions;
  readonly #tasks: DueTasks;

  /**
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an option, or a hook, is of another type.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: an option is out of its range.
   */
  constructor(options: PeerManagerOptions = {}) {
    this.#context = new PeerContext(options);
    this.#transactions = new Transactions(this.#context);
    this.#tasks = new DueTasks(this.#context, this.#transactions.privateBroadcast);
  }

  /**
   * Adds a listener; see `PeerManagerEvents`.
   *
   * @returns A function that removes it.
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
    const peer = this.#readyPeer(nodeId);
    if (peer === undefined) return false;
    if (message.type === 'sendcmpct' && message.version === COMPACT_BLOCK_VERSION) {
      peer.node.isBip152HighBandwidthTo = message.announce === 1;
    }
    this.#context.send(peer, message);
    return true;
  }

  /**
   * Sends arbitrary bytes as a message of any type: for tests, and for protocols of one's own.
   *
   * @param type - 1 to 12 printable characters.
   * @param payload - Sent as it is; only its length is checked. A peer disconnects for more than 4,000,000 bytes (V2:
   * 4,000,012).
   * @returns As `send`.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: no transport could send it.
   */
  sendRaw(nodeId: number, type: string, payload: Uint8Array): boolean {
    const peer = this.#readyPeer(nodeId);
    if (peer !== undefined) this.#context.network.pushMessage(peer.node, type, payload, MAX_TRANSPORT_PAYLOAD_BYTES);
    return peer !== undefined;
  }

  /** Pings every peer as soon as possible. */
  sendPings(): void {
    const { peers } = this.#context;
    for (const { ping } of peers.values()) ping.isQueued = true;
    if (peers.size > 0) this.#context.network.wakeMessageHandler();
  }

  /**
   * Sets our best block, at the start and whenever it changes: peers are told its height, and the choice of peers depends on
   * it.
   *
   * @param height - -1..2^31 - 1; -1 without a chain.
   * @param timeSeconds - Its time, from the header: 0..2^32 - 1.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: either is not an integer in its range.
   */
  setBestBlock(height: number, timeSeconds: number): void {
    if ((height | 0) !== height || height < -1) throw outOfRange('height', 'an integer -1..2^31-1', height);
    if (timeSeconds >>> 0 !== timeSeconds) throw outOfRange('timeSeconds', 'an integer 0..2^32-1', timeSeconds);
    this.#context.bestHeight = height;
    this.#context.bestBlockTimeSeconds = timeSeconds;
    this.#context.lastTipUpdateMs = this.#context.clock.wallTimeMs();
  }

  /**
   * Announces a transaction to every peer that wants it, to each at its own time.
   *
   * @param transaction - Kept until the last peer was told.
   * @returns Its number; see `PeerHooks.getTx`.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: one of its hashes is not 32 bytes.
   */
  announceTx(transaction: TxAnnouncement): number {
    requireHash('txid', transaction.txid);
    requireHash('wtxid', transaction.wtxid);
    for (const { txRelay, node } of this.#context.peers.values()) {
      // Before the first visit after the handshake nothing is queued: it would reveal when we learned of the transaction.
      if (!node.isSuccessfullyConnected || txRelay === undefined || txRelay.nextInvMs === 0) continue;
      txRelay.queue(transaction);
      if (isToldAtOnce(node)) this.#context.network.wakeMessageHandler(node);
    }
    return this.#context.nextTxSequence++;
  }

  /**
   * Asks a peer for headers, unless it was asked less than two minutes ago and did not answer.
   *
   * @param locator - At most 101 hashes of blocks that we have, from new to old.
   * @returns Whether it was asked.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE` or {TypeError} `ERR_SOCKMAN_INVALID_ARG`: more than 101, or no hashes.
   */
  requestHeaders(nodeId: number, locator: readonly Uint8Array[]): boolean {
    const peer = this.#readyPeer(nodeId);
    return peer !== undefined && maybeSendGetHeaders(this.#context, peer, locator);
  }

  /** Whether headers are being synced from a peer. */
  isSyncingHeaders(nodeId: number): boolean {
    return this.#context.peers.get(nodeId)?.chain.isSyncing === true;
  }

  /** Reports that headers of a peer connect to known ones: it may be asked for more at once. */
  noteHeadersConnected(nodeId: number): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer !== undefined) peer.chain.lastGetHeadersMs = 0;
  }

  /** Reports that a peer announced a new block. Without such reports all peers rank equally. */
  noteBlockAnnouncement(nodeId: number, timeSeconds: number): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer !== undefined) peer.chain.lastBlockAnnouncementSeconds = timeSeconds;
  }

  /** Reports that a peer was the first to send a block that was kept. Protects it from eviction. */
  noteNovelBlock(nodeId: number): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer !== undefined) peer.node.lastBlockTimeSeconds = this.#context.nowSeconds();
  }

  /** Reports that a peer was the first to send a transaction that was kept. Protects it from eviction. */
  noteNovelTx(nodeId: number): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer !== undefined) peer.node.lastTxTimeSeconds = this.#context.nowSeconds();
  }

  /**
   * Reports that a peer broke a rule that the embedder judges: it is disconnected and discouraged, unless the user vouched
   * for it.
   *
   * @param reason - One line for the log, without text from the peer.
   */
  misbehaving(nodeId: number, reason: string): void {
    const peer = this.#context.peers.get(nodeId);
    if (peer === undefined) return;
    this.#context.misbehaving(peer, reason);
    this.#context.network.wakeMessageHandler(peer.node);
  }

  /** Counts over all peers; the object goes on counting. For metrics. */
  get counts(): Readonly<PeerManagerCounts> {
    return this.#context.counts;
  }

  /** The median offset of the clocks of peers that we dialed, in seconds ahead of ours; 0 with fewer than five. */
  get timeOffsetSeconds(): number {
    return this.#context.clockOffset.medianSeconds();
  }

  /** Whether our clock differs so much from others that the user should check it. */
  get isClockSuspicious(): boolean {
    return this.#context.clockOffset.isSuspicious();
  }

  /** Whether peers are told to send no transactions. */
  get ignoresIncomingTxs(): boolean {
    return this.#context.settings.ignoresIncomingTxs;
  }

  /** The bloom filter that a peer set; undefined without one. (BIP 37) */
  bloomFilter(nodeId: number): BloomFilter | undefined {
    return this.#context.peers.get(nodeId)?.txRelay?.bloomFilter;
  }

  #readyPeer(nodeId: number): PeerState | undefined {
    const peer = this.#context.peers.get(nodeId);
    const isReady = peer?.node.isSuccessfullyConnected === true && !peer.node.isMarkedForDisconnect;
    return isReady ? peer : undefined;
  }

  // ---- Private broadcast --------------------------------------------------------------------------------------------

  /**
   * Sends a transaction to three peers, through separate connections that reveal nothing about us. Try again later if it is
   * refused.
   *
   * @param bytes - The transaction with its witnesses. Kept.
   * @returns `known` if it is on its way already; `full` if 1,000 others are; `unreachable` while there is no way to Tor and
   *   none to I2P, as before Tor's control port has named its proxy.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: it is not a transaction.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not bytes.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: more than fit into a message.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: the option `privateBroadcast` is off.
   */
  initiateTxBroadcastPrivate(bytes: Uint8Array): 'added' | 'known' | 'full' | 'unreachable' {
    if (!this.#context.settings.broadcastsPrivately) {
      throw new SockManError('ERR_SOCKMAN_STATE', 'the option privateBroadcast is off');
    }
    requireSendablePayload(bytes);
    const { network } = this.#context;
    if (!network.isReachable('onion') && !network.isReachable('i2p')) return 'unreachable';
    return this.#transactions.privateBroadcast.add(bytes);
  }

  /**
   * Stops broadcasting a transaction.
   *
   * @param id - Its txid or wtxid.
   * @returns The dropped ones: transactions that differ in their witnesses share a txid.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not 32 bytes.
   */
  abortPrivateBroadcast(id: Uint8Array): PrivateTransaction[] {
    requireHash('id', id);
    return this.#transactions.privateBroadcast.abort(id);
  }

  /** The transactions that are being broadcast privately, with the peers that got them. */
  get privateBroadcasts(): readonly PrivateTransaction[] {
    return this.#transactions.privateBroadcast.transactions;
  }

  /**
   * Runs due tasks over all peers: stale tip, extra peers, retried broadcasts. `sendMessages` calls it; while there are no
   * peers, others must.
   */
  runDueTasks(): void {
    this.#tasks.run();
  }

  /**
   * Makes the tasks over all peers as early as if this much time had passed, and runs those that are due then. Nothing else
   * changes. For tests. (Core's RPC `mockscheduler`)
   *
   * @param ms - 0 or more.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: less, or not a number.
   */
  skipTaskTime(ms: number): void {
    if (!(ms >= 0 && ms < Infinity)) throw outOfRange('ms', '0 or more', ms);
    this.#tasks.skip(ms);
  }

  // ---- NetEvents ----------------------------------------------------------------------------------------------------

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: it already serves another `Connman`. */
  attach(network: PeerNetwork): void {
    this.#context.attach(network);
  }

  initializeNode(node: P2PNode, ourServices: bigint): void {
    const peer = new PeerState(node, ourServices, this.#context.clock.wallTimeMs());
    this.#context.peers.set(node.id, peer);
  }

  finalizeNode(node: P2PNode): void {
    const { peers, addressBook, events, hooks } = this.#context;
    const peer = peers.get(node.id);
    if (peer === undefined) return;
    peers.delete(node.id);
    this.#context.chainCounts.release(peer.chain);
    this.#transactions.download?.notePeerGone(peer);
    const wasUseful = node.isSuccessfullyConnected && !node.isInbound;
    if (wasUseful && !node.isBlockRelay && !node.isPrivateBroadcast) addressBook?.connected(node.addr);
    if (node.isPrivateBroadcast) this.#transactions.privateBroadcast.finish(node.id);
    this.#context.logger.debug(`Cleared nodestate for peer=${node.id}`);
    events.emit('peerGone', { nodeId: node.id, node });
    try {
      hooks.onPeerGone?.(node.id);
    } catch (error) {
      logDropped(this.#context, peer, 'onPeerGone', error);
    }
  }

  hasAllDesirableServiceFlags(services: bigint): boolean {
    return this.#context.hasDesiredServices(services);
  }

  processMessages(node: P2PNode, interrupt: AbortSignal): boolean {
    const peer = this.#context.peers.get(node.id);
    return peer !== undefined && processNext(this.#context, this.#transactions, peer, interrupt);
  }

  sendMessages(node: P2PNode): number | undefined {
    this.runDueTasks();
    const peer = this.#context.peers.get(node.id);
    if (peer === undefined) return undefined;
    sendDue(this.#context, this.#transactions, peer);
    return quietMs(this.#context, this.#transactions, peer);
  }

  getNodeStateStats(nodeId: number): NodeStateStats | undefined {
    const peer = this.#context.peers.get(nodeId);
    return peer === undefined ? undefined : statsOf(this.#context, peer);
  }

  getNetworkStateStats(): NetworkStateStats {
    const { timeOffsetSeconds, ignoresIncomingTxs, isClockSuspicious } = this;
    const { minRelayFeeRate } = this.#context.settings;
    return {
      timeOffsetSeconds,
      ignoresIncomingTxs,
      minRelayFeeRateSatPerKvB: Number(minRelayFeeRate),
      warnings: isClockSuspicious ? [CLOCK_WARNING] : [],
    };
  }
}
