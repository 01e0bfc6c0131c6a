// Broadcasting our own transactions without revealing their origin: each goes to three peers, over connections through Tor
// or I2P that carry nothing else and reveal nothing about us. (Bitcoin Core src/private_broadcast.h, src/net_processing.cpp)
//
// On such a connection the peer sees version, verack, inv, tx and ping, and that is all. Its pong says that it has the
// transaction. That another peer sends the transaction to us says that it is on its way, and no more is done for it.

import type { Service } from '../../netaddr/service.ts';
import { hashToHex } from '../../p2p/hash.ts';
import type { GetDataMessage } from '../../p2p/messages/inventory.ts';
import { InventoryType } from '../../p2p/messages/inventory.ts';
import type { TransactionIds } from '../../p2p/messages/transaction.ts';
import { transactionIds } from '../../p2p/messages/transaction.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';
import { maybeSendPing } from '../conversation/ping.ts';

/** Connections opened for each transaction. (Core NUM_PRIVATE_BROADCAST_PER_TX) */
const CONNECTIONS_PER_TX = 3;
/** Most transactions at a time, as in Core's later releases. Further ones are refused. */
export const MAX_PRIVATE_TRANSACTIONS = 1_000;
/**
 * Most times that one transaction is sent. Otherwise peers that disconnect, or confirm without relaying, would make us dial
 * for ever; a transaction that 64 peers saw and none relays will not be relayed.
 */
export const MAX_SENDS_PER_TX = 64;
/** Longest life of one connection, in milliseconds. (Core PRIVATE_BROADCAST_MAX_CONNECTION_LIFETIME) */
export const PRIVATE_CONNECTION_MS = 3 * 60_000;
/**
 * Time without confirmation, since it was stored or last confirmed, after which a transaction is sent again. In
 * milliseconds.
 */
const UNCONFIRMED_STALE_MS = 5 * 60_000;
const CONFIRMED_STALE_MS = 60_000;

/** One send of a transaction. Times are wall-clock milliseconds. */
export interface PrivateSend {
  readonly nodeId: number;
  readonly service: Service;
  readonly sentMs: number;
  /** Undefined until the peer's pong. */
  confirmedMs: number | undefined;
}

/** A transaction being broadcast. */
export interface PrivateTransaction {
  readonly bytes: Uint8Array;
  readonly ids: TransactionIds;
  readonly storedMs: number;
  readonly sends: readonly PrivateSend[];
}

interface Entry extends PrivateTransaction {
  readonly sends: PrivateSend[];
}

export class PrivateBroadcast {
  readonly #context: PeerContext;
  /** By wtxid, in hex. */
  readonly #entries = new Map<string, Entry>();
  /** The transaction of each connection: one at most. */
  readonly #byNode = new Map<number, { readonly entry: Entry; readonly send: PrivateSend }>();

  constructor(context: PeerContext) {
    this.#context = context;
  }

