// Replies in pieces: how much of them waits, for how long, and how they end.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpServer } from '../../ts/http.ts';
import type { ReplyStream, StreamOptions } from '../../ts/http.ts';
import { DEFAULT_MAX_UNSENT_BYTES, STREAM_STALL_MS } from '../../ts/http/limits.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { until } from '../harness/until.ts';
import { HttpStage, answers, closed } from './stage.ts';

const PIECE = new Uint8Array(65_536).fill(120);

describeEachBackend('a stream', (stage) => {
  let http: HttpStage;
  let log: string[];
  beforeEach(() => {
    http = new HttpStage(stage);
    log = [];
  });
  afterEach(() => http.clear());

  /** A server whose `/stream` hands its stream to the test. */
  function serve(options: StreamOptions = {}): {
    server: HttpServer;
    streams: ReplyStream[];
  } {
    const streams: ReplyStream[] = [];
    const note = (line: string): void => void log.push(line);
    const server = http.serve({ sendBufferBytes: 65_536, logger: { debug() {}, info() {}, warn: note, error: note } });
    server.route('GET', '/stream', (request) => void streams.push(request.startStream(200, options)));
    return { server, streams };
  }

  async function open(streams: ReplyStream[], request = 'GET /stream HTTP/1.1\r\n\r\n') {
    const client = await http.client();
    client.send(request);
    await until('the stream', () => streams.length === 1);
    return { client, stream: streams[0]! };
  }

  it('takes text and bytes, and nothing of anything else', async () => {
    const { streams } = serve();
    const { client, stream } = await open(streams);
    for (const wrong of [5, null, undefined, [65], new Uint16Array(2)]) {
      expect(() => stream.write(wrong as never)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error,
      );
    }
    stream.write('a');
    stream.write(Uint8Array.of(98));
    stream.end();
    await until('the end', () => client.bytes.toString().endsWith('\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n'));
  });

  it.each([0, 100_000, DEFAULT_MAX_UNSENT_BYTES])(
    'that is written without regard to its client closes once more than %d bytes wait',
    async (maxUnsentBytes) => {
      const { server, streams } = serve({ maxUnsentBytes });
      const { client, stream } = await open(streams);
      client.pauseReading();
      let closedCount = 0;
      stream.onClose = () => closedCount++;
      // The kernel takes some; what is beyond waits, and what passes the limit is the last.
      let mostBytes = 0;
      for (let count = 0; count < 2_000 && !stream.isClosed; count++) {
        stream.write(PIECE);
        mostBytes = Math.max(mostBytes, stream.unsentBytes);
      }
      expect([stream.isClosed, closedCount]).toEqual([true, 1]);
      expect(mostBytes).toBeLessThanOrEqual(Math.max(maxUnsentBytes, PIECE.length + 20));
      expect([stream.write('more'), stream.unsentBytes]).toEqual([true, 0]);
      await stream.drained();
      expect(server.connectionCount).toBe(0);
    },
  );

  it('that waits for its client keeps no more than a piece, and arrives whole', async () => {
    const { server } = serve();
    let most = 0;
    const count = 100;
    server.route('GET', '/long', async (request) => {
      const stream = request.startStream(200);
      for (let index = 0; index < count; index++) {
        if (!stream.write(PIECE)) await stream.drained();
        most = Math.max(most, stream.unsentBytes);
      }
      stream.end();
    });
    const client = await http.client();
    client.pauseReading();
    client.send('GET /long HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    await until('the stream to be stuck', () => most > 0 || server.stats().sentBytes > PIECE.length);
    client.resumeReading();
    await until(
      'what is behind it',
      () => server.httpStats().answered === 2 && server.stats().sentBytes === client.receivedBytes,
    );
    expect(client.bytes.toString('latin1').split(`10000\r\n${'x'.repeat(PIECE.length)}\r\n`)).toHaveLength(count + 1);
    expect(most).toBeLessThanOrEqual(PIECE.length + 20);
  });

  it('that ignores input throws away what comes, and ends with the half-close of its client', async () => {
    const { server, streams } = serve({ ignoresInput: true });
    const { client, stream } = await open(streams, 'GET /stream HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    client.send(new Uint8Array(3_000_000));
    await until('all of it', () => server.stats().receivedBytes > 3_000_000);
    stream.write('still here');
    await until('a piece', () => client.bytes.includes('still here'));
    let isOver = false;
    stream.onClose = () => (isOver = true);
    client.end();
    await closed(client);
    expect(isOver).toBe(true);
    expect(client.bytes.includes('hello')).toBe(false);
    expect(server.httpStats().connections).toBe(0);
  });

  it('that does not ignore input goes on behind the half-close of its client', async () => {
    const { streams } = serve();
    const { client, stream } = await open(streams, 'GET /stream HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\n');
    client.end();
    stream.write('one');
    await until('a piece', () => client.bytes.includes('one'));
    stream.write('two');
    stream.end();
    await closed(client);
    expect(client.bytes.toString('latin1')).toMatch(/3\r\none\r\n3\r\ntwo\r\n0\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*hello$/);
  });

  it('to a 1.0 client ends with the connection, and to HEAD is a head', async () => {
    const { streams } = serve();
    const { client, stream } = await open(streams, 'GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    stream.write('as it is');
    stream.end();
    await closed(client);
    expect(client.bytes.toString('latin1')).toMatch(/\r\n\r\nas it is$/);
    const other = await http.client();
    other.send('HEAD /stream HTTP/1.1\r\n\r\n');
    await until('the other', () => streams.length === 2);
    streams[1]!.write('nothing');
    streams[1]!.end();
    await answers(other, 1);
    expect(other.bytes.toString('latin1')).toMatch(/\r\nTransfer-Encoding: chunked\r\n[^]*\r\n\r\n$/);
  });

  it('whose length is known goes as it is, and its connection stays open, for a 1.0 client too', async () => {
    const { streams } = serve({ contentLength: 8 });
    for (const [index, request] of [
      'GET /stream HTTP/1.1\r\n\r\n',
      'GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    ].entries()) {
      const client = await http.client();
      client.send(request);
      await until('the stream', () => streams.length === index + 1);
      streams[index]!.write('half');
      streams[index]!.write('half');
      streams[index]!.end();
      client.send('GET /hello HTTP/1.1\r\n\r\n');
      const [whole, next] = await answers(client, 2);
      expect(whole!.head).not.toContain('Transfer-Encoding');
      expect([whole!.body, next!.body]).toEqual(['halfhalf', 'hello']);
    }
    const client = await http.client();
    client.send('HEAD /stream HTTP/1.1\r\n\r\n');
    await until('the stream', () => streams.length === 3);
    streams[2]!.end();
    await until('the head', () => client.bytes.includes('\r\n\r\n'));
    expect(client.bytes.toString('latin1')).toMatch(/\r\nContent-Length: 8\r\n[^]*\r\n\r\n$/);
  });

  it('whose length is known takes no byte more, and breaks off its connection when it ends before', async () => {
    const { streams } = serve({ contentLength: 8 });
    const { client, stream } = await open(streams);
    stream.write('half');
    expect(() => stream.write('a half')).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'ERR_SOCKMAN_OUT_OF_RANGE' }) as Error,
    );
    stream.end();
    await closed(client);
    expect(client.bytes.toString('latin1')).toMatch(/\r\n\r\nhalf$/);
    expect(log).toEqual([
      expect.stringMatching(/stream at \/stream failed: .?4 bytes of its contentLength were not written/),
    ]);
  });

  it('whose length is known goes on to its end while the server stops', async () => {
    const { server, streams } = serve({ contentLength: 8 });
    const { client, stream } = await open(streams);
    stream.write('half');
    void server.stop();
    stream.write('half');
    stream.end();
    await closed(client);
    expect(client.bytes.toString('latin1')).toMatch(/\r\n\r\nhalfhalf$/);
  });

  it('with an option that is none is answered with 500', async () => {
    const { streams } = serve({ contentLength: -1 });
    const client = await http.client();
    client.send('GET /stream HTTP/1.1\r\n\r\n');
    expect((await answers(client, 1))[0]!.status).toBe(500);
    expect(streams).toEqual([]);
  });

  it.each(['open', 'full', 'ended and not sent'])('that is %s survives RST of its client', async (state) => {
    const { server, streams } = serve();
    const { client, stream } = await open(streams);
    client.pauseReading();
    if (state !== 'open') while (stream.unsentBytes === 0) stream.write(PIECE);
    if (state.startsWith('ended')) stream.end();
    client.reset();
    await until('the connection to be gone', () => server.connectionCount === 0);
    await stream.drained();
    expect(stream.isClosed).toBe(true);
    const other = await http.client();
    other.send('GET /hello HTTP/1.1\r\n\r\n');
    await answers(other, 1);
  });

  it('whose owner throws when it closes, or when the server stops, harms nobody, and the log has it', async () => {
    const { server, streams } = serve({ ignoresInput: true });
    const { client, stream } = await open(streams);
    stream.onClose = () => {
      throw new Error('at the close');
    };
    client.reset();
    await until('the connection to be gone', () => server.connectionCount === 0);
    expect(log).toEqual([expect.stringContaining('http: onClose of a stream at /stream failed: Error: at the close')]);
    const second = await http.client();
    second.send('GET /stream HTTP/1.1\r\n\r\n');
    await until('the other', () => streams.length === 2);
    streams[1]!.onStop = () => {
      throw new Error('at the stop');
    };
    const idle = await http.client();
    idle.send('GET /hello HTTP/1.1\r\n\r\n');
    await answers(idle, 1);
    void server.stop();
    await Promise.all([closed(second), closed(idle)]);
    expect(log[1]).toContain('http: onStop of a stream at /stream failed: Error: at the stop');
    expect(second.bytes.toString('latin1')).toMatch(/0\r\n\r\n$/);
  });
});

describe('a stream that makes no progress', () => {
  it('for thirty seconds closes, and one that makes some lives', async () => {
    const network = new MemoryNetwork({ bufferBytes: 10_000 });
    const { clock } = network;
    const server = new HttpServer({ backend: network.createBackend, clock, bind: ['127.0.0.1:80'] });
    const streams: ReplyStream[] = [];
    server.route('GET', '/', (request) => {
      const stream = request.startStream(200);
      stream.write(PIECE);
      streams.push(stream);
    });
    server.start();
    const [stuck, slow] = [network.connect('127.0.0.1:80'), network.connect('127.0.0.1:80')];
    for (const peer of [stuck, slow]) {
      peer.pauseReading();
      peer.send('GET / HTTP/1.1\r\n\r\n');
    }
    const pass = (ms: number): void => {
      for (let step = 0; step < ms; step += 50) clock.advance(50);
    };
    pass(STREAM_STALL_MS - 1_000);
    expect(streams.map(({ isClosed }) => isClosed)).toEqual([false, false]);
    slow.resumeReading();
    pass(50);
    slow.pauseReading();
    pass(1_500);
    expect(streams.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    expect(server.httpStats().timeouts).toBe(1);
    server.interruptNet();
    server.closeSockets();
    await server.joinSocketsThreads();
  });
});
