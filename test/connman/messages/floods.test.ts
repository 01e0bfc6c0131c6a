// What all peers together may keep waiting, and who has to wait.

import { afterEach, describe, expect, it } from 'vitest';
import { RECEIVE_CHUNK_BYTES } from '../../../ts/connman/parts.ts';
import { MAX_HOLD_UP_MS } from '../../../ts/connman/node/long-messages.ts';
import { CHUNK_OVERHEAD_BYTES } from '../../../ts/connman/node/received-bytes.ts';
import { MemoryBudget } from '../../../ts/util/memory/memory-budget.ts';
import { World, WirePeer, fromWithin } from '../world.ts';

const PLACE = '127.0.0.1:18444';
const FLOODERS = 20;
const TOTAL_BYTES = 1_000_000;

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

describe('peers that flood', () => {
  it('together keep no more waiting than the budget and a block each, and a quiet one is served meanwhile', async () => {
    const memoryBudget = new MemoryBudget({ totalBytes: TOTAL_BYTES });
    const node = await world.node({ bind: [PLACE], memoryBudget });
    const flooders = Array.from({ length: FLOODERS }, () => world.connect(PLACE));
    const quiet = world.connect(PLACE);
    for (const peer of [...flooders, quiet]) peer.greet();
    await world.settle();
    let mostBytes = 0;
    const served: number[] = [];
    node.greeter.onMessage = ({ id }) => {
      mostBytes = Math.max(mostBytes, memoryBudget.usedBytes);
      served.push(id);
    };
    const flood = Buffer.concat(Array.from({ length: 4_000 }, () => flooders[0]!.frame({ type: 'ping', nonce: 1n })));
    for (const peer of flooders) peer.socket.send(flood);
    quiet.send({ type: 'ping', nonce: 2n });
    await world.settle();
    expect(mostBytes).toBeGreaterThan(0.8 * TOTAL_BYTES);
    expect(mostBytes).toBeLessThan(TOTAL_BYTES + FLOODERS * (RECEIVE_CHUNK_BYTES + 2 * CHUNK_OVERHEAD_BYTES));
    expect(served).toHaveLength(FLOODERS * 4_000 + 1);
    // In the first rounds, of 4,000.
    expect(served.indexOf(FLOODERS)).toBeLessThanOrEqual(3 * FLOODERS);
  });

  it('leave nothing booked when they are gone, with whatever waits in both directions', async () => {
    const memoryBudget = new MemoryBudget({ totalBytes: TOTAL_BYTES });
    const node = await world.node({ bind: [PLACE], memoryBudget });
    const peers = Array.from({ length: FLOODERS }, () => world.connect(PLACE));
    for (const peer of peers) peer.greet();
    await world.settle();
    for (const peer of peers) {
      peer.socket.pauseReading();
      peer.socket.send(Buffer.concat(Array.from({ length: 4_000 }, () => peer.frame({ type: 'ping', nonce: 1n }))));
      // Half of a long message.
      peer.socket.send(
        peer.frame({ type: 'unknown', messageType: 'x', payload: new Uint8Array(400_000) }).slice(0, 200_000),
      );
    }
    await world.settle();
    expect(memoryBudget.usedBytes).toBeGreaterThan(0);
    for (const p2pNode of node.connman.nodes()) p2pNode.disconnect('enough');
    await world.settle();
    expect([memoryBudget.usedBytes, memoryBudget.accountCount]).toEqual([0, 0]);
  });

  it('that hold halves of long messages for ever do not keep the long message of another from coming', async () => {
    const memoryBudget = new MemoryBudget({ totalBytes: 100_000 });
    const node = await world.node({ bind: [PLACE], memoryBudget });
    const stalled = Array.from({ length: 10 }, () => world.connect(PLACE));
    const honest = world.connect(PLACE);
    for (const peer of [...stalled, honest]) peer.greet();
    await world.settle();
    const long = { type: 'unknown', messageType: 'x', payload: new Uint8Array(1_000_000) } as const;
    for (const peer of stalled) peer.socket.send(peer.frame(long).slice(0, 500_000));
    await world.settle();
    expect(memoryBudget.usedBytes).toBeGreaterThan(10 * 400_000);
    const lengths: number[] = [];
    node.greeter.onMessage = ({ id }, _type, payload) => lengths.push(id, payload.length);
    honest.send(long);
    await world.settle();
    expect(lengths).toEqual([stalled.length, long.payload.length]);
  });
});

