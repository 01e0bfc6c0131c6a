// The records and bytes of one turn.

import { MAX_RECORDS, RECORD_WORDS } from '../backend.ts';
import { Slab } from '../slab.ts';

/** Least room for the bytes of one turn, so that small chunks do not end a turn early. */
const MIN_TURN_BYTES = 256 * 1024;

/** Chunks of full size that fit into one turn at least: one socket's flood leaves room for others. */
const TURN_CHUNKS = 4;

export class TurnBatch {
  readonly records = new Int32Array(MAX_RECORDS * RECORD_WORDS);
  readonly slab: Slab;
  readonly chunkBytes: number;
  /** Offset of the chunk for `receive`, behind the room for the bytes of the turn. */
  readonly deferredOffset: number;
  recordCount = 0;
  /** Bytes of the slab that records of this turn refer to. */
  usedBytes = 0;

  constructor(receiveChunkBytes: number) {
    this.chunkBytes = receiveChunkBytes;
    this.deferredOffset = Math.max(TURN_CHUNKS * receiveChunkBytes, MIN_TURN_BYTES);
    this.slab = new Slab(this.deferredOffset + receiveChunkBytes);
  }

  begin(): void {
    this.recordCount = 0;
    this.usedBytes = 0;
  }

  /** Whether room is missing for a further record, or for the bytes of a further receive. */
  get isFull(): boolean {
    return this.recordCount === MAX_RECORDS || this.usedBytes + this.chunkBytes > this.deferredOffset;
  }

  add(handle: number, flags: number, a: number, b: number): void {
    const word = this.recordCount++ * RECORD_WORDS;
    this.records[word] = handle;
    this.records[word + 1] = flags;
    this.records[word + 2] = a;
    this.records[word + 3] = b;
  }
}
