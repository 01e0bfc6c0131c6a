// What can be said of block headers without knowing the chain: that work was done for each, and that each builds on the one
// before it. (Bitcoin Core src/pow.cpp, CheckProofOfWorkImpl; src/net_processing.cpp, CheckHeadersPoW and
// CheckHeadersAreContinuous)

import type { ChainParams } from './chain-params.ts';
import { blockHash } from './messages/block-header.ts';
import type { BlockHeader } from './messages/block-header.ts';

/** The mantissa's sign in the compact form, its bits, and how many bytes it has. */
const SIGN_BIT = 0x0080_0000;
const MANTISSA_MASK = 0x007f_ffff;
const MANTISSA_BYTES = 3;

/** What is wrong with headers: nobody but a broken or hostile peer sends such. */
export type HeadersFault = 'invalid-proof-of-work' | 'not-continuous';

/**
 * Checks headers as they come in one message, in the order in which Core does: the work of all, then how they hang together.
 * Whether the target is the right one, and whether the first builds on something known, is for the owner of the chain to judge.
 *
 * @param headers - Ascending. None are sound.
 * @param chain - Its first block has the easiest target that there may be.
 * @returns Undefined for sound ones; otherwise a reason to report with `PeerManager.misbehaving`.
 * @example
 * const fault = checkHeaders(message.headers, CHAIN_PARAMS.main);
 * if (fault !== undefined) peerManager.misbehaving(nodeId, fault);
 */
export function checkHeaders(
  headers: readonly BlockHeader[],
  chain: Pick<ChainParams, 'genesisHeader'>,
): HeadersFault | undefined {
  const hashes = headers.map(blockHash);
  const easiest = easiestOf(chain);
  const hasWork = headers.every(({ bits }, index) => meetsTarget(hashes[index]!, bits, easiest));
  if (!hasWork) return 'invalid-proof-of-work';
  const isContinuous = headers.every(
    ({ previousBlockHash }, index) => index === 0 || Buffer.compare(previousBlockHash, hashes[index - 1]!) === 0,
  );
  return isContinuous ? undefined : 'not-continuous';
}

/** Whether a header has the work that it claims, and claims no less than there may be. */
export function hasProofOfWork(header: BlockHeader, chain: Pick<ChainParams, 'genesisHeader'>): boolean {
  return meetsTarget(blockHash(header), header.bits, easiestOf(chain));
}

/**
 * The target that the compact form stands for: no hash above it will do.
 *
 * @param bits - Uint32: how many bytes the number has, then its three highest.
 * @returns Undefined for a negative number, for zero, and for what does not fit into 256 bits.
 */
export function targetOf(bits: number): bigint | undefined {
  const byteCount = bits >>> 24;
  const mantissa = bits & MANTISSA_MASK;
  const shift = 8 * (byteCount - MANTISSA_BYTES);
  const target = shift < 0 ? BigInt(mantissa >>> -shift) : BigInt(mantissa) << BigInt(shift);
  const isNegative = (bits & SIGN_BIT) !== 0;
  return isNegative || target === 0n || target >> 256n !== 0n ? undefined : target;
}

function easiestOf({ genesisHeader }: Pick<ChainParams, 'genesisHeader'>): bigint {
  return targetOf(genesisHeader.bits) ?? 0n;
}

function meetsTarget(hash: Uint8Array, bits: number, easiest: bigint): boolean {
  const target = targetOf(bits);
  if (target === undefined || target > easiest) return false;
  // A hash is a number with its lowest byte first.
  return BigInt(`0x${Buffer.from(hash).reverse().toString('hex')}`) <= target;
}
