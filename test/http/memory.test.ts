// What all clients of an `HttpServer` together make it hold.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { MemoryBudget } from '../../ts/index.ts';
import type { HttpServer } from '../../ts/http.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { RawPeer } from '../harness/peers/raw-peer.ts';
import { until } from '../harness/until.ts';
import { HttpStage, answers } from './stage.ts';

const CLIENTS = 12;
const BODY_BYTES = 200_000;
const LIMIT_BYTES = 400_000;
const CHUNK_BYTES = 16_384;
const HEAD = `POST /size HTTP/1.1\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;

describeEachBackend('memory of an HttpServer', (stage) => {
  let http: HttpStage;
  let budget: MemoryBudget;
  let server: HttpServer;
  let mostUsedBytes: number;

  beforeEach(() => {
    http = new HttpStage(stage);
    budget = new MemoryBudget({ totalBytes: LIMIT_BYTES, heapShare: 1 });
    server = http.serve({ memoryBudget: budget, maxUnparsedBytes: CHUNK_BYTES });
    mostUsedBytes = 0;
    server.route('POST', '/size', (request) => {
      mostUsedBytes = Math.max(mostUsedBytes, budget.usedBytes);
      request.writeReply(200, `${request.body.length}`);
    });
  });
  afterEach(() => http.clear());

  async function clients(count: number): Promise<RawPeer[]> {
    return Promise.all(Array.from({ length: count }, () => http.client()));
  }

  it('is bounded, however many bodies come at a time, and a small request is answered meanwhile', async () => {
    const all = await clients(CLIENTS);
    for (const client of all) client.send(HEAD + 'x'.repeat(BODY_BYTES - 1));
    // The one that goes on has come as far as it will, and what the others hold leaves no room.
    await until('the first body', () => budget.usedBytes >= LIMIT_BYTES);
    const honest = await http.client();
    honest.send('POST /echo HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello');
    expect((await answers(honest, 1))[0]).toMatchObject({ status: 200, body: 'hello' });
    // A body's array is up to twice what came of it.
    expect(budget.usedBytes).toBeLessThan(LIMIT_BYTES + 2 * BODY_BYTES + CLIENTS * 2 * CHUNK_BYTES);
    expect(budget.usedBytes).toBeLessThan(CLIENTS * BODY_BYTES);
    for (const client of all) client.close();
    await until('nothing held', () => server.connectionCount === 1);
    expect(budget.usedBytes).toBe(0);
  });

  it('lets all bodies come to their end, one after another', async () => {
    const all = await clients(CLIENTS);
    for (const client of all) client.send(HEAD + 'x'.repeat(BODY_BYTES));
    for (const client of all) {
      expect((await answers(client, 1))[0]).toMatchObject({ status: 200, body: `${BODY_BYTES}` });
    }
    expect(mostUsedBytes).toBeLessThan(LIMIT_BYTES + 2 * BODY_BYTES + CLIENTS * 2 * CHUNK_BYTES);
    expect(budget.usedBytes).toBe(0);
  });

  it('counts answers that nobody reads', async () => {
    server.route('GET', '/large', (request) => request.writeReply(200, new Uint8Array(20_000_000)));
    const client = await http.client();
    client.pauseReading();
    client.send('GET /large HTTP/1.1\r\n\r\n');
    await until('an answer that waits', () => budget.usedBytes > 0);
    client.close();
    await until('nothing held', () => budget.usedBytes === 0);
    expect(budget.accountCount).toBe(0);
  });
});
