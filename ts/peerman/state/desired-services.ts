// Which services an automatic outbound peer must offer. (Bitcoin Core src/net_processing.cpp, GetDesirableServiceFlags)

import { Services } from '../../p2p/protocol.ts';

/** Blocks that a pruned peer certainly has: 288, less half of it for blocks mined since the last check. */
const LIMITED_PEER_DEPTH_BLOCKS = 144;
const BLOCK_SPACING_SECONDS = 600;

/** Full blocks with witnesses; a pruned node suffices while we need only the blocks of the last day. */
export function desirableServices(offered: bigint, nowSeconds: number, bestBlockTimeSeconds: number): bigint {
  const isLimited = (offered & Services.NETWORK_LIMITED) !== 0n;
  const blocksBehind = Math.trunc((nowSeconds - bestBlockTimeSeconds) / BLOCK_SPACING_SECONDS);
  const history = isLimited && blocksBehind < LIMITED_PEER_DEPTH_BLOCKS ? Services.NETWORK_LIMITED : Services.NETWORK;
  return history | Services.WITNESS;
}

/** Whether a node with these services is likely to have an address book worth reading. */
export function mayHaveUsefulAddressBook(services: bigint): boolean {
  return (services & (Services.NETWORK | Services.NETWORK_LIMITED)) !== 0n;
}