  get transactions(): readonly PrivateTransaction[] {
    return [...this.#entries.values()];
  }

  /**
   * Stores a transaction and asks for connections. A stored one is left as it is.
   *
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: not a transaction.
   */
  add(bytes: Uint8Array): 'added' | 'known' | 'full' {
    const ids = transactionIds(bytes);
    const key = keyOf(ids.wtxid);
    if (this.#entries.has(key)) return 'known';
    if (this.#entries.size >= MAX_PRIVATE_TRANSACTIONS) return 'full';
    this.#entries.set(key, { bytes, ids, storedMs: this.#context.clock.wallTimeMs(), sends: [] });
    this.#context.network.addPrivateBroadcastsToOpen(CONNECTIONS_PER_TX);
    return 'added';
  }

  /** Drops a transaction, by txid or wtxid. @returns The dropped ones: two can share a txid. */
  abort(id: Uint8Array): PrivateTransaction[] {
    const key = keyOf(id);
    const found = [...this.#entries.values()].filter(({ ids }) => keyOf(ids.wtxid) === key || keyOf(ids.txid) === key);
    for (const entry of found) this.#end(entry);
    return found;
  }

  // ---- One connection -----------------------------------------------------------------------------------------------

  /** The peer is ready: announces the transaction with the fewest sends. */
  announce(peer: PeerState): void {
    const { node } = peer;
    const entry = this.#mostUrgent();
    if (entry === undefined) return node.disconnect('nothing to broadcast');
    const sentMs = this.#context.clock.wallTimeMs();
    const send: PrivateSend = { nodeId: node.id, service: node.addr, sentMs, confirmedMs: undefined };
    entry.sends.push(send);
    this.#byNode.set(node.id, { entry, send });
    // By txid, although witnesses are sent: the peer did not negotiate wtxids.
    this.#context.send(peer, { type: 'inv', items: [{ type: InventoryType.TX, hash: entry.ids.txid }] });
  }

  /** The peer requests the transaction, and may request nothing else. */
  serve(peer: PeerState, { items }: GetDataMessage): void {
    const given = this.#byNode.get(peer.node.id);
    const [item] = items;
    const isRight = items.length === 1 && item?.type === InventoryType.TX;
    if (given === undefined || !isRight || keyOf(item.hash) !== keyOf(given.entry.ids.txid)) {
      return peer.node.disconnect('asks for something that was not announced');
    }
    this.#context.send(peer, { type: 'tx', payload: given.entry.bytes });
    peer.ping.isQueued = true;
    maybeSendPing(this.#context, peer);
  }

  /** The peer answered the ping after the transaction, which confirms that it has it. */
  confirm({ node }: PeerState): void {
    const given = this.#byNode.get(node.id);
    if (given !== undefined) given.send.confirmedMs = this.#context.clock.wallTimeMs();
    node.disconnect('private broadcast: done');
  }

  /** The connection is gone. Without a confirmation, another one takes its place. */
  finish(nodeId: number): void {
    const given = this.#byNode.get(nodeId);
    this.#byNode.delete(nodeId);
    if (given?.send.confirmedMs !== undefined || this.#mostUrgent() === undefined) return;
    this.#context.network.addPrivateBroadcastsToOpen(1);
  }

  // ---- What comes of it ---------------------------------------------------------------------------------------------

  /** An ordinary peer sent us a transaction. If it is one of ours, it is spreading, and no more connections are needed. */
  noteReceived({ wtxid }: TransactionIds): void {
    const entry = this.#entries.size === 0 ? undefined : this.#entries.get(keyOf(wtxid));
    if (entry !== undefined) this.#end(entry);
  }

  /** Retries transactions that no peer sent back to us, if they are still acceptable. */
  retryStale(): void {
    const { clock, network, hooks, logger } = this.#context;
    const nowMs = clock.wallTimeMs();
    for (const entry of [...this.#entries.values()]) {
      if (!isStale(entry, nowMs)) continue;
      if (isExhausted(entry)) {
        this.#remove(entry);
        logger.warn(
          `private broadcast of ${hashToHex(entry.ids.txid)} is given up after ${MAX_SENDS_PER_TX} connections`,
        );
      } else if (hooks.isTxAcceptable?.(entry.bytes) === false) this.#remove(entry);
      else network.addPrivateBroadcastsToOpen(1);
    }
  }

  #mostUrgent(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries.values()) {
      if (isExhausted(entry)) continue;
      if (first === undefined || compareUrgency(entry, first) < 0) first = entry;
    }
    return first;
  }

  /** Drops a transaction, and the connections still to be opened for it. */
  #end(entry: Entry): void {
    this.#remove(entry);
    const neededCount = isExhausted(entry) ? 0 : CONNECTIONS_PER_TX - confirmationsOf(entry);
    if (neededCount > 0) this.#context.network.addPrivateBroadcastsToOpen(-neededCount);
  }

  #remove({ ids }: Entry): void {
    this.#entries.delete(keyOf(ids.wtxid));
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');
}

function confirmationsOf({ sends }: Entry): number {
  return sends.filter(({ confirmedMs }) => confirmedMs !== undefined).length;
}

function lastSentMs({ sends }: Entry): number {
  return sends.reduce((last, { sentMs }) => Math.max(last, sentMs), 0);
}

function lastConfirmedMs({ sends }: Entry): number {
  return sends.reduce((last, { confirmedMs }) => Math.max(last, confirmedMs ?? 0), 0);
}

/** Order: fewest sends, then fewest confirmations, then the oldest last send, then the oldest last confirmation. */
function compareUrgency(a: Entry, b: Entry): number {
  return (
    a.sends.length - b.sends.length ||
    confirmationsOf(a) - confirmationsOf(b) ||
    lastSentMs(a) - lastSentMs(b) ||
    lastConfirmedMs(a) - lastConfirmedMs(b)
  );
}

/** Whether it was sent as often as allowed. */
function isExhausted({ sends }: Entry): boolean {
  return sends.length >= MAX_SENDS_PER_TX;
}

function isStale(entry: Entry, nowMs: number): boolean {
  const confirmedMs = lastConfirmedMs(entry);
  if (confirmedMs === 0) return nowMs > entry.storedMs + UNCONFIRMED_STALE_MS;
  return nowMs > confirmedMs + CONFIRMED_STALE_MS;
}
