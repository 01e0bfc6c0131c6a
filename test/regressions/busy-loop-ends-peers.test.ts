// A process that was busy, or stopped, for longer than a time-out found its peers silent: timers run before the sockets are
// asked, and what the peers had said meanwhile was still in the kernel. Real sockets: only there do bytes wait.

import { createConnection, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import { createSockMan } from '../../ts/index.ts';
import { TOR_REPLY_TIMEOUT_MS, TorControl } from '../../ts/tor/tor-control.ts';
import { HttpServer } from '../../ts/http.ts';
import { INACTIVITY_SWEEP_MS } from '../../ts/connman/node/timeouts.ts';
import type { P2PNode } from '../../ts/connman/node/peer.ts';
import type { Service } from '../../ts/netaddr/service.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { V1Transport, V1_HEADER_BYTES } from '../../ts/p2p/transport/v1.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { SETUP_TIMEOUT_MS, SWEEP_MS } from '../../ts/stratum/limits.ts';
import { encodeMessage as encodeSv2Message } from '../../ts/stratum/messages/registry.ts';
import { Sv2Connman } from '../../ts/stratum/server/sv2-connman.ts';
import { Sv2Transport } from '../../ts/stratum/sv2-transport.ts';
import type { Clock } from '../../ts/util/time/clock.ts';
import { systemClock } from '../../ts/util/time/clock.ts';
import { PONG_TIMEOUT_MS } from '../../ts/peerman/conversation/ping.ts';
import { noteProgress, until } from '../harness/until.ts';
import { MAGIC, versionMessage } from '../connman/world.ts';
import { setupConnection } from '../stratum/server/server-stage.ts';

const BUSY_MS = 400;

function work(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A client whose bytes are in the kernel once `write` has returned. */
async function client({ port, address }: Service): Promise<{ socket: Socket; received: () => Buffer }> {
  const socket = createConnection({ port, host: address.toString() });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    noteProgress();
  });
  socket.on('error', noteProgress);
  socket.on('close', noteProgress);
  ends.push(() => socket.destroy());
  await new Promise<void>((resolve) => void socket.once('connect', resolve));
  return { socket, received: () => Buffer.concat(chunks) };
}

function frames(...messages: Message[]): Buffer {
  const transport = new V1Transport(MAGIC);
  const pieces: Uint8Array[] = [];
  for (const message of messages) {
    transport.setMessageToSend(encodeMessage(message));
    for (;;) {
      const { toSend } = transport.getBytesToSend(false);
      if (toSend.length === 0) break;
      pieces.push(toSend.slice());
      transport.markBytesSent(toSend.length);
    }
  }
  return Buffer.concat(pieces);
}

/** The host's clock, with a wall clock that can be set forward. */
function settableClock(): Clock & { aheadMs: number } {
  return {
    ...systemClock,
    aheadMs: 0,
    wallTimeMs() {
      return systemClock.wallTimeMs() + this.aheadMs;
    },
  };
}

async function node(clock: Clock): Promise<{ connman: Connman; closed: string[] }> {
  const connman = new Connman({
    chain: 'regtest',
    noConnect: true,
    bind: ['127.0.0.1:0'],
    peerTimeoutSeconds: 1,
    clock,
  });
  const closed: string[] = [];
  connman.on('closedConnection', ({ reason }) => {
    closed.push(reason);
    noteProgress();
  });
  ends.push(() => connman.stop());
  connman.on('inboundMessage', () => setImmediate(noteProgress));
  await connman.start(new PeerManager({ clock }));
  return { connman, closed };
}

const hasPong = (connman: Connman): boolean =>
  [...connman.nodes()].some(({ lastPingTimeMs }) => lastPingTimeMs !== undefined);

const isConnected = (connman: Connman): boolean =>
  [...connman.nodes()].some(({ isSuccessfullyConnected }) => isSuccessfullyConnected);

/** The nonce of the first `ping`, as it came; undefined before one came. */
function pingNonce(received: Buffer): bigint | undefined {
  const nameAt = received.indexOf('ping\0');
  const payloadAt = nameAt + V1_HEADER_BYTES - MAGIC.length;
  return nameAt === -1 || received.length < payloadAt + 8 ? undefined : received.readBigUInt64LE(payloadAt);
}

