// Fetching the transactions that peers announce: which announcements to track, and when to ask. Works for an embedder that
// says which transactions it knows (`PeerHooks.isTxKnown`). (Bitcoin Core src/node/txdownloadman_impl.cpp)

import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import { InventoryType } from '../../p2p/messages/inventory.ts';
import type { TransactionIds } from '../../p2p/messages/transaction.ts';
import { Services } from '../../p2p/protocol.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';
import { TxRequests } from './tx-requests.ts';

/** Announcements of one peer that are tracked; more are ignored. (Core MAX_PEER_TX_ANNOUNCEMENTS) */
export const MAX_PEER_TX_ANNOUNCEMENTS = 5_000;
/** Requests in flight from which on a peer is overloaded. (Core MAX_PEER_TX_REQUEST_IN_FLIGHT) */
export const MAX_PEER_TX_IN_FLIGHT = 100;
/** How long others go first, in milliseconds, each: peers that we chose, (Core NONPREF_PEER_TX_DELAY) */
const NONPREFERRED_DELAY_MS = 2_000;
/** peers that name transactions by wtxid, which no changed witness can make a fool of, (Core TXID_RELAY_DELAY) */
const TXID_DELAY_MS = 2_000;
/** and peers that are not overloaded. (Core OVERLOADED_PEER_TX_DELAY) */
const OVERLOADED_DELAY_MS = 2_000;
/** Transactions asked for in one message. (Core MAX_GETDATA_SZ) */
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

  /** A peer has a transaction. @param item - In the form agreed on. */
  noteAnnounced({ node, isWtxidRelay, chain }: PeerState, item: InventoryItem): void {
    const isFree = node.hasPermission('relay');
    if (!isFree && this.#requests.countOf(node.id) >= MAX_PEER_TX_ANNOUNCEMENTS) return;
    if (this.#isKnown(item)) return;
    let delayMs = chain.isPreferredDownload ? 0 : NONPREFERRED_DELAY_MS;
    if (!isWtxidRelay && this.#wtxidPeerCount > 0) delayMs += TXID_DELAY_MS;
    const isOverloaded = !isFree && this.#requests.inFlightCountOf(node.id) >= MAX_PEER_TX_IN_FLIGHT;
    if (isOverloaded) delayMs += OVERLOADED_DELAY_MS;
    // A copy: the hash would keep all of the message that it came in.
    const kept = { type: item.type, hash: item.hash.slice() };
    this.#requests.announce(node.id, kept, chain.isPreferredDownload, this.#context.clock.now(), delayMs);
  }

  /** A peer sent a transaction, asked for or not. To be called before the embedder judges it. */
  noteReceived({ node }: PeerState, { txid, wtxid }: TransactionIds): void {
    this.#requests.noteAnswered(node.id, txid);
    this.#requests.noteAnswered(node.id, wtxid);
  }

  /** The embedder has judged a transaction. One that it does not keep may be asked of others: theirs may be another witness. */
  noteJudged({ txid, wtxid }: TransactionIds): void {
    if (this.#isKnown({ type: InventoryType.TX, hash: txid })) this.#requests.forget(txid);
    if (this.#isKnown({ type: InventoryType.WTX, hash: wtxid })) this.#requests.forget(wtxid);
  }

  /** A peer does not have what it was asked for. */
  noteMissing({ node }: PeerState, items: readonly InventoryItem[]): void {
    for (const { type, hash } of items) {
      const isTx = type === InventoryType.TX || type === InventoryType.WTX || type === InventoryType.WITNESS_TX;
      if (isTx) this.#requests.noteAnswered(node.id, hash);
    }
  }

  /** Whether a peer has something that may have to be asked of it at any moment. */
  isWaitingFor({ node }: PeerState): boolean {
    return this.#requests.countOf(node.id) > 0;
  }

  /** Asks a peer for the transactions that it is the best source of now. */
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

/** By txid a transaction comes without its witnesses, unless they are asked for of somebody who has them. */
function requestTypeOf({ theirServices }: PeerState, { type }: InventoryItem): number {
  const hasWitnesses = (theirServices & Services.WITNESS) !== 0n;
  return type === InventoryType.TX && hasWitnesses ? InventoryType.WITNESS_TX : type;
}
