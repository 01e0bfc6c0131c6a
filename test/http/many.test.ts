// Many clients, large bodies and slow ones, over the kernel.

import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpServer } from '../../ts/http.ts';
import { itUnless } from '../harness/backends.ts';
import { noBuild } from '../harness/child.ts';
import { countDescriptors, noDescriptorCount } from '../harness/descriptors.ts';

const BODY_LIMIT = 33_554_432;

describe('HttpServer over the kernel', () => {
  let server: HttpServer;
  let port: number;
  const sockets: Socket[] = [];

  beforeEach(() => {
    server = new HttpServer({ maxConnections: 3_000 });
    server.route('GET', '/hello', (request) => request.writeReply(200, 'hello'));
    server.route('POST', '/size', (request) => request.writeReply(200, `size ${request.body.length}`));
    ({ port } = server.start()[0]!);
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await server.stop();
  });

  /** A client, and what it has heard. */
  async function client(): Promise<{ socket: Socket; heard: () => string }> {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket
      .setEncoding('latin1')
      .on('data', (piece: string) => (text += piece))
      .on('error', () => {});
    await once(socket, 'connect');
    return { socket, heard: () => text };
  }

  /** Resolves when the client has heard something that matches. */
  async function hears(one: { socket: Socket; heard: () => string }, pattern: RegExp): Promise<void> {
    while (!pattern.test(one.heard())) await once(one.socket, 'data');
  }

  it.skipIf(noDescriptorCount !== undefined)(
    `answers 20,000 requests of 2,000 clients, and gives all descriptors back ${noDescriptorCount ?? ''}`,
    async () => {
      const before = countDescriptors();
      const clients = await Promise.all(Array.from({ length: 2_000 }, client));
      for (let round = 1; round <= 10; round++) {
        for (const { socket } of clients) socket.write('GET /hello HTTP/1.1\r\n\r\n');
        await Promise.all(clients.map((one) => hears(one, new RegExp(`^(?:[^]*?hello){${round}}$`))));
      }
      expect(server.httpStats()).toMatchObject({ answered: 20_000, connections: 2_000 });
      await Promise.all(clients.map(({ socket }) => once(socket.end(), 'close')));
      sockets.length = 0;
      while (server.connectionCount > 0) await new Promise((resolve) => setImmediate(resolve));
      expect(countDescriptors()).toBe(before);
    },
    60_000,
  );

  itUnless(noBuild)('serves all who come when there are descriptors for some only', async () => {
    const file = join(import.meta.dirname, 'children', 'few-descriptors.mjs');
    const child = spawn('/bin/sh', ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, file], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    port = Number(await once(child.stdout, 'data'));
    let said = '';
    child.stdout.on('data', (data: Buffer) => (said += String(data)));
    const clients = await Promise.all(Array.from({ length: 200 }, client));
    await Promise.all(
      clients.map(async (one) => {
        one.socket.write('GET /hello HTTP/1.1\r\n\r\n');
        await hears(one, /hello$/);
        // Its descriptor is the next one's.
        one.socket.destroy();
      }),
    );
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(said).toContain('EMFILE');
  });

  it('takes a body of 32 MiB', async () => {
    const one = await client();
    one.socket.write(`POST /size HTTP/1.1\r\nContent-Length: ${BODY_LIMIT}\r\n\r\n`);
    one.socket.write(Buffer.alloc(BODY_LIMIT));
    await hears(one, /size 33554432$/);
  });

  it('refuses one byte more, and the client who is still sending reads why', async () => {
    const one = await client();
    one.socket.write(`POST /size HTTP/1.1\r\nContent-Length: ${BODY_LIMIT + 1}\r\n\r\n`);
    one.socket.write(Buffer.alloc(100_000));
    await hears(one, /^HTTP\/1\.1 413 Content too large\r\n[^]*Connection: close\r\n\r\n$/);
  });

  it('refuses the fourth chunk of ten megabytes before its data', async () => {
    const one = await client();
    one.socket.write('POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let count = 0; count < 3; count++) one.socket.write(`989680\r\n${'x'.repeat(10_000_000)}\r\n`);
    one.socket.write('989680\r\n');
    await hears(one, /^HTTP\/1\.1 413 /);
  });

  it('keeps a hundred megabytes behind a blocked request out, and takes them later', async () => {
    let release: (() => void) | undefined;
    server.route('GET', '/wait', async (request) => {
      await new Promise<void>((resolve) => (release = resolve));
      request.writeReply(200, 'waited');
    });
    const one = await client();
    one.socket.write('GET /wait HTTP/1.1\r\n\r\n');
    while (release === undefined) await new Promise((resolve) => setImmediate(resolve));
    const first = server.stats().receivedBytes;
    const upload = Buffer.concat([
      Buffer.from('POST /size HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n'),
      Buffer.alloc(1_000_000),
    ]);
    for (let count = 0; count < 100; count++) one.socket.write(upload);
    // The kernel is full once the client has to wait, and others are served meanwhile.
    const other = await client();
    for (let round = 1; round <= 20; round++) {
      other.socket.write('GET /hello HTTP/1.1\r\n\r\n');
      await hears(other, new RegExp(`^(?:[^]*?hello){${round}}$`));
    }
    expect(one.socket.writableLength).toBeGreaterThan(50_000_000);
    expect(server.stats().receivedBytes - first).toBeLessThan(65_536 + 1_000);
    release();
    while (one.heard().split('size 1000000').length < 101) await once(one.socket, 'data');
    expect(one.heard()).toContain('waited');
  }, 60_000);

  it('serves others while a thousand clients stall in every state', async () => {
    const beginnings = [
      'GET /he',
      'GET /hello HTTP/1.1\r\nA',
      'POST /size HTTP/1.1\r\nContent-Length: 30000000\r\n\r\nabc',
      'POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffff',
      'POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
      'POST /size HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ',
      'GET /hello HTTP/1.1\r\n\r\n',
      'BAD\r\n\r\n',
    ];
    const stalled = await Promise.all(Array.from({ length: 1_000 }, client));
    for (const [index, { socket }] of stalled.entries()) socket.pause().write(beginnings[index % beginnings.length]!);
    const other = await client();
    for (let round = 1; round <= 20; round++) {
      other.socket.write('GET /hello HTTP/1.1\r\n\r\n');
      await hears(other, new RegExp(`^(?:[^]*?hello){${round}}$`));
    }
    for (const [index, { socket }] of stalled.entries()) if (index % 2 === 0) socket.resetAndDestroy();
    other.socket.write('GET /hello HTTP/1.1\r\n\r\n');
    await hears(other, /^(?:[^]*?hello){21}$/);
  }, 60_000);
});