describe('long messages of strangers', () => {
  const BLOCK = { type: 'unknown', messageType: 'x', payload: new Uint8Array(1_000_000) } as const;
  const MAX_BYTES = 3_000_000;
  /** Most that a peer may exceed it by: what is read of it at a time. */
  const STEP_BYTES = 262_144;

  it('wait for each other above a total, while those of peers that we dialed or trust go on, and all come in the end', async () => {
    const trusted = '10.0.0.9';
    const dialed = world.listen('10.0.0.8:18444');
    const node = await world.node({
      bind: ['10.0.0.1:18444'],
      connect: ['10.0.0.8:18444'],
      whitelist: [`noban@${trusted}`],
      memoryBudget: new MemoryBudget({ totalBytes: 100_000_000, heapShare: 1 }),
      maxLongMessageBytes: MAX_BYTES,
      v2Transport: false,
    });
    await world.settle();
    const strangers = Array.from({ length: 8 }, () => world.connect('10.0.0.1:18444'));
    const friends = [world.connect('10.0.0.1:18444', trusted), new WirePeer(dialed.peers[0]!)];
    for (const peer of [...strangers, ...friends]) peer.greet();
    await world.settle();
    const came: number[] = [];
    node.greeter.onMessage = ({ id }, _type, { length }) => void (length === BLOCK.payload.length && came.push(id));
    const held = (): number =>
      [...node.connman.nodes()]
        .map(fromWithin)
        .reduce((sum, { transport }) => sum + transport.getReceiveMemoryUsage(), 0);
    // A short rest is missing of each.
    const halves = [...strangers, ...friends].map((peer) => {
      const frame = peer.frame(BLOCK);
      peer.socket.send(frame.subarray(0, -1));
      return () => peer.socket.send(frame.subarray(-1));
    });
    await world.settle();
    const most = MAX_BYTES + strangers.length * STEP_BYTES + friends.length * BLOCK.payload.length;
    expect(held()).toBeGreaterThan(MAX_BYTES);
    expect(held()).toBeLessThan(most);
    for (const finish of halves.slice(strangers.length)) finish();
    await world.settle();
    expect(came).toHaveLength(friends.length);
    for (const finish of halves.slice(0, strangers.length)) finish();
    await world.pass(1_000, 100);
    expect(new Set(came).size).toBe(strangers.length + friends.length);
    expect(held()).toBe(0);
  });

  it('that stop in the middle cost their senders the connection, and those that waited for them come', async () => {
    const node = await world.node({
      bind: ['10.0.0.1:18444'],
      memoryBudget: new MemoryBudget({ totalBytes: 100_000_000, heapShare: 1 }),
      maxLongMessageBytes: MAX_BYTES,
      v2Transport: false,
    });
    const stopped = Array.from({ length: 4 }, () => world.connect('10.0.0.1:18444'));
    const honest = world.connect('10.0.0.1:18444');
    for (const peer of [...stopped, honest]) peer.greet();
    await world.settle();
    const came: number[] = [];
    node.greeter.onMessage = ({ id }, _type, { length }) => void (length === BLOCK.payload.length && came.push(id));
    for (const peer of stopped) peer.socket.send(peer.frame(BLOCK).subarray(0, -1));
    await world.settle();
    honest.send(BLOCK);
    await world.pass(MAX_HOLD_UP_MS - 1_000, 1_000);
    expect([came, node.closed]).toEqual([[], []]);
    // What the first one held does not suffice for what waits: the second one has to go, too.
    await world.pass(2 * MAX_HOLD_UP_MS, 1_000);
    const reason = 'its long message held up those of others';
    expect(node.closed).toEqual([
      expect.stringMatching(`^[0-3] ${reason}$`),
      expect.stringMatching(`^[0-3] ${reason}$`),
    ]);
    expect(came).toEqual([stopped.length]);
    // Nobody waits now: who stays may take their time.
    await world.pass(10 * MAX_HOLD_UP_MS, 1_000);
    expect(node.connman.getNodeCount()).toBe(3);
  });
});
