// Headers with the work that regtest asks for: two tries each.

import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { hasProofOfWork } from '../../../ts/p2p/check-headers.ts';
import { blockHash } from '../../../ts/p2p/messages/block-header.ts';
import type { BlockHeader } from '../../../ts/p2p/messages/block-header.ts';

const { regtest } = CHAIN_PARAMS;

/** A header on top of another. */
function mine(parent: BlockHeader): BlockHeader {
  const header = { ...parent, previousBlockHash: blockHash(parent), timeSeconds: parent.timeSeconds + 600 };
  for (let nonce = 0; ; nonce++) if (hasProofOfWork({ ...header, nonce }, regtest)) return { ...header, nonce };
}

/** So many headers on top of regtest's first block, each on top of the one before. */
export function minedHeaders(count: number): BlockHeader[] {
  const headers: BlockHeader[] = [];
  while (headers.length < count) headers.push(mine(headers.at(-1) ?? regtest.genesisHeader));
  return headers;
}

/** The same header without work. */
export function spoil(header: BlockHeader): BlockHeader {
  for (let nonce = 0; ; nonce++) if (!hasProofOfWork({ ...header, nonce }, regtest)) return { ...header, nonce };
}
