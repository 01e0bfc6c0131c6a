// Fetching the transactions that peers announce: which announcements to track, and when to ask. Used if the embedder says
// which transactions it knows (`PeerHooks.isTxKnown`). (Bitcoin Core src/node/txdownloadman_impl.cpp)

import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import { InventoryType } from '../../p2p/messages/inventory.ts';
import type { TransactionIds } from '../../p2p/messages/transaction.ts';
import { Services } from '../../p2p/protocol.ts';
import type { PeerContext } from '../state/peer-context.ts';
import { peerShare } from '../state/peer-share.ts';
import type { PeerState } from '../state/peer-state.ts';
import { TxRequests } from './tx-requests.ts';

/** Tracked announcements of one peer; further ones are ignored. (Core MAX_PEER_TX_ANNOUNCEMENTS) */
export const MAX_PEER_TX_ANNOUNCEMENTS = 5_000;
/** Of very many peers each may have fewer, down to this. */
const MIN_PEER_TX_ANNOUNCEMENTS = 100;
/** Requests in flight at which a peer counts as overloaded. (Core MAX_PEER_TX_REQUEST_IN_FLIGHT) */
export const MAX_PEER_TX_IN_FLIGHT = 100;
/** Delays, in milliseconds, that add up: for peers that we did not choose, (Core NONPREF_PEER_TX_DELAY) */
const NONPREFERRED_DELAY_MS = 2_000;
/** for peers that announce by txid, which a changed witness can spoof, (Core TXID_RELAY_DELAY) */
const TXID_DELAY_MS = 2_000;
/** and for overloaded peers. (Core OVERLOADED_PEER_TX_DELAY) */
const OVERLOADED_DELAY_MS = 2_000;
/** Transactions requested in one message. (Core MAX_GETDATA_SZ) */
const MAX_GETDATA_ITEMS = 1_000;

export class TxDownload {
  readonly #context: PeerContext;
  readonly #isKnown: (item: InventoryItem) => boolean;
  readonly #requests: TxRequests;
  #wtxidPeerCount = 0;

  /** @param isKnown - The embedder's `isTxKnown`. */
  constructor(context: PeerContext, isKnown: (item: InventoryItem) => boolean) {
    this.#context = context;
    this.#isKnown = isKnown;
    this.#requests = new TxRequests(context.random);
  }

  /** Its handshake is done. */
  notePeerReady({ isWtxidRelay }: PeerState): void {
    if (isWtxidRelay) this.#wtxidPeerCount++;
  }

  notePeerGone({ isWtxidRelay, node }: PeerState): void {
    if (isWtxidRelay && node.isSuccessfullyConnected) this.#wtxidPeerCount--;
    this.#requests.removePeer(node.id);
  }

  /** A peer announced a transaction. @param item - In the negotiated form. */
  noteAnnounced({ node, isWtxidRelay, chain }: PeerState, item: InventoryItem): void {
    const isFree = node.hasPermission('relay');
    if (!isFree && this.#requests.countOf(node.id) >= maxAnnouncements(this.#context.peers.size)) return;
    if (this.#isKnown(item)) return;
    let delayMs = chain.isPreferredDownload ? 0 : NONPREFERRED_DELAY_MS;
    if (!isWtxidRelay && this.#wtxidPeerCount > 0) delayMs += TXID_DELAY_MS;
    const isOverloaded = !isFree && this.#requests.inFlightCountOf(node.id) >= MAX_PEER_TX_IN_FLIGHT;
    if (isOverloaded) delayMs += OVERLOADED_DELAY_MS;
    this.#requests.announce(node.id, item, chain.isPreferredDownload, this.#context.clock.now(), delayMs);
  }

  /** A peer sent a transaction, requested or not. Call it before the embedder judges the transaction. */
  noteReceived({ node }: PeerState, { txid, wtxid }: TransactionIds): void {
    this.#requests.noteAnswered(node.id, txid);
    this.#requests.noteAnswered(node.id, wtxid);
  }

  /** The embedder has judged a transaction. If it did not keep it, other peers may be asked: their witness may differ. */
  noteJudged({ txid, wtxid }: TransactionIds): void {
    if (this.#isKnown({ type: InventoryType.TX, hash: txid })) this.#requests.forget(txid);
    if (this.#isKnown({ type: InventoryType.WTX, hash: wtxid })) this.#requests.forget(wtxid);
  }

  /** A peer does not have a requested item. */
  noteMissing({ node }: PeerState, items: readonly InventoryItem[]): void {
    for (const { type, hash } of items) {
      const isTx = type === InventoryType.TX || type === InventoryType.WTX || type === InventoryType.WITNESS_TX;
      if (isTx) this.#requests.noteAnswered(node.id, hash);
    }
  }

  /** Whether a peer has announcements that may have to be requested at any moment. */
  isWaitingFor({ node }: PeerState): boolean {
    return this.#requests.countOf(node.id) > 0;
  }

  /** Requests the transactions for which this peer is the best source now. */
  maybeSendGetData(peer: PeerState): void {
    const { node } = peer;
    const nowMs = this.#context.clock.now();
    const items: InventoryItem[] = [];
    for (const item of this.#requests.requestable(node.id, nowMs)) {
      if (this.#isKnown(item)) {
        this.#requests.forget(item.hash);
        continue;
      }
      this.#requests.noteRequested(node.id, item.hash, nowMs);
      items.push({ type: requestTypeOf(peer, item), hash: item.hash });
      if (items.length === MAX_GETDATA_ITEMS) this.#send(peer, items.splice(0));
    }
    if (items.length > 0) this.#send(peer, items);
  }

  #send(peer: PeerState, items: readonly InventoryItem[]): void {
    this.#context.send(peer, { type: 'getdata', items });
  }
}

/** Tracked announcements of each peer, by the number of peers: a stranger's hundred connections must not fill the memory. */
export function maxAnnouncements(peerCount: number): number {
  return peerShare(MAX_PEER_TX_ANNOUNCEMENTS, MIN_PEER_TX_ANNOUNCEMENTS, peerCount);
}

/** By txid a transaction comes without witnesses, unless they are requested from a peer that has them. */
function requestTypeOf({ theirServices }: PeerState, { type }: InventoryItem): number {
  const hasWitnesses = (theirServices & Services.WITNESS) !== 0n;
  return type === InventoryType.TX && hasWitnesses ? InventoryType.WITNESS_TX : type;
}
