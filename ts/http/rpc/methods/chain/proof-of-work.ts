// Targets as clients are told of them. (Bitcoin Core src/rpc/blockchain.cpp, GetDifficulty; src/chain.cpp, GetBlockProof)

/** Difficulty is how many times smaller the target is than this. */
const UNIT_TARGET = 0xffffn << 208n;

/** With sixteen digits; the target has at most 24 significant bits, so that this is exact to the last of them. */
export function difficultyOf(target: bigint): number {
  return Number(UNIT_TARGET) / Number(target);
}

/** How many hashes a block of that target takes, as far as is expected. */
export function workOf(target: bigint): bigint {
  return (1n << 256n) / (target + 1n);
}

/** A number as hex of so many digits. */
export function hexOf(value: number | bigint, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
