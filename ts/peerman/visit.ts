// One visit to one peer: the next message in, and what is due out. Both orders are observable, and are Bitcoin Core's.
// (src/net_processing.cpp, ProcessMessages and SendMessages)

import { DecodeError, shown } from '../util/errors/errors.ts';
import { maybeSendAddresses } from './addresses/address-gossip.ts';
import { maybeAnnounceBlocks } from './chain/chain-messages.ts';
import { considerChainRace } from './chain/chain-race.ts';
import type { ChainView } from './contract/chain-view.ts';
import type { PeerContext } from './state/peer-context.ts';
import { dispatch } from './dispatch.ts';
import { maybeSendFeeFilter } from './transactions/fee-filter.ts';
import { serveRequests } from './transactions/get-data.ts';
import { sendVersion } from './conversation/handshake.ts';
import { checkSyncDeadline, maybeSendSendHeaders, maybeStartSync } from './chain/headers-sync.ts';
import { actOnMisbehaviour } from './state/misbehaviour.ts';
import type { PeerState } from './state/peer-state.ts';
import { maybeAskFlooder, maybeSendPing } from './conversation/ping.ts';
import { PRIVATE_CONNECTION_MS } from './transactions/private-broadcast.ts';
import type { Transactions } from './transactions/transactions.ts';
import { maybeSendTxInvs } from './transactions/tx-relay.ts';

/** An addr-fetch connection without an answer ends after this, in milliseconds. (Core: ten mean times between gossip) */
const ADDR_FETCH_TIMEOUT_MS = 300_000;

/** Logs the effect of a bad message or a throwing hook, which loses only the message or step. */
export function logDropped({ logger }: PeerContext, { node }: PeerState, what: string, error: unknown): void {
  const line = `peer ${node.id}: dropped ${what}: ${shown(error)}`;
  if (error instanceof DecodeError) logger.debug(line);
  else logger.error(line);
}

/** Processes the next message of a peer, if there is one that may be processed. @returns Whether there is more to do. */
export function processNext(
  context: PeerContext,
  transactions: Transactions,
  peer: PeerState,
  interrupt: AbortSignal,
): boolean {
  const { node, requests } = peer;
  // Our `version` comes first, however early the peer sends.
  if (!node.isInbound && !peer.isVersionSent) return false;
  if (requests.length > 0) serve(context, peer);
  if (node.isMarkedForDisconnect) return false;
  if (requests.length > 0) return true;
  if (node.isSendPaused) return false;
  const polled = context.network.pollMessage(node);
  if (polled === undefined) return false;
  context.isMessageShown = false;
  try {
    dispatch(context, transactions, peer, polled.message);
  } catch (error) {
    const { type, payload } = polled.message;
    logDropped(context, peer, `${shown(type)} of ${payload.length} bytes`, error);
  }
  if (requests.length === 0) context.releasePayload(polled.message.type, polled.message.payload);
  else requests.isShown = context.isMessageShown;
  return !interrupt.aborted && (polled.hasMore || requests.length > 0);
}

function serve(context: PeerContext, peer: PeerState): void {
  context.isMessageShown = peer.requests.isShown;
  try {
    serveRequests(context, peer);
  } catch (error) {
    logDropped(context, peer, 'a request', error);
  }
  peer.requests.isShown = context.isMessageShown;
}

/** Acts on misbehaviour, then sends what is due. */
export function sendDue(context: PeerContext, transactions: Transactions, peer: PeerState): void {
  const { node } = peer;
  actOnMisbehaviour(context, peer);
  if (node.isMarkedForDisconnect) return;
  if (!node.isInbound && !peer.isVersionSent) sendVersion(context, peer);
  if (!node.isSuccessfullyConnected || isTimeUp(context, peer)) return;
  if (!node.isPrivateBroadcast) {
    for (const step of PERIODIC_STEPS) runStep(context, transactions, peer, step);
  }
}

/** Ends a single-purpose connection that took too long. */
function isTimeUp({ clock }: PeerContext, { node }: PeerState): boolean {
  const connectedMs = clock.wallTimeMs() - node.connectedAtMs;
  if (node.isPrivateBroadcast && connectedMs > PRIVATE_CONNECTION_MS) {
    node.disconnect('private broadcast: took too long');
  } else if (node.isAddrFetch && connectedMs > ADDR_FETCH_TIMEOUT_MS) {
    node.disconnect('addr-fetch: no answer');
  }
  return node.isMarkedForDisconnect;
}

type PeriodicStep = (context: PeerContext, peer: PeerState, transactions: Transactions) => void;

/** Periodic steps, in this order. */
const PERIODIC_STEPS: readonly PeriodicStep[] = [
  maybeAskFlooder,
  maybeSendPing,
  maybeSendAddresses,
  withChainView(maybeSendSendHeaders),
  withChainView(maybeStartSync),
  maybeAnnounceBlocks,
  maybeSendTxInvs,
  withChainView(checkSyncDeadline),
  withChainView(considerChainRace),
  (_context, peer, { download }) => download?.maybeSendGetData(peer),
  maybeSendFeeFilter,
];

function withChainView(step: (context: PeerContext, view: ChainView, peer: PeerState) => void): PeriodicStep {
  return (context, peer) => {
    if (context.chainView !== undefined) step(context, context.chainView, peer);
  };
}

/** A hook that throws in one step, perhaps in every visit, must not prevent the steps after it. */
function runStep(context: PeerContext, transactions: Transactions, peer: PeerState, step: PeriodicStep): void {
  if (peer.node.isMarkedForDisconnect) return;
  try {
    step(context, peer, transactions);
  } catch (error) {
    logDropped(context, peer, 'a periodic message', error);
  }
}
