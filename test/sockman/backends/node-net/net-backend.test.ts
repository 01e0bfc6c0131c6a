// What is particular to the backend on `node:net`: hostile remote ends played by plain sockets, and what it leaves behind.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Service } from '../../../../ts/netaddr/service.ts';
import { NodeNetBackend } from '../../../../ts/sockman/backends/node-net.ts';
import type { BackendOptions } from '../../../../ts/sockman/backends/backend.ts';
import { LINGER_MS, READ_AHEAD_BYTES } from '../../../../ts/sockman/backends/node-net/net-socket.ts';
import { EADDRNOTAVAIL } from '../../../../ts/util/errors/errno.ts';
import { countDescriptors, noDescriptorCount } from '../../../harness/descriptors.ts';
import { Station, plainListen } from '../../../../ts/sockman/conformance/station.ts';

const ANY_PORT = Service.parse('127.0.0.1:0');
/** An address of nobody here. (RFC 5737) */
const NOT_OURS = Service.parse('203.0.113.1:0');

describe('NodeNetBackend', () => {
  let stations: Station[] = [];
  let sockets: Socket[] = [];

  afterEach(() => {
    vi.useRealTimers();
    for (const { backend } of stations) backend.destroy();
    for (const socket of sockets) socket.destroy();
    stations = [];
    sockets = [];
  });

  function station(options: Partial<BackendOptions> = {}): Station {
    const made = new Station((settings) => new NodeNetBackend(settings), options).start();
    stations.push(made);
    return made;
  }

  /** A plain socket to an address; it does not read. Its errors are to be looked for by the test. */
  async function dial(to: Service): Promise<Socket> {
    const socket = connect({ host: '127.0.0.1', port: to.port, allowHalfOpen: true });
    sockets.push(socket);
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }

  async function accepted() {
    const listening = station();
    const { bound } = listening.listen(ANY_PORT);
    const peer = await dial(bound);
    await listening.until('the accept', () => listening.accepted.length === 1);
    return { listening, bound, peer, server: listening.accepted[0]!.handle };
  }

  function write(socket: Socket, data: Uint8Array): Promise<void> {
    return new Promise((resolve) => void socket.write(data, () => resolve()));
  }

  it('delivers what arrived before an RST, all of it, also when it was not asked for until then', async () => {
    const { listening, peer, server } = await accepted();
    listening.setReceiving(server, false);
    const data = Uint8Array.from({ length: READ_AHEAD_BYTES + 100 }, (_, index) => index % 251);
    // The last bytes come when the queue is full: the stream keeps them.
    await write(peer, data.subarray(0, READ_AHEAD_BYTES));
    await listening.quiet();
    await write(peer, data.subarray(READ_AHEAD_BYTES));
    await listening.quiet();
    peer.resetAndDestroy();
    await listening.quiet();
    listening.setReceiving(server, true);
    await listening.until('the error', () => listening.of(server).has('ECONNRESET'));
    expect(listening.of(server).bytes.equals(data)).toBe(true);
    expect(listening.of(server).events.at(-1)).toBe('ECONNRESET');
  });

  it('takes no more from a peer that floods than it reads ahead, while receiving is off', async () => {
    const { listening, peer, server } = await accepted();
    listening.setReceiving(server, false);
    const flood = new Uint8Array(32 * 1024 * 1024);
    let isFlushed = false;
    peer.write(flood, () => (isFlushed = true));
    await listening.quiet();
    expect(isFlushed).toBe(false);
    expect(peer.writableLength).toBeGreaterThan(0);
    listening.setReceiving(server, true);
    await listening.until('the flood', () => listening.of(server).byteCount === flood.length);
  });

  it('gives up on a closed connection whose peer never reads', async (context) => {
    context.skip(noDescriptorCount !== undefined, noDescriptorCount);
    const { listening, peer, server } = await accepted();
    for (let taken = listening.fill(server); taken > 0; taken = listening.fill(server)) await listening.quiet();
    const { sentBytes } = listening.backend.countersOf(server)!;
    const descriptors = countDescriptors();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    listening.backend.close(server);
    vi.advanceTimersByTime(LINGER_MS - 1);
    await listening.quiet();
    expect(countDescriptors()).toBe(descriptors);
    vi.advanceTimersByTime(1);
    await listening.quiet();
    expect(countDescriptors()).toBe(descriptors - 1);
    const gone = new Promise<void>((resolve) => peer.once('close', () => resolve()));
    peer.on('end', () => peer.destroy()).resume();
    await gone;
    expect(peer.bytesRead).toBeLessThan(sentBytes);
  });

  it('resets what is sent to a connection it closed', async () => {
    const { listening, peer, server } = await accepted();
    listening.backend.close(server);
    peer.resume();
    await once(peer, 'end');
    const failed = once(peer, 'error');
    // The first bytes draw the RST, the next ones find it.
    await write(peer, Buffer.from('anyone?'));
    await listening.quiet();
    peer.write('hello?');
    expect(['ECONNRESET', 'EPIPE']).toContain(((await failed)[0] as { code: string }).code);
  });

  it('drops with RST what comes to a paused listener beyond its backlog', async () => {
    const listening = station();
    const { handle: listener, bound } = listening.listen(ANY_PORT, { backlog: 2 });
    listening.backend.setAccepting(listener, false);
    const kept = [await dial(bound), await dial(bound)];
    await listening.quiet();
    const dropped = connect({ host: '127.0.0.1', port: bound.port });
    sockets.push(dropped);
    expect((await once(dropped, 'error'))[0]).toMatchObject({ code: 'ECONNRESET' });
    listening.backend.setAccepting(listener, true);
    await listening.until('the accepts', () => listening.accepted.length === 2);
    expect(kept.every((socket) => !socket.destroyed)).toBe(true);
  });

  it('resets what waits at a listener that closes', async () => {
    const listening = station();
    const { handle: listener, bound } = listening.listen(ANY_PORT);
    listening.backend.setAccepting(listener, false);
    const peer = await dial(bound);
    await listening.quiet();
    const failed = once(peer, 'error');
    peer.resume();
    listening.backend.close(listener);
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' });
  });

  it('tells at once why it cannot listen', () => {
    const { backend } = station();
    expect(backend.listen(NOT_OURS, plainListen)).toEqual({ ok: false, syscall: 'bind', errno: EADDRNOTAVAIL });
    expect(backend.listen(Service.unix('/no/such/folder/socket'), plainListen)).toMatchObject({ ok: false });
  });

  it('tells why it cannot dial from an address', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const dialing = station();
    const result = dialing.backend.connect(Service.parse(`127.0.0.1:${port}`), { localAddress: NOT_OURS });
    expect(result.ok).toBe(true);
    const handle = result.ok ? result.handle : 0;
    await dialing.until('the failure', () => dialing.of(handle).events.length > 0);
    expect(dialing.of(handle).events).toEqual(['connected EADDRNOTAVAIL']);
    server.close();
  });

  it('survives 200 peers that reset in the middle of an exchange', async () => {
    const listening = station();
    const { bound } = listening.listen(ANY_PORT);
    listening.onRecord = (handle) => {
      for (let count = 0; count < 10; count++) listening.send(handle, new Uint8Array(10_000));
    };
    for (let count = 0; count < 200; count++) {
      const peer = await dial(bound);
      peer.write('go');
      if (count % 2 === 0) await once(peer.resume(), 'data');
      peer.resetAndDestroy();
    }
    const isOver = ({ handle }: { handle: number }): boolean => listening.of(handle).has('ECONNRESET');
    await listening.until('200 errors', () => listening.accepted.length === 200 && listening.accepted.every(isOver));
  });

  it('leaves no handle behind when destroyed, whatever its sockets were doing', async () => {
    const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe/.test(name));
    await new Promise<void>((resolve) => setImmediate(resolve));
    const before = resources();
    const { listening, bound, peer, server } = await accepted();
    const dialing = station();
    dialing.connect(bound);
    dialing.connect(Service.parse('127.0.0.1:1'));
    listening.backend.listen(bound, plainListen);
    listening.backend.listen(NOT_OURS, plainListen);
    listening.send(server, 'a few bytes');
    const paused = listening.listen(ANY_PORT);
    listening.backend.setAccepting(paused.handle, false);
    await dial(paused.bound);
    peer.destroy();
    for (const { backend } of stations) backend.destroy();
    for (const socket of sockets) socket.destroy();
    for (let tries = 0; tries < 1000 && resources().length > before.length; tries++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect(resources()).toEqual(before);
  });
});
