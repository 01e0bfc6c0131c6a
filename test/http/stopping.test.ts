// Limits of connections and time, and the way a server stops; in memory, where time is the test's.

import { describe, expect, it } from 'vitest';
import { HttpServer } from '../../ts/http.ts';
import type { HttpServerOptions } from '../../ts/http.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import type { MemoryPeer } from '../../ts/testing.ts';
import { answersIn } from './stage.ts';

const HELLO = 'GET /hello HTTP/1.1\r\n\r\n';

function world(options: HttpServerOptions = {}) {
  const network = new MemoryNetwork();
  const { clock } = network;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const logger = { debug: log, info: log, warn: log, error: log };
  const server = new HttpServer({ backend: network.createBackend, clock, logger, bind: ['127.0.0.1:80'], ...options });
  server.route('GET', '/hello', (request) => request.writeReply(200, 'hello'));
  server.route('GET', '/slow', async (request) => {
    await new Promise<void>((resolve) => void clock.after(3_000, resolve));
    request.writeReply(200, 'slow');
  });
  const dial = (from?: string, to = '127.0.0.1:80'): MemoryPeer => network.connect(to, from);
  /** Promise callbacks come between turns of the host's loop, and timers of the network when its clock goes. */
  const pass = async (milliseconds: number): Promise<void> => {
    for (let step = 0; step < milliseconds; step += 50) {
      clock.advance(50);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { network, server, dial, pass, lines };
}

const heard = (peer: MemoryPeer): string => Buffer.from(peer.take()).toString();

describe('an HTTP connection', () => {
  it.each(['', 'GET /hel', 'POST /hello HTTP/1.1\r\nContent-Length: 5\r\n\r\nab'])(
    'that was silent for two seconds behind %j closes without a byte',
    async (sent) => {
      const { server, dial, pass } = world({ idleTimeoutSeconds: 2 });
      server.start();
      const peer = dial();
      peer.send(sent);
      await pass(1_900);
      expect(peer.hasEOF).toBe(false);
      await pass(600);
      expect(peer.hasEOF).toBe(true);
      expect(heard(peer)).toBe('');
      expect(server.httpStats()).toMatchObject({ timeouts: 1, connections: 0 });
    },
  );

  it('lives two seconds behind an answer that took three', async () => {
    const { server, dial, pass } = world({ idleTimeoutSeconds: 2 });
    server.start();
    const peer = dial();
    peer.send('GET /slow HTTP/1.1\r\n\r\n');
    await pass(3_100);
    expect(heard(peer)).toMatch(/slow$/);
    await pass(1_800);
    expect(peer.hasEOF).toBe(false);
    await pass(700);
    expect(peer.hasEOF).toBe(true);
  });

  it('lives as long as a byte comes every second, unless a head has a deadline', async () => {
    for (const [requestDeadlineSeconds, hasEnded] of [
      [0, false],
      [5, true],
    ] as const) {
      const { server, dial, pass } = world({ idleTimeoutSeconds: 2, requestDeadlineSeconds });
      server.start();
      const peer = dial();
      for (let count = 0; count < 10; count++) {
        peer.send('G');
        await pass(1_000);
      }
      expect(peer.hasEOF).toBe(hasEnded);
      server.closeSockets();
    }
  });

  it('never times out with a timeout of 0', async () => {
    const { server, dial, pass } = world({ idleTimeoutSeconds: 0 });
    server.start();
    const peer = dial();
    await pass(100_000);
    expect(peer.hasEOF).toBe(false);
  });

  it('of a thousand slow clients ends with its time, and others are served meanwhile', async () => {
    const { server, dial, pass } = world({ idleTimeoutSeconds: 5, maxConnections: 2_000 });
    server.start();
    const slow = Array.from({ length: 1_000 }, (_, index) => {
      const peer = dial();
      peer.send(
        index % 2 === 0 ? 'GET /hello HTTP/1.1\r\nA: ' : 'POST /hello HTTP/1.1\r\nContent-Length: 30000000\r\n\r\nx',
      );
      return peer;
    });
    await pass(1_000);
    const other = dial();
    other.send(HELLO);
    await pass(100);
    expect(heard(other)).toMatch(/hello$/);
    await pass(6_000);
    expect(slow.every(({ hasEOF }) => hasEOF)).toBe(true);
    expect(server.httpStats().connections).toBe(0);
  });
});

describe('HttpServer', () => {
  it('closes on a peer outside its allow-list, and reads nothing of it', async () => {
    const { server, dial, pass } = world({ allowIp: ['10.0.0.0/8', 'fd00::/8'], bind: ['0.0.0.0:80', '[::]:80'] });
    server.start();
    const [v4, v6] = ['127.0.0.1:80', '[::1]:80'];
    for (const [from, to, isIn] of [
      ['11.0.0.1:1', v4, false],
      ['10.1.2.3:1', v4, true],
      ['127.9.9.9:1', v4, true],
      ['[::1]:1', v6, true],
      ['[::2]:1', v6, false],
      ['[fd00::1]:1', v6, true],
      ['[fdff:ffff::1]:1', v6, true],
      ['[fe00::1]:1', v6, false],
      ['[fe80::1%1]:1', v6, false],
      ['[2001:db8::1]:1', v6, false],
    ] as const) {
      const peer = dial(from, to);
      peer.send(HELLO);
      await pass(100);
      expect(heard(peer) !== '', from).toBe(isIn);
      expect(peer.hasEOF || peer.readErrno !== undefined, from).toBe(!isIn);
    }
  });

  it('leaves connections beyond its limit in the kernel until one ends', async () => {
    const { server, dial, pass } = world({ maxConnections: 2, acceptBatch: 1 });
    server.start();
    const peers = [dial(), dial(), dial()];
    for (const peer of peers) peer.send(HELLO);
    await pass(100);
    expect(peers.map((peer) => heard(peer) !== '')).toEqual([true, true, false]);
    peers[0]!.close();
    await pass(200);
    expect(heard(peers[2]!)).toMatch(/hello$/);
  });

  it('goes on accepting when descriptors were out for a while', async () => {
    const { network, server, dial, pass } = world();
    server.start();
    network.descriptorLimit = 1;
    const peer = dial();
    peer.send(HELLO);
    await pass(500);
    expect(heard(peer)).toBe('');
    network.descriptorLimit = 10;
    await pass(500);
    expect(heard(peer)).toMatch(/hello$/);
  });

  it('says that it could bind nothing, and why, and can be started again', () => {
    const { network, server } = world();
    const other = network.listen('127.0.0.1:80');
    const refusal = {
      sockmanCode: 'ERR_SOCKMAN_SYSTEM',
      code: 'EADDRINUSE',
      syscall: 'bind',
      address: '127.0.0.1',
      port: 80,
    };
    expect(() => server.start()).toThrow(expect.objectContaining(refusal) as Error);
    other.close();
    expect(server.start().map(String)).toEqual(['127.0.0.1:80']);
  });

  it('is not made without an address to bind', () => {
    expect(() => world({ bind: [] })).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error);
  });

  it('binds what it can, and logs what it cannot', () => {
    const { network, server, lines } = world({ bind: ['127.0.0.1:80', '127.0.0.1:81'] });
    network.listen('127.0.0.1:80');
    expect(server.start().map(String)).toEqual(['127.0.0.1:81']);
    expect(lines.some((line) => line.includes('127.0.0.1:80'))).toBe(true);
    expect(() => server.start()).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }) as Error);
  });

  it('answers what it has read when it stops, closes the rest, and is then idle', async () => {
    const { server, dial, pass } = world();
    server.start();
    const [idle, busy, half] = [dial(), dial(), dial()];
    busy.send('GET /slow HTTP/1.1\r\n\r\n');
    half.send('GET /he');
    await pass(100);
    let hasStopped = false;
    const stopping = server.stop().then(() => (hasStopped = true));
    await pass(200);
    expect([idle.hasEOF, half.hasEOF, busy.hasEOF, hasStopped]).toEqual([true, true, false, false]);
    await pass(4_000);
    // It has its last answer, and time to look at it before it closes its own side.
    expect([busy.hasEOF, hasStopped]).toEqual([true, false]);
    busy.end();
    await pass(100);
    await stopping;
    const [answer] = answersIn(Buffer.from(busy.take()));
    expect(answer!.body).toBe('slow');
    expect(answer!.head).toContain('Connection: close\r\n');
    expect(busy.hasEOF).toBe(true);
    await server.stop();
  });

  it.each(['', 'body'])(
    'answers 503 to a request whose head it still looked at when it stopped, and that sent %j of its body',
    async (sent) => {
      const { network, server, dial, pass } = world({ idleTimeoutSeconds: 0 });
      const check = (): Promise<void> => new Promise((resolve) => void network.clock.after(300, resolve));
      server.route('POST', '/guarded', (request) => request.writeReply(200), { beforeBody: check });
      server.start();
      const peer = dial();
      peer.send(`POST /guarded HTTP/1.1\r\nContent-Length: 4\r\n\r\n${sent}`);
      await pass(100);
      let hasStopped = false;
      const stopping = server.stop().then(() => (hasStopped = true));
      await pass(400);
      expect(answersIn(Buffer.from(peer.take())).map(({ status }) => status)).toEqual([503]);
      await pass(3_000);
      expect([peer.hasEOF, hasStopped]).toEqual([true, true]);
      await stopping;
    },
  );

  it('gives streams their last word, and closes by force after thirty seconds what does not end', async () => {
    const { server, dial, pass, lines } = world();
    server.route('GET', '/events', (request) => {
      const stream = request.startStream(200, { ignoresInput: true });
      stream.write('first');
      stream.onStop = () => stream.write('last');
    });
    server.route('GET', '/never', () => new Promise(() => {}));
    server.start();
    const [events, never] = [dial(), dial()];
    events.send('GET /events HTTP/1.1\r\n\r\n');
    never.send('GET /never HTTP/1.1\r\n\r\n');
    await pass(100);
    const stopping = server.stop();
    await pass(200);
    expect(heard(events)).toMatch(/\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\n\r\n$/);
    expect([events.hasEOF, never.hasEOF]).toEqual([true, false]);
    await pass(31_000);
    await stopping;
    expect(lines).toContain('http: 1 connections were still busy, and are closed');
  });

  it('answers 503 once interrupted', async () => {
    const { server, dial, pass } = world();
    server.start();
    const peer = dial();
    await pass(100);
    server.interrupt();
    server.interrupt();
    peer.send(HELLO);
    await pass(100);
    expect(heard(peer)).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  });

  it('may be stopped before it starts', async () => {
    const { server } = world();
    await server.stop();
    await server.stop();
  });
});
