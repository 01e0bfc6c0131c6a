// Clients that leave without a word, or stop reading, wherever they are; and a server that leaves.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';
import { MAX_LINGER_BYTES } from '../../ts/http/limits.ts';
import { HttpStage, answers, answersIn, closed } from './stage.ts';

const HELLO = 'GET /hello HTTP/1.1\r\n\r\n';
const WAIT = 'GET /wait HTTP/1.1\r\n\r\n';

/** Where a client is when it leaves: what it has sent, and how many bytes of answers it has got by then. */
const STATES: [state: string, sent: string, answerBytes: number][] = [
  ['before it has said anything', '', 0],
  ['while it sends its head', 'GET /he', 0],
  ['while it sends its body', 'POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc', 0],
  ['in the middle of a chunk', 'POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab', 0],
  ['in the middle of a trailer', 'POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ', 0],
  ['once it may send its body', 'POST /echo HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n', 1],
  ['while its request waits', WAIT, 0],
  ['with more behind the request that waits', WAIT + HELLO.repeat(5_000), 0],
  ['in the middle of an answer', 'GET /big HTTP/1.1\r\n\r\n', 0],
  ['in the middle of many answers', HELLO.repeat(50_000), 0],
  ['between two requests', HELLO, 1],
  ['behind its last request', 'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n', 1],
  ['behind a refusal', 'BAD\r\n\r\n', 1],
];

describeEachBackend('HttpServer', (stage) => {
  let http: HttpStage;
  let releases: (() => void)[];
  beforeEach(() => {
    http = new HttpStage(stage);
    releases = [];
  });
  afterEach(() => http.clear());

  function serve() {
    const server = http.serve({ sendBufferBytes: 65_536 });
    server.route('GET', '/wait', async (request) => {
      await new Promise<void>((resolve) => void releases.push(resolve));
      request.writeReply(200, 'waited');
    });
    server.route('GET', '/big', (request) => request.writeReply(200, new Uint8Array(20_000_000)));
    return server;
  }

  /** A client that has come so far. */
  async function clientAt([state, sent, answerBytes]: (typeof STATES)[0]) {
    const server = serve();
    const client = await http.client();
    if (answerBytes === 0) client.pauseReading();
    client.send(sent);
    await until('its bytes', () => server.stats().receivedBytes >= Math.min(sent.length, 1_000));
    await until('its answer', () => client.receivedBytes >= answerBytes);
    if (state.includes('answer')) await until('the server to hold back', () => server.stats().sentBytes > 0);
    if (state.includes('waits')) await until('the handler', () => releases.length === 1);
    return { server, client };
  }

  async function othersAreServed(): Promise<void> {
    const other = await http.client();
    other.send(HELLO);
    await answers(other, 1);
  }

  it.each(STATES)('survives RST of a client %s', async (...state) => {
    const { server, client } = await clientAt(state);
    client.reset();
    // A connection that is not read hears of the end when it sends.
    if (state[0].includes('more behind')) releases[0]!();
    await until('the connection to be gone', () => server.connectionCount === 0);
    for (const release of releases) release();
    await othersAreServed();
    expect(server.httpStats()).toMatchObject({ connections: 1, inFlight: 0 });
  });

  it.each(STATES)('serves others beside a client that stops reading %s', async (...state) => {
    const { server, client } = await clientAt(state);
    client.pauseReading();
    for (const release of releases) release();
    await othersAreServed();
    // Whatever it asked for: the buffers of the kernel, and what was kept while the request waited.
    expect(server.stats().receivedBytes).toBeLessThan(1_000_000);
    expect(server.stats().sentBytes).toBeLessThan(15_000_000);
    client.resumeReading();
    if (state[0].includes('many')) await until('all answers', () => server.httpStats().answered === 50_001);
    if (state[0].includes('more behind')) await until('all answers', () => server.httpStats().answered === 5_002);
    if (state[0].endsWith('of an answer')) await until('all of it', () => client.receivedBytes > 20_000_000);
  });

  it('bears with a megabyte behind a last answer, and no more', async () => {
    const server = serve();
    const client = await http.client();
    const last = 'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n';
    client.send(last);
    await answers(client, 1);
    client.send('x'.repeat(MAX_LINGER_BYTES));
    await until('all of it', () => server.stats().receivedBytes === last.length + MAX_LINGER_BYTES);
    expect(server.connectionCount).toBe(1);
    client.send('x'.repeat(16 * MAX_LINGER_BYTES));
    await until('the connection to be gone', () => server.connectionCount === 0);
    // What was there to be read once the limit was passed is the most that came beyond it.
    expect(server.stats().receivedBytes).toBeLessThan(2 * MAX_LINGER_BYTES);
  });

  it('is done with a client that has left its side closed as soon as it has its last answer', async () => {
    const server = serve();
    const client = await http.client();
    client.send(WAIT.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await until('the handler', () => releases.length === 1);
    client.end();
    releases[0]!();
    await closed(client);
    expect(answersIn(client.bytes)).toMatchObject([{ body: 'waited' }]);
    await until('the connection to be gone', () => server.connectionCount === 0);
  });

  it.each(['reset', 'end'] as const)('tells a handler that waits when its client leaves by %s', async (leave) => {
    const server = http.serve();
    const signals: AbortSignal[] = [];
    server.route('GET', '/signal', async (request) => {
      signals.push(request.signal);
      await new Promise<void>((resolve) => request.signal.addEventListener('abort', () => resolve()));
      request.writeReply(200, 'late');
      signals.push(request.signal);
    });
    const [client, other] = [await http.client(), await http.client()];
    for (const [index, each] of [client, other].entries()) {
      each.send('GET /signal HTTP/1.1\r\n\r\n');
      await until('the handler', () => signals.length === index + 1);
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
    client[leave]();
    await until('the handler to go on', () => signals.length === 3);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false, true]);
    // One that only closed its side gets its answer.
    if (leave === 'end') expect((await answers(client, 1))[0]!.body).toBe('late');
    other.end();
    await until('all connections to be gone', () => server.httpStats().connections === 0);
  });

  it('ends idle connections without RST when it stops, also under a request that is on its way', async () => {
    const server = serve();
    const [idle, busy, fresh] = [await http.client(), await http.client(), await http.client()];
    for (const client of [idle, busy]) {
      client.send(HELLO);
      await answers(client, 1);
    }
    const stopped = server.stop();
    busy.send(HELLO.repeat(100));
    await Promise.all([closed(idle), closed(busy), closed(fresh)]);
    for (const client of [idle, busy, fresh]) client.end();
    await stopped;
    for (const client of [idle, busy, fresh]) {
      expect({ hasEOF: client.hasEOF, brokenBy: client.brokenBy }).toEqual({ hasEOF: true, brokenBy: undefined });
    }
    expect(answersIn(busy.bytes)).toHaveLength(1);
  });

  it('is not said to be left by a client that was answered and stays', async () => {
    let isAborted: boolean | undefined;
    http.serve().route('GET', '/done', (request) => {
      request.writeReply(202);
      isAborted = request.signal.aborted;
    });
    const client = await http.client();
    client.send('GET /done HTTP/1.1\r\n\r\n');
    await until('the answer', () => client.receivedBytes > 0);
    expect(isAborted).toBe(false);
  });
});
