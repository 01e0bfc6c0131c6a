// Checks of block headers that need no chain: proof of work for each, and that each builds on the one before it. (Bitcoin
// Core src/pow.cpp, CheckProofOfWorkImpl; src/net_processing.cpp, CheckHeadersPoW and CheckHeadersAreContinuous)

import type { ChainParams } from './chain-params.ts';
import { doubleSha256 } from './hash.ts';
import { bitsOf, blockHash, blockHeaderBytes, previousHashOf } from './messages/block-header.ts';
import type { BlockHeader } from './messages/block-header.ts';
import type { HeaderEntries } from './messages/headers.ts';

/** The mantissa's sign in the compact form, its bits, and how many bytes it has. */
const SIGN_BIT = 0x0080_0000;
const MANTISSA_MASK = 0x007f_ffff;
const MANTISSA_BYTES = 3;

/** Faults of headers, which only a broken or hostile peer sends. */
export type HeadersFault = 'invalid-proof-of-work' | 'not-continuous';

/**
 * Checks headers as they come in one message, in the order in which Core does: the work of all, then their continuity. The
 * owner of the chain judges whether the target is right, and whether the first builds on a known block. A `PeerManager`
 * checks all that peers send.
 *
 * @param headers - Ascending. An empty list is valid.
 * @param chain - Its first block has the easiest target allowed.
 * @returns Undefined if they are valid; otherwise a reason to report with `PeerManager.misbehaving`.
 * @example
 * const fault = checkHeaders(message.headers, CHAIN_PARAMS.main);
 * if (fault !== undefined) peerManager.misbehaving(nodeId, fault);
 */
export function checkHeaders(
  headers: readonly BlockHeader[],
  chain: Pick<ChainParams, 'genesisHeader'>,
): HeadersFault | undefined {
  return faultOf(headers.map(blockHeaderBytes), chain);
}

/** As `checkHeaders`, where they lie. The first one without work ends it, so that a flood of such costs next to nothing. */
export function checkHeaderEntries(
  entries: HeaderEntries,
  chain: Pick<ChainParams, 'genesisHeader'>,
): HeadersFault | undefined {
  return faultOf(
    Array.from({ length: entries.count }, (_, index) => entries.bytesAt(index)),
    chain,
  );
}

function faultOf(headers: readonly Uint8Array[], chain: Pick<ChainParams, 'genesisHeader'>): HeadersFault | undefined {
  const easiest = easiestOf(chain);
  const hashes: Uint8Array[] = [];
  for (const header of headers) {
    const hash = doubleSha256(header);
    if (!meetsTarget(hash, bitsOf(header), easiest)) return 'invalid-proof-of-work';
    hashes.push(hash);
  }
  const isContinuous = hashes.every((hash, index) => {
    const next = headers[index + 1];
    return next === undefined || Buffer.compare(previousHashOf(next), hash) === 0;
  });
  return isContinuous ? undefined : 'not-continuous';
}

/** Whether a header has the work that it claims, and claims at least the required minimum. */
export function hasProofOfWork(header: BlockHeader, chain: Pick<ChainParams, 'genesisHeader'>): boolean {
  return meetsTarget(blockHash(header), header.bits, easiestOf(chain));
}

/**
 * The target of a compact form: the largest valid hash.
 *
 * @param bits - Uint32: the number of bytes, then the three highest bytes.
 * @returns Undefined if negative, zero, or larger than 256 bits.
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
