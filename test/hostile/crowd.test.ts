// A node and a crowd, over the kernel's own sockets: who waits for whom, what is left when all are gone, and whose slot is
// taken. The same on a clock that stands still is in test/connman.

import { setImmediate as nextPass } from 'node:timers/promises';
import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { InventoryType } from '../../ts/p2p/messages/inventory.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { V1Transport } from '../../ts/p2p/transport/v1.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { versionMessage } from '../connman/world.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

const PING = frame({ type: 'ping', nonce: 7n });
/** A megabyte, give or take. */
const SLACK_BYTES = 2_000_000;

let connman: Connman;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await connman.stop();
});

async function start(options: ConnmanOptions = {}): Promise<void> {
  const told = { chain: 'regtest', noConnect: true, v2Transport: false, bind: ['127.0.0.1:0'] } as const;
  connman = new Connman({ ...told, ...options });
  for (const event of ['inboundConnection', 'closedConnection', 'evictedInboundConnection'] as const)
    connman.on(event, noteProgress);
  await connman.start(new PeerManager());
}

function frame(message: Message): Buffer {
  const transport = new V1Transport(CHAIN_PARAMS.regtest.magic);
  const pieces: Uint8Array[] = [];
  transport.setMessageToSend(encodeMessage(message));
  for (let bytes = transport.getBytesToSend(false).toSend; bytes.length > 0;) {
    pieces.push(bytes);
    transport.markBytesSent(bytes.length);
    bytes = transport.getBytesToSend(false).toSend;
  }
  return Buffer.concat(pieces);
}

/** Peers that have made their handshake. */
async function join(count: number): Promise<Socket[]> {
  const { port } = connman.listeningAt[0]!;
  const joined = Array.from({ length: count }, () => {
    const socket = createConnection(port, '127.0.0.1').on('error', () => {});
    socket.on('data', noteProgress);
    socket.write(Buffer.concat([frame(versionMessage()), frame({ type: 'verack' })]));
    sockets.push(socket);
    return socket;
  });
  await until('the handshakes', () => joined.every(isReady));
  return joined;
}

async function passesUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await nextPass();
}

function isReady({ localPort }: Socket): boolean {
  return [...connman.nodes()].some(
    ({ addr, isSuccessfullyConnected }) => isSuccessfullyConnected && addr.port === localPort,
  );
}

function messagesOf(type: string): number {
  return [...connman.messageTotals().received].find(([name]) => name === type)?.[1].messages ?? 0;
}

describe('a node and a crowd over real sockets', () => {
  it('answers a quiet peer before most of those that flood with costly messages have had their turn', async () => {
    const FLOODERS = 60;
    const PINGS = 20;
    await start();
    const inv = frame({
      type: 'inv',
      items: Array.from({ length: 20_000 }, () => ({ type: InventoryType.BLOCK, hash: new Uint8Array(32) })),
    });
    const flooders = await join(FLOODERS);
    const [quiet] = (await join(1)) as [Socket];
    for (const flooder of flooders) {
      const flood = (): void => void (flooder.destroyed || flooder.write(inv, flood));
      flood();
    }
    await inTime(
      'the flood',
      passesUntil(() => messagesOf('inv') > FLOODERS),
    );
    let pongs = 0;
    quiet.on('data', (data) => {
      pongs += data.toString('latin1').split('pong').length - 1;
      noteProgress();
    });
    let before = 0;
    for (let ping = 1; ping <= PINGS; ping++) {
      const count = messagesOf('inv');
      quiet.write(PING);
      await until('the pong', () => pongs >= ping);
      before += messagesOf('inv') - count;
    }
    // In rounds that ask for no price, about one of each comes first.
    expect(before).toBeLessThan((PINGS * FLOODERS) / 2);
  });

  it('lets go of half messages with their peers, without a garbage collection', async () => {
    const PEERS = 12;
    const HALF_BYTES = 3_000_000;
    await start();
    const peers = await join(PEERS);
    const half = frame({ type: 'unknown', messageType: 'x', payload: new Uint8Array(4_000_000) }).subarray(
      0,
      HALF_BYTES,
    );
    const startBytes = process.memoryUsage().arrayBuffers;
    for (const peer of peers) peer.write(half);
    const heldBytes = (): number => process.memoryUsage().arrayBuffers - startBytes;
    await inTime(
      'all halves',
      passesUntil(() => heldBytes() > 0.9 * PEERS * HALF_BYTES),
    );
    for (const peer of peers) peer.destroy();
    await until('all are gone', () => connman.getNodeCount() === 0);
    expect(heldBytes()).toBeLessThan(SLACK_BYTES);
  });

  it('gives newcomers the slots of those that went, and evicts nobody for it', async () => {
    await start({ maxConnections: 30 });
    const { maxInbound } = connman.budget;
    const evicted: number[] = [];
    connman.on('evictedInboundConnection', ({ id }) => evicted.push(id));
    const peers = await join(maxInbound);
    for (const [index, peer] of peers.slice(0, 6).entries()) {
      if (index % 2 === 0) peer.destroy();
      else peer.resetAndDestroy();
    }
    // Those that hung up and those that come may be seen in one pass.
    await join(6);
    expect(evicted).toEqual([]);
    expect(connman.getNodeCount('in')).toBe(maxInbound);
  });
});
