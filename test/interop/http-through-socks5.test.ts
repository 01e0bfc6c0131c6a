// Node's own HTTP and TLS clients over a stream of `duplex`, which a SOCKS5 proxy leads to a server by name.

import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import * as tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionStream } from '../../ts/sockman/streams/connection-stream.ts';
import { availableBackends } from '../harness/worlds.ts';
import { Program, accepts, freePort, missingPrograms } from '../harness/labs/programs.ts';
import { Probe } from '../harness/probe.ts';
import { inTime } from '../harness/until.ts';

/** Pre-shared keys need no certificate. */
const PSK = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
const KEY = Buffer.from('a key for tests');

const missing = missingPrograms({ microsocks: 'microsocks' });
const systemBackends = availableBackends().filter(({ name }) => name !== 'memory');

describe.skipIf(missing !== undefined).each(systemBackends)(
  `$name: clients over a SOCKS5 dial ${missing ?? ''}`,
  (backend) => {
    let microsocks: Program;
    let proxy: string;
    let server: http.Server;
    let secure: tls.Server;
    let node: Probe;

    beforeAll(async () => {
      const port = await freePort();
      microsocks = new Program('microsocks', ['-i', '127.0.0.1', '-p', `${port}`]);
      await accepts(port);
      proxy = `127.0.0.1:${port}`;
      const answer: http.RequestListener = (request, response) => {
        if (request.url === '/silence') return;
        response.setHeader('content-type', 'text/plain');
        request.pipe(response);
      };
      server = http.createServer(answer).listen(0, '127.0.0.1');
      // What the TLS server decrypts, the HTTP server answers.
      secure = tls.createServer({ ...PSK, pskCallback: () => KEY }, (socket) => server.emit('connection', socket));
      secure.listen(0, '127.0.0.1');
      await Promise.all([once(server, 'listening'), once(secure, 'listening')]);
    });

    afterAll(async () => {
      await microsocks?.stop();
      server?.closeAllConnections();
      server?.close();
      secure?.close();
    });

    beforeEach(() => {
      node = new Probe(backend.createWorld().options);
      node.startSocketsThreads();
    });

    afterEach(() => node[Symbol.asyncDispose]());

    async function dial(to: http.Server | tls.Server): Promise<ConnectionStream> {
      const { port } = to.address() as AddressInfo;
      const dialed = await node.connectAndMakeNodeId({ host: 'localhost', port }, { proxy });
      if (dialed.nodeId === undefined) throw new Error(dialed.errmsg);
      return node.duplex(dialed.nodeId);
    }

    /** POSTs a body, and gives what was answered. */
    async function post(over: Duplex | http.Agent, body: Uint8Array): Promise<{ status: number; body: Buffer }> {
      const way = over instanceof http.Agent ? { agent: over } : { createConnection: () => over };
      const request = http.request({ host: 'localhost', method: 'POST', path: '/echo', ...way });
      request.end(body);
      const [response] = (await inTime('the response', once(request, 'response'))) as [http.IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return { status: response.statusCode!, body: Buffer.concat(chunks) };
    }

    it('makes an HTTP request', async () => {
      const body = Buffer.alloc(300_000, 'abc');
      const answer = await post(await dial(server), body);
      expect(answer.status).toBe(200);
      expect(answer.body.equals(body)).toBe(true);
    });

    it('makes many requests over one connection of a keep-alive agent', async () => {
      const streams: ConnectionStream[] = [];
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      agent.createConnection = (_options, callback) => {
        void dial(server).then((stream) => {
          streams.push(stream);
          callback?.(null, stream);
        });
        return undefined;
      };
      for (const text of ['first', 'second', 'third']) {
        expect((await post(agent, Buffer.from(text))).body.toString()).toBe(text);
      }
      expect(streams).toHaveLength(1);
      agent.destroy();
    });

    it('times out a request whose server is silent', async () => {
      const stream = await dial(server);
      const request = http.get({ host: 'localhost', path: '/silence', createConnection: () => stream });
      request.setTimeout(50);

      await inTime('the timeout', once(request, 'timeout'));
      expect(stream.timeout).toBe(50);
      request.destroy();
      await expect(once(request, 'error')).resolves.toMatchObject([{ code: 'ECONNRESET' }]);
    });

    it('makes an HTTP request inside TLS', async () => {
      const socket = tls.connect({
        ...PSK,
        socket: await dial(secure),
        pskCallback: () => ({ psk: KEY, identity: 'test' }),
        checkServerIdentity: () => undefined,
      });
      await inTime('the TLS handshake', once(socket, 'secureConnect'));
      const body = Buffer.alloc(300_000, 'secret');
      const answer = await post(socket, body);
      expect(answer.status).toBe(200);
      expect(answer.body.equals(body)).toBe(true);
      socket.destroy();
    });

    it('has the members of a net.Socket that clients ask for', async () => {
      const stream = await dial(server);
      expect(stream.setNoDelay(true).setKeepAlive(true, 1_000).ref().unref()).toBe(stream);
      expect(stream).toMatchObject({
        connecting: false,
        pending: false,
        localAddress: '127.0.0.1',
        localFamily: 'IPv4',
      });
      expect(stream.address()).toEqual({ address: '127.0.0.1', port: stream.localPort, family: 'IPv4' });
      stream.destroySoon();
      await inTime('the close', once(stream, 'close'));
    });
  },
);
