// Messages about the chain: checked against the limits that need no knowledge of it, and passed on to the embedder. (Bitcoin
// Core src/net_processing.cpp; BIPs 37, 130, 152, 157)

import { checkHeaderEntries } from '../../p2p/check-headers.ts';
import type { HeadersFault } from '../../p2p/check-headers.ts';
import { BASIC_FILTER_TYPE, MAX_CFHEADERS_SPAN, MAX_CFILTERS_SPAN } from '../../p2p/messages/block-filters.ts';
import { blockHash } from '../../p2p/messages/block-header.ts';
import { HeaderEntries, MAX_HEADERS, MAX_LOCATOR_HASHES } from '../../p2p/messages/headers.ts';
import { InventoryType } from '../../p2p/messages/inventory.ts';
import type { MessageMap } from '../../p2p/messages/registry.ts';
import { Services } from '../../p2p/protocol.ts';
import { considerShortChain } from './chain-race.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { ChainMessageType } from '../contract/hooks.ts';
import type { PeerState } from '../state/peer-state.ts';

/** More headers than this are announced by the hash of the last one. (Core MAX_BLOCKS_TO_ANNOUNCE) */
const MAX_ANNOUNCED_HEADERS = 8;

/** The reason for which their sender is disconnected. */
const HEADERS_FAULTS: Readonly<Record<HeadersFault, string>> = {
  'invalid-proof-of-work': 'header with invalid proof of work',
  'not-continuous': 'headers that do not build on each other',
};

/** Types that are dropped while blocks are read from disk: they cannot be answered. */
const UNWANTED_WHILE_LOADING: ReadonlySet<string> = new Set<ChainMessageType>([
  'getheaders',
  'block',
  'cmpctblock',
  'blocktxn',
]);

/** Types that are decoded before they are checked. */
type DecodedType = Exclude<ChainMessageType, 'headers'>;

/** Accepts a message about the chain. */
export function takeChainMessage(
  context: PeerContext,
  peer: PeerState,
  message: MessageMap[DecodedType],
  payload: Uint8Array,
): void {
  const { hooks } = context;
  if (UNWANTED_WHILE_LOADING.has(message.type) && hooks.isLoading?.() === true) return;
  if (!isWithinLimits(context, peer, message)) return;
  hooks.onChainMessage?.(peer.node, message.type, payload);
}

/**
 * Accepts headers, in place. Two faults can be found without the chain, and end the connection: missing proof of work, and
 * headers that do not build on each other. So a flood of made-up headers ends with the first of them.
 */
export function takeHeaders(context: PeerContext, peer: PeerState, payload: Uint8Array): void {
  const { hooks } = context;
  if (hooks.isLoading?.() === true) return;
  const entries = new HeaderEntries(payload);
  if (entries.count > MAX_HEADERS) return context.misbehaving(peer, `more than ${MAX_HEADERS} headers`);
  // An empty answer is one, too: the peer may be asked again.
  if (entries.count === 0) peer.chain.lastGetHeadersMs = 0;
  const fault = checkHeaderEntries(entries, context.network.chain);
  if (fault !== undefined) return context.misbehaving(peer, HEADERS_FAULTS[fault]);
  hooks.onChainMessage?.(peer.node, 'headers', payload);
  // Fewer than fit into a message: the peer has no more.
  if (entries.count < MAX_HEADERS) considerShortChain(context, peer);
}

/** Checks the limits; a violation is punished. */
function isWithinLimits(context: PeerContext, peer: PeerState, message: MessageMap[DecodedType]): boolean {
  switch (message.type) {
    case 'getheaders':
    case 'getblocks':
      if (message.exceedsLimit === true) {
        peer.node.disconnect(`locator of more than ${MAX_LOCATOR_HASHES} hashes in ${message.type}`);
      }
      return message.exceedsLimit !== true;
    case 'getcfilters':
      return isFilterRequestGood(context, peer, message, message.startHeight, MAX_CFILTERS_SPAN);
    case 'getcfheaders':
      return isFilterRequestGood(context, peer, message, message.startHeight, MAX_CFHEADERS_SPAN);
    case 'getcfcheckpt':
      return isFilterRequestGood(context, peer, message, 0, Infinity);
    default:
      return true;
  }
}

/** Only a broken client requests filters that were not offered, or for unknown blocks. */
function isFilterRequestGood(
  { chainView }: PeerContext,
  { node, ourServices }: PeerState,
  request: { readonly type: string; readonly filterType: number; readonly stopHash: Uint8Array },
  startHeight: number,
  span: number,
): boolean {
  const isOffered = (ourServices & Services.COMPACT_FILTERS) !== 0n && request.filterType === BASIC_FILTER_TYPE;
  const stop = chainView?.block(request.stopHash);
  // Without a chain view, the embedder judges the heights.
  const isKnown = chainView === undefined || stop !== undefined;
  const stopHeight = stop?.height ?? startHeight;
  if (isOffered && isKnown && startHeight <= stopHeight && stopHeight - startHeight < span) return true;
  node.disconnect(`unanswerable ${request.type}`);
  return false;
}

/** Announces blocks in the peer's preferred form. */
export function maybeAnnounceBlocks(context: PeerContext, peer: PeerState): void {
  const announcement = context.hooks.blocksToAnnounce?.(peer.node);
  const last = announcement?.headers.at(-1);
  if (announcement === undefined || last === undefined) return;
  const { headers, connects, compactBlock } = announcement;
  const canUseHeaders = connects && headers.length <= MAX_ANNOUNCED_HEADERS;
  if (canUseHeaders && headers.length === 1 && peer.node.isBip152HighBandwidthFrom && compactBlock !== undefined) {
    context.sendPayload(peer, 'cmpctblock', compactBlock());
  } else if (canUseHeaders && peer.prefersHeaders) {
    context.send(peer, { type: 'headers', headers });
  } else {
    context.send(peer, { type: 'inv', items: [{ type: InventoryType.BLOCK, hash: blockHash(last) }] });
  }
}
