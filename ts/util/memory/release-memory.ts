// Frees the memory of large arrays at once, without waiting for the garbage collector.
//
// The collector runs when objects are made. A program that received a few hundred megabytes and then nothing more makes none, and
// keeps them for minutes. Moving an array's buffer to nowhere frees it on the spot.

import { lazily } from '../load-later.ts';

/** Smaller arrays are not worth the call, in bytes. */
export const MIN_RELEASED_BYTES = 16_384;

/** A closed port: a buffer transferred to it is freed. */
const nowhere = lazily(() => {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
});

/**
 * Frees the memory of an array that is no longer needed: it is empty afterwards, as is every other view of its buffer. Small
 * arrays, and those that share their buffer, are left to the garbage collector.
 *
 * @param bytes - Must not be used afterwards.
 */
export function releaseMemory(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (bytes.length < MIN_RELEASED_BYTES || bytes.length !== buffer.byteLength) return;
  // `ArrayBuffer.prototype.transfer` came with Node 21; with length 0 it keeps nothing.
  const movable = buffer as ArrayBuffer & { transfer?: (byteLength: number) => ArrayBuffer };
  if (movable.transfer !== undefined) movable.transfer(0);
  else nowhere().postMessage(undefined, [movable]);
}
