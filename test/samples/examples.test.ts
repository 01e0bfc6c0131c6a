// Each program of examples/ does what it says, at addresses of the test's choice.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { noBuild } from '../harness/child.ts';
import { examples, printed, runFile } from './samples.ts';

const ANY = '127.0.0.1:0';

/** Where each example is run. */
const RUN_IN: Record<string, string> = {
  'chat.mjs': 'here',
  'echo.mjs': 'here',
  'echo-streams.mjs': 'test/samples/hostile.test.ts',
  'forward.mjs': 'here',
  'half-close.mjs': 'here',
  'http-hello.mjs': 'test/http/guide.test.ts',
  'memory-network.mjs': 'here',
  'reuse-port-workers.mjs': 'here',
  'sv2-templates.mjs': 'here',
  'tor-dial.mjs': 'here',
  'watch-bitcoin.mjs': 'here',
};

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Runs a server of examples/. @returns Its port. */
async function serve(file: string, ...args: string[]): Promise<number> {
  const child = runFile(`examples/${file}`, ...args);
  return Number((await printed(child, /127\.0\.0\.1:(\d+)/))[1]);
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('utf8');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** All that comes up to the EOF. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (piece: string) => (text += piece));
  await once(socket, 'end');
  return text;
}

/** Resolves once a socket got a text that matches. */
function heard(socket: Socket, pattern: RegExp): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    socket.on('data', (piece: string) => {
      text += piece;
      if (pattern.test(text)) resolve();
    });
  });
}

it('every example is run by a test', () => {
  expect(examples.map(({ name }) => name.replace('examples/', '')).sort()).toEqual(Object.keys(RUN_IN).sort());
});

describe.skipIf(noBuild !== undefined)(`the example ${noBuild ?? ''}`, () => {
  it('echo.mjs echoes', async () => {
    const socket = await dial(await serve('echo.mjs', ANY));
    socket.write('hello');
    await heard(socket, /^hello$/);
  });

  it('chat.mjs tells the others', async () => {
    const port = await serve('chat.mjs', ANY);
    const first = await dial(port);
    const isThere = heard(first, /\* 1 is here/);
    const second = await dial(port);
    await isThere;
    const line = heard(first, /1: hello\n/);
    second.write('hello\n');
    await line;
    const isGone = heard(first, /\* 1 is gone/);
    second.destroy();
    await isGone;
  });

  it('half-close.mjs answers after the EOF', async () => {
    const socket = await dial(await serve('half-close.mjs', ANY));
    const data = Buffer.alloc(3_000_000, 'x');
    socket.end(data);
    expect(await rest(socket)).toBe(`${createHash('sha256').update(data).digest('hex')}\n`);
  });

  it('forward.mjs passes bytes and EOF on, both ways', async () => {
    const target = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket);
      socket.pipe(socket);
    });
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    // Its first line names the forwarder's own address first.
    const socket = await dial(await serve('forward.mjs', `127.0.0.1:${(target.address() as AddressInfo).port}`, ANY));
    const data = 'y'.repeat(5_000_000);
    socket.end(data);
    expect((await rest(socket)) === data).toBe(true);
    target.close();
  });

  it('forward.mjs resets who came for a target that is not there', async () => {
    const socket = await dial(await serve('forward.mjs', '127.0.0.1:1', ANY));
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
  });

  it('tor-dial.mjs fetches a page through a SOCKS5 proxy', async () => {
    const proxy = createServer((socket) => {
      sockets.push(socket);
      // Greeting with a user name, its check, the request, and then whatever is asked.
      const replies = [Buffer.from([5, 2]), Buffer.from([1, 0]), Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80])];
      socket.on('data', () => {
        const reply = replies.shift();
        if (reply === undefined) socket.end('HTTP/1.1 200 OK\r\n\r\nthe page\n');
        else socket.write(reply);
      });
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const at = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const child = runFile('examples/tor-dial.mjs', 'example.com', '80', at);
    const ended = once(child, 'exit');
    await printed(child, /the page/);
    expect(await ended).toEqual([0, null]);
    proxy.close();
  });

  it('memory-network.mjs passes its own tests', async () => {
    const child = runFile('examples/memory-network.mjs');
    child.stdout!.resume();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('reuse-port-workers.mjs serves all connections', async () => {
    const child = runFile('examples/reuse-port-workers.mjs', '2', '40');
    const [, first, second] = await printed(child, /worker 0 served (\d+) .*\n.*worker 1 served (\d+) /);
    expect(Number(first) + Number(second)).toBe(40);
  });

  it('watch-bitcoin.mjs says which node it talks to', async () => {
    const node = new Connman({ chain: 'regtest', bind: [ANY], noConnect: true });
    await node.start(new PeerManager());
    const child = runFile('examples/watch-bitcoin.mjs', String(node.listeningAt[0]));
    expect((await printed(child, /: (\/sockman.*\/)/))[1]).toBe(node.userAgent);
    await node.stop();
    await printed(child, /is gone/);
  });

  it('sv2-templates.mjs gets a template', async () => {
    const child = runFile('examples/sv2-templates.mjs');
    const ended = once(child, 'exit');
    await printed(child, /connected to [^]*NewTemplate[^]*SetNewPrevHash/);
    expect(await ended).toEqual([0, null]);
  });
});
