// What handlers may do, and what they get when they fail.

import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HttpHandler } from '../../ts/http.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';
import { HttpStage, answers, answersIn, closed } from './stage.ts';

const FAILING: [string, HttpHandler][] = [
  [
    'throws an error',
    () => {
      throw new Error('secret');
    },
  ],
  [
    'throws a string',
    () => {
      throw 'secret';
    },
  ],
  [
    'throws null',
    () => {
      throw null;
    },
  ],
  [
    'throws undefined',
    () => {
      throw undefined;
    },
  ],
  ['rejects', () => Promise.reject(new Error('secret'))],
  [
    'rejects with undefined',
    async () => {
      await Promise.resolve();
      throw undefined;
    },
  ],
  ['says nothing', () => {}],
  [
    'promises and says nothing',
    async () => {
      await Promise.resolve();
    },
  ],
  [
    'sets headers and throws',
    (request) => {
      request.writeHeader('X', 'secret');
      throw new Error('secret');
    },
  ],
];

describeEachBackend('a handler', (stage) => {
  let http: HttpStage;
  beforeEach(() => {
    http = new HttpStage(stage);
  });
  afterEach(() => http.clear());

  it.each(FAILING)('that %s gives 500 without the reason, which is logged', async (_, handler) => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    const server = http.serve({ logger: { debug() {}, info() {}, warn: log, error: log } });
    server.route('GET', '/fails', handler);
    const client = await http.client();
    client.send('GET /fails HTTP/1.1\r\n\r\n');
    await closed(client);
    const [answer] = answersIn(client.bytes);
    expect(answer).toMatchObject({ status: 500, body: 'Internal server error\n' });
    expect(answer!.head).not.toContain('secret');
    expect(answer!.head).toMatch(/Cache-Control: no-store\r\n[^]*Connection: close\r\n/);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^http: the handler of GET \/fails failed: /);
    await until('its slot to be free', () => server.httpStats().inFlight === 0);
  });

  it('that throws behind its answer breaks nothing', async () => {
    const server = http.serve();
    server.route('GET', '/late', (request) => {
      request.writeReply(200, 'said');
      throw new Error('late');
    });
    const client = await http.client();
    client.send('GET /late HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    expect((await answers(client, 2)).map(({ body }) => body)).toEqual(['said', 'hello']);
  });

  it('that throws in a stream breaks it off, so that its client sees it is not whole', async () => {
    const server = http.serve();
    server.route('GET', '/stream', (request) => {
      request.startStream(200).write('beginning');
      throw new Error('broken');
    });
    const client = await http.client();
    client.send('GET /stream HTTP/1.1\r\n\r\n');
    await closed(client);
    expect(client.bytes.toString()).toMatch(/\r\n\r\n9\r\nbeginning\r\n$/);
  });

  it('that answers twice, or sets a header too late, gets an error', async () => {
    const server = http.serve();
    const codes: unknown[] = [];
    server.route('GET', '/twice', (request) => {
      request.writeReply(200);
      for (const again of [
        () => request.writeReply(200),
        () => request.startStream(200),
        () => request.writeHeader('A', 'b'),
      ]) {
        try {
          again();
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
      }
    });
    const client = await http.client();
    client.send('GET /twice HTTP/1.1\r\n\r\n');
    await answers(client, 1);
    expect(codes).toEqual(['ERR_SOCKMAN_STATE', 'ERR_SOCKMAN_STATE', 'ERR_SOCKMAN_STATE']);
  });

  it('that would split its answer gets an error, and its client nothing of it', async () => {
    const server = http.serve();
    const codes: unknown[] = [];
    server.route('GET', '/split', (request) => {
      for (const [name, value] of [
        ['A', 'b\r\nSet-Cookie: x'],
        ['A', 'b\n'],
        ['A', 'b\r'],
        ['A', 'b\0'],
        ['A\r\nB', 'c'],
        ['A B', 'c'],
        ['', 'c'],
        ['A:', 'c'],
        ['A', '\u0100'],
        ['Content-Length', '3'],
        ['transfer-encoding', 'chunked'],
        ['Connection', 'keep-alive'],
        ['DATE', 'today'],
      ] as const) {
        try {
          request.writeHeader(name, value);
        } catch (error) {
          codes.push((error as { code: string }).code);
        }
      }
      for (const status of [0, 100, 199, 600, 200.5, NaN]) expect(() => request.writeReply(status)).toThrow(RangeError);
      expect(() => request.writeReply(200, 5 as never)).toThrow(TypeError);
      request.writeReply(200);
    });
    const client = await http.client();
    client.send('GET /split HTTP/1.1\r\n\r\n');
    const [answer] = await answers(client, 1);
    expect(codes).toEqual(Array(13).fill('ERR_SOCKMAN_INVALID_ARG'));
    expect(answer!.head).not.toContain('Set-Cookie');
  });

  it('that answers a client who left does so in vain', async () => {
    const server = http.serve();
    let go: (() => void) | undefined;
    let ended = false;
    server.route('GET', '/wait', async (request) => {
      await new Promise<void>((resolve) => (go = resolve));
      expect(request.isGone).toBe(true);
      const stream = request.startStream(200);
      stream.write('x');
      stream.end();
      await stream.drained();
      ended = stream.isClosed;
    });
    const client = await http.client();
    client.send('GET /wait HTTP/1.1\r\n\r\n');
    await until('the handler', () => go !== undefined);
    client.reset();
    await until('the connection to be gone', () => server.connectionCount === 0);
    go!();
    await until('the handler to end', () => ended);
  });

  it('of GET answers HEAD with the same head and no body', async () => {
    http.serve();
    const client = await http.client();
    client.send('HEAD /hello HTTP/1.1\r\n\r\n');
    await until('the head', () => client.bytes.toString().endsWith('\r\n\r\n'));
    client.send('GET /hello HTTP/1.1\r\n\r\n');
    await until('the answer', () => client.bytes.toString().endsWith('hello'));
    const [head, answer] = client.bytes
      .toString()
      .replace(/Date: .*\r\n/g, '')
      .split(/(?=HTTP\/1\.1)/);
    expect(answer).toBe(`${head!}hello`);
  });

  it.each([204, 304])('answers %d without body, length or type', async (status) => {
    const server = http.serve();
    server.route('GET', '/none', (request) => request.writeReply(status, 'ignored'));
    const client = await http.client();
    client.send('GET /none HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    const [none, hello] = await answers(client, 2);
    expect(none!.head).not.toMatch(/content-/i);
    expect(hello!.body).toBe('hello');
  });

  it('sets headers in its order, before those of the server', async () => {
    const server = http.serve();
    server.route('GET', '/set', (request) =>
      request
        .writeHeader('B', '1')
        .writeHeader('A', '2')
        .writeHeader('content-type', 'text/plain')
        .writeReply(200, 'é'),
    );
    const client = await http.client();
    client.send('GET /set HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    const [answer] = await answers(client, 1);
    expect(answer!.head).toBe(
      'HTTP/1.0 200 OK\r\nB: 1\r\nA: 2\r\ncontent-type: text/plain\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n',
    );
  });

  it.each(['TRACE', 'CONNECT', 'DELETE', 'PATCH', 'OPTIONS', 'get', ''])(
    'is not called for the method %j: 405',
    async (method) => {
      const server = http.serve();
      server.route('*', '/any', (request) => request.writeReply(200, 'any'));
      const client = await http.client();
      client.send(`${method} /any HTTP/1.1\r\n\r\n`);
      const [answer] = await answers(client, 1);
      expect(answer).toMatchObject({ status: 405, body: '' });
      expect(answer!.head).toContain('Allow: GET, HEAD, POST, PUT\r\n');
    },
  );

  it('of another method than the request gives 405 and says which', async () => {
    http.serve().route('DELETE', '/hello', (request) => request.writeReply(204));
    const client = await http.client();
    client.send('POST /hello HTTP/1.1\r\n\r\n');
    expect((await answers(client, 1))[0]!.head).toContain('Allow: GET, DELETE, HEAD\r\n');
    client.send('DELETE /hello HTTP/1.1\r\n\r\n');
    expect((await answers(client, 2))[1]!.status).toBe(204);
    client.send('OPTIONS /hello HTTP/1.1\r\n\r\n');
    expect((await answers(client, 3))[2]!.head).toContain('Allow: GET, DELETE, HEAD\r\n');
  });

  it.each([
    '/../hello',
    '/./hello',
    '/%2e%2e/hello',
    '/hello/',
    '//hello',
    '/hell%6f',
    '/hello%00',
    'hello',
    'http://x/hello',
    '*',
  ])('is not found at %s', async (target) => {
    http.serve();
    const client = await http.client();
    client.send(`GET ${target} HTTP/1.1\r\n\r\n`);
    const [answer] = await answers(client, 1);
    expect(answer).toMatchObject({ status: 404, body: '' });
    expect(answer!.head).toContain('Cache-Control: no-store\r\n');
  });

  it('is found by the first route that matches: path, prefix, raw target', async () => {
    const server = http.serve();
    server.route('GET', '/raw', (request) => request.writeReply(200, 'raw'), { rawTarget: true });
    server.route('GET', '/files/', (request) => request.writeReply(200, request.path), { prefix: true });
    server.route('GET', '/files/x', (request) => request.writeReply(200, 'never'));
    const client = await http.client();
    const targets = ['/hello?a=1', '/raw', '/raw?a=1', '/files/x?y', '/files', '/files/'];
    for (const target of targets) client.send(`GET ${target} HTTP/1.1\r\n\r\n`);
    const got = (await answers(client, targets.length)).map(({ status, body }) => body || status);
    expect(got).toEqual(['hello', 'raw', 404, '/files/x', 404, '/files/']);
  });
});
