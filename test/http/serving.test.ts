// What a client gets: persistence, order, bodies.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEachBackend } from '../harness/backends.ts';
import { HttpStage, answers, closed } from './stage.ts';

describeEachBackend('HttpServer', (stage) => {
  let http: HttpStage;
  beforeEach(() => {
    http = new HttpStage(stage);
  });
  afterEach(() => http.clear());

  it('answers two requests on one connection and keeps it open', async () => {
    http.serve();
    const client = await http.client();
    client.send('GET /hello HTTP/1.1\r\nHost: x\r\n\r\n');
    await answers(client, 1);
    client.send('POST /echo HTTP/1.1\r\nContent-Length: 4\r\n\r\nback');
    const [, second] = await answers(client, 2);
    expect(second!.body).toBe('back');
    expect(client.hasEOF).toBe(false);
  });

  it('closes behind the answer when the request says so', async () => {
    http.serve();
    const client = await http.client();
    client.send('GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n');
    await closed(client);
    const [answer] = await answers(client, 1);
    expect(answer!.head).toContain('\r\nConnection: close\r\n');
  });

  it('serves pipelined requests one after the other, each seeing what the one before did', async () => {
    const server = http.serve();
    let count = 0;
    server.route('GET', '/count', async (request) => {
      await Promise.resolve();
      request.writeReply(200, String(++count));
    });
    const client = await http.client();
    client.send('GET /count HTTP/1.1\r\n\r\n'.repeat(5));
    expect((await answers(client, 5)).map(({ body }) => body)).toEqual(['1', '2', '3', '4', '5']);
  });
});
