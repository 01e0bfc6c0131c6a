// Calls to a node that answers otherwise than it should, over loopback.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NodeRpc, NodeRpcError } from '../../../ts/stratum/templates/node-rpc.ts';

const MIB = Buffer.alloc(1_048_576, ' ');
const signal = new AbortController().signal;

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function nodeThat(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const callAt = async (answer: RequestListener): Promise<unknown> =>
  new NodeRpc({ url: `http://${await nodeThat(answer)}` }).call('help', [], signal);

describe('a call to a node', () => {
  it('has its result, or fails with the error of the node', async () => {
    expect(await callAt((_, response) => response.end('{"result":[1],"error":null,"id":1}'))).toEqual([1]);
    const failed = callAt((_, response) => response.end('{"result":null,"error":{"code":-10,"message":"not yet"}}'));
    await expect(failed).rejects.toMatchObject({ code: -10, message: 'not yet' });
    await expect(failed).rejects.toBeInstanceOf(NodeRpcError);
  });

  it('fails where the answer is no JSON-RPC, and says with which status it came', async () => {
    for (const text of ['', 'busy', '{"result":', '[]', 'null', '"result"', '{"error":null}']) {
      const failed = callAt((_, response) => response.writeHead(503).end(text));
      await expect(failed, text).rejects.toThrow(/answers 503 without JSON-RPC/);
    }
  });

  it('fails where the node refuses the password, and does not say which', async () => {
    const at = await nodeThat((request, response) => {
      const { authorization = '' } = request.headers;
      const isKnown = authorization === `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
      response.writeHead(isKnown ? 200 : 401).end(isKnown ? '{"result":7}' : '');
    });
    expect(await new NodeRpc({ url: `http://me:p%40ss@${at}` }).call('help', [], signal)).toBe(7);
    const failed = new NodeRpc({ url: `http://me:secret@${at}` }).call('help', [], signal);
    await expect(failed).rejects.toThrow(`http://${at}/ refuses user and password`);
  });

  it('reads the cookie anew each time, and fails without one', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-node-rpc-'));
    const cookieFile = join(folder, '.cookie');
    const at = await nodeThat((request, response) => {
      const cookie = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64');
      response.end(JSON.stringify({ result: cookie.toString() }));
    });
    const rpc = new NodeRpc({ url: `http://${at}`, cookieFile });
    await expect(rpc.call('help', [], signal)).rejects.toThrow(/\.cookie: no cookie; is the node running\?/);
    for (const cookie of ['__cookie__:1', '__cookie__:2']) {
      await writeFile(cookieFile, `${cookie}\n`);
      expect(await rpc.call('help', [], signal)).toBe(cookie);
    }
    await rm(folder, { recursive: true });
  });

  it('stops to read behind 64 MiB', { timeout: 60_000 }, async () => {
    let sentMiB = 0;
    const failed = callAt((_, response) => {
      const sendOn = (): void => {
        while (!response.destroyed && sentMiB < 200) {
          sentMiB++;
          if (!response.write(MIB)) return void response.once('drain', sendOn);
        }
      };
      sendOn();
    });
    await expect(failed).rejects.toThrow('more than 67108864 bytes in an answer');
    expect(sentMiB).toBeLessThan(200);
  });
});
