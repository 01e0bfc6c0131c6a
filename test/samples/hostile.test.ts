// Every server among the samples, against clients that nobody would copy it for: one RST ended the first of them, and none
// echoed 50 MB whole.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';
import { examples, printed, programsOf, run, withAddress } from './samples.ts';
import type { Sample } from './samples.ts';

const ECHO_BYTES = 50_000_000;
/** Turns in which a server gets 64 KiB of a connection at least: more than the buffers of both directions. */
const ROUNDS = 200;
const ADDRESS = '127.0.0.1:7007';

const [first, hello] = programsOf('README.md');
const streams = examples.find(({ name }) => name === 'examples/echo-streams.mjs')!;
const echoServers: Sample[] = [first!, streams];

async function serve(sample: Sample): Promise<number> {
  const [, port] = await printed(run(withAddress(sample, ADDRESS, '127.0.0.1:0')), /^echo at 127\.0\.0\.1:(\d+) on /);
  return Number(port);
}

const GREETER: Sample = {
  ...hello!,
  text: `${hello!.text}
    const server = new Hello();
    console.log(String(server.bindAndStartListening('127.0.0.1:0').bound));
    server.startSocketsThreads();`,
};

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Peers that reset at once, reset with bytes on the way in both directions, and leave after a part. */
async function molest(port: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: 10 }, () => dial(port)));
  for (const socket of sockets.slice(0, 5)) socket.resetAndDestroy();
  for (const socket of sockets.slice(5)) socket.write(Buffer.alloc(4_000_000));
  const [partial] = sockets.slice(5);
  partial!.once('data', () => partial!.destroy());
  await once(partial!, 'close');
  for (const socket of sockets) socket.resetAndDestroy();
}

/** Has the server go round often enough to fill what the kernel keeps of another connection: it serves all in turn. */
async function goRound(port: number): Promise<void> {
  const socket = await dial(port);
  for (let count = 0; count < ROUNDS; count++) {
    socket.write('.');
    await once(socket, 'data');
  }
  socket.destroy();
}

/** Sends everything at once, begins to read late, and returns what came back. */
async function echoed(port: number, data: Buffer): Promise<Buffer> {
  const socket = await dial(port);
  socket.pause();
  socket.end(data);
  // The server has to hold back: the kernel took what it can, in both directions.
  await goRound(port);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.resume();
  await once(socket, 'end');
  return Buffer.concat(chunks);
}

describe.skipIf(noBuild !== undefined)('hostile clients', () => {
  it.each(echoServers.map((sample) => [sample.name, sample] as const))(
    'leave %s serving, which echoes 50 MB byte for byte',
    async (_name, sample) => {
      const port = await serve(sample);
      await molest(port);
      const data = randomBytes(ECHO_BYTES);
      const back = await echoed(port, data);
      expect(back.length).toBe(data.length);
      expect(back.equals(data)).toBe(true);
    },
  );

  it('leave the greeter greeting', async () => {
    const [, port] = await printed(run(GREETER), /127\.0\.0\.1:(\d+)/);
    await molest(Number(port));
    const [greeting] = (await once(await dial(Number(port)), 'data')) as [Buffer];
    expect(String(greeting)).toMatch(/^hello 127\.0\.0\.1:\d+\n$/);
  });

  it.each(echoServers.map((sample) => [sample.name, sample] as const))(
    'are not needed for %s to fail: a port that is taken is said in one line',
    async (_name, sample) => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const quiet = withAddress(sample, ADDRESS, `127.0.0.1:${port}`);
      const child = run({ ...quiet, text: quiet.text.replace('console.error', 'console.log') });
      const [line] = await printed(child, /^.*\n/);
      expect(line).toMatch(new RegExp(`^bind for 127\\.0\\.0\\.1:${port} failed: EADDRINUSE`));
      taken.close();
    },
  );
});