describe('a process that is busy past a time-out', () => {
  it('does not end a peer whose handshake is in the kernel', async () => {
    const { connman, closed } = await node(systemClock);
    const peer = await client(connman.listeningAt[0]!);
    await expect.poll(() => connman.getNodeCount()).toBe(1);
    work(800);
    peer.socket.write(frames(versionMessage(), { type: 'verack' }));
    work(BUSY_MS);
    await until('the handshake or the end', () => isConnected(connman) || closed.length > 0);
    expect(closed).toEqual([]);
  });

  it('does not end a peer whose pong is in the kernel', async () => {
    const clock = settableClock();
    const { connman, closed } = await node(clock);
    const peer = await client(connman.listeningAt[0]!);
    peer.socket.write(frames(versionMessage(), { type: 'verack' }));
    await until('a ping', () => pingNonce(peer.received()) !== undefined);
    const [{ lastPingTimeMs }] = [...connman.nodes()] as [P2PNode];
    expect(lastPingTimeMs).toBeUndefined();

    clock.aheadMs = PONG_TIMEOUT_MS + 60_000;
    peer.socket.write(frames({ type: 'pong', nonce: pingNonce(peer.received())! }));
    // The round that judges pongs and the look for silence both come due meanwhile.
    work(1_200);
    await until('the pong or the end', () => closed.length > 0 || hasPong(connman));
    await delay(INACTIVITY_SWEEP_MS + 100);
    expect(closed).toEqual([]);
  });

  it('does not end a Stratum client whose set-up is in the kernel', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const server = new Sv2Connman({ noise: false, clock });
    const told: string[] = [];
    ends.push(() => server.stop());
    const { bound } = server.bindAndStartListening('127.0.0.1:0');
    server.start({
      onConstraints: () => {},
      onSubmitSolution: () => {},
      answerTransactionData: () => Promise.reject(new Error('nobody asks')),
      onClientGone: (_client, reason) => {
        told.push(reason);
        noteProgress();
      },
    });
    const peer = await client(bound!);
    await expect.poll(() => server.clients().length).toBe(1);
    const transport = new Sv2Transport({ role: 'clear' });
    transport.setFrameToSend(encodeSv2Message(setupConnection()));
    peer.socket.write(transport.getBytesToSend(false).toSend);
    aheadMs = SETUP_TIMEOUT_MS;
    work(SWEEP_MS + BUSY_MS);
    await until('the answer or the end', () => peer.received().length > 0 || told.length > 0);
    expect(told).toEqual([]);
    expect(server.clients()[0]!.state).toBe('confirmed');
  });

  it('does not leave a Tor whose reply is in the kernel', async () => {
    // A hundred times as fast: a command has 100 ms to go out, its reply 600 ms to come.
    const clock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };
    const tor = createServer();
    await new Promise<void>((resolve) => void tor.listen(0, '127.0.0.1', resolve));
    ends.push(() => tor.close());
    const accepted = new Promise<Socket>((resolve) => void tor.once('connection', resolve));
    const sockMan = createSockMan({ eventGotData() {} });
    sockMan.startSocketsThreads();
    ends.push(() => sockMan[Symbol.asyncDispose]());
    const { port } = tor.address() as AddressInfo;
    const control = await TorControl.connect(sockMan, `127.0.0.1:${port}`, { clock });
    const socket = await accepted;
    ends.push(() => socket.destroy());
    const asked = control.command('PROTOCOLINFO 1');
    await new Promise((resolve) => void socket.once('data', resolve));
    socket.write('250 OK\r\n');
    work(TOR_REPLY_TIMEOUT_MS / 100 + BUSY_MS);
    expect(await asked).toMatchObject({ code: 250 });
    control.close();
  });

  it('does not close a connection whose request is in the kernel', async () => {
    const server = new HttpServer({ idleTimeoutSeconds: 1 });
    server.route('GET', '/', (request) => request.writeReply(200, 'in time'));
    ends.push(() => server.stop());
    const peer = await client(server.start()[0]!);
    // The last look but one has been, the next finds a second of silence.
    await delay(1_100);
    peer.socket.write('GET / HTTP/1.1\r\n\r\n');
    work(BUSY_MS);
    await until('the answer or the end', () => peer.socket.destroyed || peer.received().includes('in time'));
    expect(peer.received().toString()).toContain('in time');
  });
});
