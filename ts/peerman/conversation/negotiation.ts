// What peers negotiate about their messages, and until when.
//
// | message     | BIP | between version and verack              | afterwards                 |
// |-------------|-----|-----------------------------------------|----------------------------|
// | wtxidrelay  | 339 | common version 70016 on, else ignored   | disconnect                 |
// | sendaddrv2  | 155 | any version                             | disconnect                 |
// | feature     | 434 | below 70017 or malformed: disconnect    | disconnect                 |
// | sendtxrcncl | 330 | if we offered it; see `takeSendTxRcncl` | disconnect; ignored if off |
// | sendheaders | 130 | any time                                | any time                   |
// | sendcmpct   | 152 | any time                                | any time                   |
// | feefilter   | 133 | ignored                                 | any time                   |
//
// The first four are refused late because what they agree on must not change under messages that are on their way.

import type { SendCmpctMessage } from '../../p2p/messages/compact-blocks.ts';
import { COMPACT_BLOCK_VERSION } from '../../p2p/messages/compact-blocks.ts';
import type { FeeFilterMessage, SendTxRcnclMessage } from '../../p2p/messages/preferences.ts';
import { FEATURE_VERSION, WTXIDRELAY_VERSION, isMoney } from '../../p2p/protocol.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** The version of transaction reconciliation that we offer. (BIP 330) */
const RECONCILIATION_VERSION = 1;

/** Messages that may only come before `verack`. */
const EARLY_TYPES: ReadonlySet<string> = new Set(['wtxidrelay', 'sendaddrv2', 'feature', 'sendtxrcncl']);

/**
 * Disconnects a peer for a message that comes too late, or that it must not send at its version.
 *
 * Call it before such a message is decoded: a late one is refused whether it decodes or not.
 *
 * @returns Whether to go on with the message.
 */
export function isNegotiationTimely(context: PeerContext, { node }: PeerState, type: string): boolean {
  if (!EARLY_TYPES.has(type) || (type === 'sendtxrcncl' && !context.settings.reconcilesTxs)) return true;
  if (node.isSuccessfullyConnected) {
    node.disconnect(`${type} received after verack`);
    return false;
  }
  if (type === 'feature' && node.commonVersion < FEATURE_VERSION) {
    node.disconnect(`feature at protocol version ${node.commonVersion}`);
    return false;
  }
  return true;
}

export function takeWtxidRelay(peer: PeerState): void {
  if (peer.node.commonVersion >= WTXIDRELAY_VERSION) peer.isWtxidRelay = true;
}

export function takeSendCmpct(context: PeerContext, peer: PeerState, { announce, version }: SendCmpctMessage): void {
  if (announce > 1) context.misbehaving(peer, `sendcmpct with announce ${announce}`);
  if (announce > 1 || version !== COMPACT_BLOCK_VERSION) return;
  peer.providesCompactBlocks = true;
  peer.node.isBip152HighBandwidthFrom = announce === 1;
}

/** A rate that is not an amount of money is ignored. */
export function takeFeeFilter({ txRelay }: PeerState, { feeRateSatPerKvB }: FeeFilterMessage): void {
  if (txRelay !== undefined && isMoney(feeRateSatPerKvB)) txRelay.feeFilterSatPerKvB = feeRateSatPerKvB;
}

// ---- Reconciliation -------------------------------------------------------------------------------------------------

/** Offers reconciliation to a peer that relays transactions both ways. Called between our `version` and our `verack`. */
export function offerReconciliation(context: PeerContext, peer: PeerState): void {
  if (!context.settings.reconcilesTxs || peer.txRelay?.isWanted !== true) return;
  if (peer.node.isAddrFetch || context.rejectsIncomingTxs(peer)) return;
  peer.reconciliationSalt = context.random64();
  context.send(peer, { type: 'sendtxrcncl', version: RECONCILIATION_VERSION, salt: peer.reconciliationSalt });
}

export function takeSendTxRcncl(context: PeerContext, peer: PeerState, { version, salt }: SendTxRcnclMessage): void {
  const { node } = peer;
  if (!context.settings.reconcilesTxs) return;
  if (context.rejectsIncomingTxs(peer)) return node.disconnect('sendtxrcncl although we take no transactions');
  if (peer.txRelay?.isWanted !== true) return node.disconnect('sendtxrcncl although it takes no transactions');
  if (peer.reconciliationSalt === undefined) return;
  if (peer.theirReconciliationSalt !== undefined) return node.disconnect('second sendtxrcncl');
  if (version < RECONCILIATION_VERSION) return node.disconnect(`sendtxrcncl of version ${version}`);
  peer.theirReconciliationSalt = salt;
}

/** At `verack`: sketches consist of short wtxids, so a peer without wtxids cannot use them. */
export function forgetIncompleteReconciliation(peer: PeerState): void {
  if (!peer.isWtxidRelay) peer.theirReconciliationSalt = undefined;
}
