// Reproducible randomness for code that takes a source of bytes. For tests only.

import { createHash } from 'node:crypto';

/** A source of bytes that is the same for the same seed: SHA-256 over the seed and a counter. */
export function seededBytes(seed: number | string): (byteCount: number) => Uint8Array {
  let counter = 0;
  return (byteCount) => {
    const bytes = new Uint8Array(byteCount);
    for (let at = 0; at < byteCount; at += 32) {
      const block = createHash('sha256').update(`${seed}/${counter++}`).digest();
      bytes.set(block.subarray(0, byteCount - at), at);
    }
    return bytes;
  };
}
