// One turn of one peer: the next message in, and what is due out. Both orders are observable, and are Bitcoin Core's.
// (src/net_processing.cpp, ProcessMessages and SendMessages)

import { DecodeError, shown } from '../util/errors.ts';
import { maybeSendAddresses } from './address-gossip.ts';
import { maybeAnnounceBlocks } from './chain-messages.ts';
import { considerChainRace } from './chain-race.ts';
import type { PeerContext } from './context.ts';
import { dispatch } from './dispatch.ts';
import type { Parts } from './dispatch.ts';
import { maybeSendFeeFilter } from './fee-filter.ts';
import { serveRequests } from './get-data.ts';
import { sendVersion } from './handshake.ts';
import { checkSyncDeadline, maybeSendSendHeaders, maybeStartSync } from './headers-sync.ts';
import { actOnMisbehaviour } from './misbehaviour.ts';
import type { PeerState } from './peer-state.ts';
import { maybeSendPing } from './ping.ts';
import { PRIVATE_CONNECTION_MS } from './private-broadcast.ts';
import { maybeSendTxInvs } from './tx-relay.ts';

/** An addr-fetch connection that did not answer by now ends, in milliseconds. (Core: ten mean times between gossip) */
const ADDR_FETCH_TIMEOUT_MS = 300_000;

/**
 * Runs what may meet bad bytes or a hook that throws: it costs what was being done, and nothing else.
 *
 * @param what - Names it in the log.
 */
export function guarded(context: PeerContext, peer: PeerState, what: () => string, run: () => void): void {
  try {
    run();
  } catch (error) {
    const { logger } = context;
    const line = `peer ${peer.node.id}: dropped ${what()}: ${shown(error)}`;
    if (error instanceof DecodeError) logger.debug(line);
    else logger.error(line);
  }
}

/** @returns Whether there is more to do for this peer. */
export function processNext(context: PeerContext, parts: Parts, peer: PeerState, interrupt: AbortSignal): boolean {
  const { node, requests } = peer;
  // Our introduction comes first, however early the peer talks.
  if (!node.isInbound && !peer.isVersionSent) return false;
  if (requests.length > 0)
    guarded(
      context,
      peer,
      () => 'getdata',
      () => serveRequests(context, peer),
    );
  if (node.isMarkedForDisconnect) return false;
  if (requests.length > 0) return true;
  if (node.isSendPaused) return false;
  const polled = context.network.pollMessage(node);
  if (polled === undefined) return false;
  const { type, payload } = polled.message;
  const name = (): string => `${shown(type)} of ${payload.length} bytes`;
  guarded(context, peer, name, () => dispatch(context, parts, peer, polled.message));
  return !interrupt.aborted && (polled.hasMore || requests.length > 0);
}

export function sendDue(context: PeerContext, peer: PeerState): void {
  const { node } = peer;
  actOnMisbehaviour(context, peer);
  if (node.isMarkedForDisconnect) return;
  if (!node.isInbound && !peer.isVersionSent) sendVersion(context, peer);
  if (node.isSuccessfullyConnected)
    guarded(
      context,
      peer,
      () => 'periodic messages',
      () => sendPeriodic(context, peer),
    );
}

function sendPeriodic(context: PeerContext, peer: PeerState): void {
  const { node } = peer;
  const { chainView } = context;
  const connectedMs = context.clock.wallTimeMs() - node.connectedAtMs;
  if (node.isPrivateBroadcast) {
    if (connectedMs > PRIVATE_CONNECTION_MS) node.disconnect('private broadcast: took too long');
    return;
  }
  if (node.isAddrFetch && connectedMs > ADDR_FETCH_TIMEOUT_MS) return node.disconnect('addr-fetch: no answer');
  maybeSendPing(context, peer);
  if (node.isMarkedForDisconnect) return;
  maybeSendAddresses(context, peer);
  if (chainView !== undefined) {
    maybeSendSendHeaders(context, chainView, peer);
    maybeStartSync(context, chainView, peer);
  }
  maybeAnnounceBlocks(context, peer);
  maybeSendTxInvs(context, peer);
  if (chainView !== undefined) {
    checkSyncDeadline(context, chainView, peer);
    if (!node.isMarkedForDisconnect) considerChainRace(context, chainView, peer);
  }
  if (!node.isMarkedForDisconnect) maybeSendFeeFilter(context, peer);
}
