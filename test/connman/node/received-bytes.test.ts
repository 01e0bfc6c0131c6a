import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, BlockPool } from '../../../ts/connman/node/block-pool.ts';
import { LongMessages } from '../../../ts/connman/node/long-messages.ts';
import { FIRST_PART_BYTES } from '../../../ts/p2p/transport/transport.ts';
import { CHUNK_OVERHEAD_BYTES, ReceivedBytes } from '../../../ts/connman/node/received-bytes.ts';
import { MemoryBudget } from '../../../ts/util/memory/memory-budget.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

function make() {
  const budget = new MemoryBudget({ totalBytes: 10_000_000 });
  const pool = new BlockPool();
  return { budget, pool, received: new ReceivedBytes(budget.open(), pool) };
}

/** Reads at most `count` bytes of the first chunk. */
function read(received: ReceivedBytes, count: number): Uint8Array {
  const { bytes, offset } = received;
  const piece = bytes.slice(offset, offset + count);
  received.skip(piece.length);
  return piece;
}

describe('received bytes', () => {
  it('come out as they went in, however they are cut', () => {
    const { budget, pool, received } = make();
    const random = seededUint32(7);
    const sent = Buffer.from(seededBytes('received')(400_000));
    const read1: Uint8Array[] = [];
    for (let at = 0; at < sent.length || !received.isEmpty;) {
      const size = [1, 40, 3_000, 20_000, 60_000][random() % 5]!;
      received.append(sent.subarray(at, at + size), at);
      at += size;
      for (let reads = random() % 6; reads > 0 && !received.isEmpty; reads--)
        read1.push(read(received, 1 + (random() % 30_000)));
    }
    expect(Buffer.concat(read1).equals(sent)).toBe(true);
    expect([budget.usedBytes, pool.lentCount]).toEqual([0, 0]);
  });

  it('leave nothing booked when the pool frees their blocks', () => {
    const { budget, pool, received } = make();
    received.append(new Uint8Array(200 * BLOCK_BYTES), 1);
    while (!received.isEmpty) read(received, BLOCK_BYTES);
    expect(pool.freeCount).toBeLessThan(200);
    expect(budget.usedBytes).toBe(0);
  });

  it('of a peer that drips take a block, not an array for each', () => {
    const { budget, received } = make();
    for (let count = 0; count < 8_000; count++) received.append(Uint8Array.of(count), count);
    expect(budget.usedBytes).toBeLessThanOrEqual(BLOCK_BYTES + 1 + 2 * CHUNK_OVERHEAD_BYTES);
  });

  it('have the time of the last ones they were put together with', () => {
    const { received } = make();
    received.append(new Uint8Array(3_000), 5);
    received.append(new Uint8Array(3_000), 9);
    read(received, 10);
    expect(received.readTimeMs).toBe(9);
  });

  it('are gone with their connection, and whatever comes later', () => {
    const { budget, pool, received } = make();
    received.append(new Uint8Array(100_000), 1);
    received.pin(4_000);
    received.close();
    received.append(new Uint8Array(100_000), 2);
    expect([budget.usedBytes, pool.lentCount, received.isEmpty, budget.accountCount]).toEqual([0, 0, true, 0]);
  });
});

describe('long messages of inbound peers', () => {
  it('wait for each other above a total, but for the one that began first', () => {
    const budget = new MemoryBudget({ totalBytes: 100_000_000, heapShare: 1 });
    const pool = new BlockPool();
    const all = new LongMessages(3_000_000);
    const peers = Array.from({ length: 4 }, () => new ReceivedBytes(budget.open(), pool, all));
    const dialed = new ReceivedBytes(budget.open(), pool);
    const paused = (): boolean[] => [...peers, dialed].map(({ isPaused }) => isPaused);
    for (const received of [...peers.slice(0, 3), dialed]) received.pin(1_000_000);
    expect(paused()).toEqual([false, false, false, false, false]);
    peers[1]!.pin(1_000_001);
    expect(paused()).toEqual([false, true, true, false, false]);
    // A short one goes on.
    peers[3]!.pin(FIRST_PART_BYTES);
    expect(peers[3]!.isPaused).toBe(false);
    // The first is done, and the next goes on; it goes, and nobody has to wait.
    peers[3]!.pin(2_000_000);
    peers[0]!.pin(0);
    expect(paused()).toEqual([false, false, true, true, false]);
    peers[1]!.close();
    peers[1]!.pin(2_000_000);
    expect(paused()).toEqual([false, false, false, false, false]);
    expect(all.bytes).toBe(3_000_000);
  });
});

describe('a block pool', () => {
  it('keeps no more free blocks than are in use, or a mebibyte', () => {
    const pool = new BlockPool();
    const blocks = Array.from({ length: 1_000 }, () => pool.lend());
    for (const block of blocks) {
      pool.takeBack(block);
      expect(pool.freeCount).toBeLessThanOrEqual(Math.max(128, pool.lentCount));
    }
    expect([pool.lentCount, pool.freeCount]).toEqual([0, 128]);
  });
});
