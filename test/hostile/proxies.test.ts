// A SAM bridge and a Tor control port that flood their users, over the kernel's own sockets: both are given up after a
// bounded number of bytes, and what they wrote is not kept.

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';

import { addressOfDestination } from '../../ts/sockman/dial/i2p-destination.ts';
import { SAM_MAX_LINE_BYTES } from '../../ts/sockman/dial/sam-line.ts';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import type { SockMan } from '../../ts/sockman/sock-man.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { TOR_MAX_REPLY_BYTES } from '../../ts/tor/reply-reader.ts';
import { TorControl } from '../../ts/tor/tor-control.ts';
import { D1 } from '../harness/dials/i2p-destinations.ts';
import { goodSamAnswer } from '../harness/dials/sam-bridge.ts';
import { inTime } from '../harness/until.ts';

/** What a turn may read beyond what was needed to judge. */
const UNDER_WAY_BYTES = 16 * 1024 * 1024;

let server: Server | undefined;
let sockMan: SockMan | undefined;
afterEach(async () => {
  await sockMan?.[Symbol.asyncDispose]();
  server?.close();
});

/** Listens on loopback. @returns `address:port`. */
async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function start(): SockMan {
  sockMan = createSockMan({ eventGotData() {} });
  sockMan.startSocketsThreads();
  return sockMan;
}

/** Writes a block again and again, as fast as it is taken, until the other end is gone. */
class Flood {
  writtenBytes = 0;
  /** The other end closed the connection. */
  readonly over: Promise<void>;

  constructor(socket: Socket, block: Buffer) {
    this.over = new Promise((resolve) => socket.once('close', () => resolve()));
    const write = (): void => {
      if (socket.destroyed || this.writtenBytes > 4 * UNDER_WAY_BYTES) return;
      this.writtenBytes += block.length;
      socket.write(block, write);
    };
    write();
  }
}

describe('a Tor control port', () => {
  it.each([
    ['events before authentication', Buffer.from('650 X\r\n'.repeat(10_000)), 'unasked-reply', 0],
    ['lines of 90 kB', Buffer.from(`250-${'x'.repeat(90_000)}\r\n`), 'reply-too-long', TOR_MAX_REPLY_BYTES],
    ['lines of nothing', Buffer.alloc(10_000, '\n'), 'reply-too-long', TOR_MAX_REPLY_BYTES],
  ])('that floods with %s is given up', async (_what, block, failure, readBytes) => {
    let flood: Flood | undefined;
    const at = await listen((socket) => socket.once('data', () => (flood = new Flood(socket, block))));
    const node = start();
    const control = await TorControl.connect(node, at);
    const answer = control.command('PROTOCOLINFO 1').catch((error: unknown) => error);
    expect(await answer).toMatchObject({ code: 'ERR_SOCKMAN_TOR_CONTROL', failure });
    expect(node.stats().receivedBytes).toBeLessThan(readBytes + UNDER_WAY_BYTES);
    await inTime('the end of the flood', flood!.over);
  });
});

describe('a SAM bridge', () => {
  it('that floods on the control socket of a session loses the session, and not its streams', async () => {
    const sockets: Socket[] = [];
    const at = await listen((socket) => {
      sockets.push(socket);
      socket.on('data', (chunk) => {
        const answer = goodSamAnswer(String(chunk).trimEnd());
        if (answer !== undefined) socket.write(`${answer}\n`);
      });
    });
    const node = start();
    const peer = new Service(addressOfDestination(D1), 0);
    const dialed = await node.connectAndMakeNodeId(peer, { proxy: { endpoint: at } });
    expect(dialed.errmsg).toBeUndefined();
    const flood = new Flood(sockets[0]!, Buffer.from('PING 1\n'.repeat(1_000)));
    await inTime('the end of the flood', flood.over);
    expect(flood.writtenBytes).toBeGreaterThanOrEqual(SAM_MAX_LINE_BYTES);
    expect(node.stats().receivedBytes).toBeLessThan(UNDER_WAY_BYTES);
    expect(node.addressesOf(dialed.nodeId!)).toBeDefined();
  });
});
