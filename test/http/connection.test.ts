// The life of a connection: timeouts, ends, back-pressure, refusals, over every backend.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { settled } from '../harness/settled.ts';
import { until } from '../harness/until.ts';
import { HttpStage, answers, answersIn, closed } from './stage.ts';

const HELLO = 'GET /hello HTTP/1.1\r\n\r\n';

describeEachBackend('HttpServer', (stage) => {
  let http: HttpStage;
  beforeEach(() => {
    http = new HttpStage(stage);
  });
  afterEach(() => http.clear());

  it.each([
    ['1.1', '', false, undefined],
    ['1.1', 'Connection: keep-alive\r\n', false, undefined],
    ['1.1', 'Connection: close\r\n', true, 'close'],
    ['1.1', 'Connection: x, CLOSE\r\n', true, 'close'],
    ['1.0', '', true, undefined],
    ['1.0', 'Connection: close\r\n', true, 'close'],
    ['1.0', 'Connection: Keep-Alive\r\n', false, 'keep-alive'],
  ])('answers HTTP/%s with %j and then closes: %j', async (version, field, closes, said) => {
    http.serve();
    const client = await http.client();
    client.send(`GET /hello HTTP/${version}\r\n${field}\r\n`);
    const [answer] = await answers(client, 1);
    expect(answer!.head).toMatch(new RegExp(`^HTTP/${version} 200 OK\r\n`));
    expect(answer!.head).toContain('\r\nContent-Length: 5\r\n');
    expect(/^connection: (.*)\r$/im.exec(answer!.head)?.[1]).toBe(said);
    expect(/^date: /im.test(answer!.head)).toBe(version === '1.1');
    if (closes) return closed(client);
    client.send(`GET /hello HTTP/${version}\r\n${field}\r\n`);
    await answers(client, 2);
  });

  it.each([
    ['1.1', 'Content-Length: 9\r\nTransfer-Encoding: chunked\r\n'],
    ['1.1', 'Transfer-Encoding: chunked\r\nContent-Length: 9\r\n'],
    ['1.0', 'Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n'],
  ])('closes behind a body whose end a proxy may have seen elsewhere: HTTP/%s with %j', async (version, fields) => {
    const server = http.serve();
    const client = await http.client();
    client.send(`POST /echo HTTP/${version}\r\n${fields}\r\n4\r\nbody\r\n0\r\n\r\n${HELLO}`);
    await closed(client);
    expect(answersIn(client.bytes).map(({ body }) => body)).toEqual(['body']);
    expect(answersIn(client.bytes)[0]!.head).toContain('Connection: close\r\n');
    expect(server.httpStats().answered).toBe(1);
  });

  it('answers a bad second request behind the first, closes, and reads nothing after it', async () => {
    const server = http.serve();
    let release!: () => void;
    server.route('GET', '/wait', async (request) => {
      await new Promise<void>((resolve) => (release = resolve));
      request.writeReply(200, 'waited');
    });
    const client = await http.client();
    client.send(`GET /wait HTTP/1.1\r\n\r\nBAD\r\n\r\n${HELLO}`);
    await until('the handler', () => release !== undefined);
    expect(client.receivedBytes).toBe(0);
    release();
    await closed(client);
    const [first, second, third] = answersIn(client.bytes);
    expect([first!.status, second!.status, third]).toEqual([200, 400, undefined]);
    expect(second!.head).toMatch(/Cache-Control: no-store\r\n[^]*Content-Length: 0\r\n[^]*Connection: close\r\n/);
    expect(server.httpStats().badRequests.line).toBe(1);
  });

  it('answers 413 to a client that is still sending, who can read it', async () => {
    http.serve({ maxBodyBytes: 1_000 });
    const client = await http.client();
    client.send('POST /echo HTTP/1.1\r\nContent-Length: 500000\r\n\r\n');
    for (let count = 0; count < 50; count++) client.send(new Uint8Array(10_000));
    const [answer] = await answers(client, 1);
    expect(answer!.head).toMatch(/^HTTP\/1\.1 413 Content too large\r\n/);
    client.end();
    await closed(client);
    expect(client.brokenBy).toBeUndefined();
  });

  it.each(['GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n', 'GET /hello HTTP/1.0\r\n\r\n'])(
    'has its last answer arrive at a client that sends more before it looks: %j',
    async (request) => {
      const server = http.serve();
      const client = await http.client();
      client.pauseReading();
      client.send(request);
      await until('the answer', () => server.httpStats().answered === 1);
      client.send('more');
      await settled(server);
      client.send('and more');
      await settled(server);
      client.resumeReading();
      await closed(client);
      expect([answersIn(client.bytes)[0]?.body, client.brokenBy]).toEqual(['hello', undefined]);
      client.end();
      await until('the end', () => server.httpStats().connections === 0);
    },
  );

  it('closes on a client that goes on sending 1 MiB behind its refusal', async () => {
    http.serve({ maxBodyBytes: 1_000 });
    const client = await http.client();
    client.send('POST /echo HTTP/1.1\r\nContent-Length: 500000\r\n\r\n');
    await answers(client, 1);
    client.send(new Uint8Array(2_000_000));
    await closed(client);
  });

  it('serves what was sent before a half-close, then closes', async () => {
    const server = http.serve();
    server.route('GET', '/later', async (request) => {
      await new Promise((resolve) => setImmediate(resolve));
      request.writeReply(200, 'later');
    });
    const client = await http.client();
    client.send(`GET /later HTTP/1.1\r\n\r\n${HELLO}GET /hel`);
    client.end();
    await closed(client);
    expect(answersIn(client.bytes).map(({ body }) => body)).toEqual(['later', 'hello']);
    await until('the connection to be gone', () => server.connectionCount === 0);
  });

  it('sends 100 Continue to a client that waits, and not to one that has sent its body', async () => {
    http.serve();
    const waiting = await http.client();
    waiting.send('POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await until('the go-ahead', () => waiting.bytes.toString() === 'HTTP/1.1 100 Continue\r\n\r\n');
    waiting.send('body');
    await until('the answer', () => waiting.bytes.toString().endsWith('body'));
    const hasty = await http.client();
    hasty.send('POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody');
    expect((await answers(hasty, 1))[0]!.status).toBe(200);
  });

  it('answers the head of a client that waits where nobody takes the body, and closes', async () => {
    http.serve();
    const client = await http.client();
    client.send('POST /nothing HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    expect((await answers(client, 1))[0]!.status).toBe(404);
    client.end();
    await closed(client);
    const other = await http.client();
    other.send('POST /echo HTTP/1.1\r\nExpect: wonders\r\nContent-Length: 4\r\n\r\n');
    expect((await answers(other, 1))[0]!.status).toBe(417);
  });

  it('reads the body of a request nobody takes, and stays open', async () => {
    http.serve();
    const client = await http.client();
    client.send(`POST /nothing HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody${HELLO}`);
    expect((await answers(client, 2)).map(({ status }) => status)).toEqual([404, 200]);
  });

  it('looks at a head before its body comes, where the route wants that', async () => {
    const server = http.serve();
    const seen: string[] = [];
    server.route('POST', '/guarded', (request) => request.writeReply(200, request.body), {
      beforeBody: async (request) => {
        seen.push(`${request.isComplete}`);
        await Promise.resolve();
        if (request.header('key') !== 'right') request.writeReply(401);
      },
    });
    const client = await http.client();
    client.send('POST /guarded HTTP/1.1\r\nkey: right\r\nContent-Length: 4\r\n\r\nbody');
    expect((await answers(client, 1))[0]).toMatchObject({ status: 200, body: 'body' });
    client.send('POST /guarded HTTP/1.1\r\n\r\n');
    expect((await answers(client, 2))[1]!.status).toBe(401);
    client.send('POST /guarded HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n');
    const third = (await answers(client, 3))[2]!;
    expect(third.status).toBe(401);
    expect(third.head).toContain('Connection: close\r\n');
    expect(seen).toEqual(['false', 'true', 'false']);
  });

  it('refuses what is too much for the work queue, and serves what waits in order', async () => {
    const server = http.serve({ handlerSlots: 1, workQueueDepth: 1 });
    const releases: (() => void)[] = [];
    server.route('GET', '/slow', async (request) => {
      await new Promise<void>((resolve) => releases.push(resolve));
      request.writeReply(200, 'slow');
    });
    server.route('GET', '/quick', (request) => request.writeReply(200, 'quick'), { queued: false });
    const clients = [await http.client(), await http.client(), await http.client(), await http.client()];
    clients[0]!.send('GET /slow HTTP/1.1\r\n\r\n');
    await until('the first to run', () => server.httpStats().inFlight === 1);
    clients[1]!.send('GET /slow HTTP/1.1\r\n\r\n');
    await until('the second to wait', () => server.httpStats().queueDepth === 1);
    clients[2]!.send('GET /slow HTTP/1.1\r\n\r\n');
    expect((await answers(clients[2]!, 1))[0]).toMatchObject({ status: 503, body: 'Work queue depth exceeded' });
    clients[3]!.send('GET /quick HTTP/1.1\r\n\r\n');
    expect((await answers(clients[3]!, 1))[0]!.body).toBe('quick');
    releases[0]!();
    expect((await answers(clients[0]!, 1))[0]!.status).toBe(200);
    await until('the second to run', () => releases.length === 2);
    releases[1]!();
    expect((await answers(clients[1]!, 1))[0]!.status).toBe(200);
    expect(server.httpStats()).toMatchObject({ inFlight: 0, queueDepth: 0, queueRejected: 1 });
  });

  it('holds at most the limit behind a blocked request, and serves all of it later', async () => {
    const server = http.serve();
    let release: (() => void) | undefined;
    server.route('GET', '/wait', async (request) => {
      await new Promise<void>((resolve) => (release = resolve));
      request.writeReply(200, 'waited');
    });
    const client = await http.client();
    const count = 5_000;
    client.send('GET /wait HTTP/1.1\r\n\r\n');
    await until('the handler', () => release !== undefined);
    client.send(HELLO.repeat(count));
    const received = (): number => server.stats().receivedBytes;
    await until('the first bytes behind it', () => received() > 100);
    // What one receive brought, and no more: the rest is TCP's.
    expect(received()).toBeLessThanOrEqual(65_536 + 100);
    release!();
    await until(
      'the answers',
      () => server.httpStats().answered === count + 1 && server.stats().sentBytes === client.receivedBytes,
    );
    expect(client.bytes.toString('latin1').split('hello')).toHaveLength(count + 1);
    expect(received()).toBe(HELLO.length * count + 'GET /wait HTTP/1.1\r\n\r\n'.length);
  });

  it('stops reading a client that does not read, and others do not notice', async () => {
    const server = http.serve();
    const body = new Uint8Array(1_000_000);
    server.route('GET', '/big', (request) => request.writeReply(200, body));
    const greedy = await http.client();
    greedy.pauseReading();
    greedy.send('GET /big HTTP/1.1\r\n\r\n'.repeat(200));
    const other = await http.client();
    for (let count = 1; count <= 20; count++) {
      other.send(HELLO);
      await answers(other, count);
    }
    expect(server.stats().sentBytes).toBeLessThan(20_000_000);
    greedy.resumeReading();
    await until('all of it', () => greedy.receivedBytes > 200 * body.length);
  });

  it('answers a third request after two answers that the socket took only in parts', async () => {
    const server = http.serve({ sendBufferBytes: 4_096 });
    server.route('GET', '/some', (request) => request.writeReply(200, 'x'.repeat(300_000)));
    const client = await http.client();
    client.pauseReading();
    client.send('GET /some HTTP/1.1\r\n\r\n'.repeat(2));
    await until('the first answer to be stuck', () => server.stats().sentBytes > 0);
    client.resumeReading();
    await answers(client, 2);
    client.send(HELLO);
    expect((await answers(client, 3))[2]!.body).toBe('hello');
  });
});
