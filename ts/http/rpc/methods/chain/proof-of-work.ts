// Difficulty and work of a target, as clients see them. (Bitcoin Core src/rpc/blockchain.cpp, GetDifficulty; src/chain.cpp,
// GetBlockProof)

/** Target of difficulty 1. */
const UNIT_TARGET = 0xffffn << 208n;

/** Sixteen digits are exact, since a target has at most 24 significant bits. */
export function difficultyOf(target: bigint): number {
  return Number(UNIT_TARGET) / Number(target);
}

/** Expected hashes for a block of that target. */
export function workOf(target: bigint): bigint {
  return (1n << 256n) / (target + 1n);
}

/** A number as hex with that many digits. */
export function hexOf(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
