// The programs in the README, run as printed but for their ports.

import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { addressOfDestination } from '../../ts/sockman/dial/i2p-destination.ts';
import { ONION_ID, goodControlAnswer } from '../harness/dials/control-port.ts';
import { D1 } from '../harness/dials/i2p-destinations.ts';
import { goodSamAnswer } from '../harness/dials/sam-bridge.ts';
import { printed, programsOf, run, withAddress } from './samples.ts';

const programs = programsOf('README.md');

/** What a server answers to one line. */
async function ask(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.write(line);
  const [answer] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return answer;
}

/** A server that answers lines. */
async function respond(answer: (line: string) => string): Promise<{ at: string; heard: string[]; close(): void }> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      const lines = (text + chunk.toString('latin1')).split(/\r?\n/);
      text = lines.pop()!;
      heard.push(...lines);
      for (const line of lines) socket.write(answer(line));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    at: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const torAnswer = (line: string): string => `${goodControlAnswer(line).replaceAll('\n', '\r\n')}\r\n`;
const samAnswer = (line: string): string => `${goodSamAnswer(line)!}\n`;

describe('the README', () => {
  it('has five programs', () => {
    expect(programs).toHaveLength(5);
  });

  it('opens with an echo server that echoes', async () => {
    const child = run(withAddress(programs[0]!, '127.0.0.1:7007', '127.0.0.1:0'));
    const [, port] = await printed(child, /^echo at 127\.0\.0\.1:(\d+) on /);
    expect(await ask(Number(port), 'as printed\n')).toBe('as printed\n');
  });

  it('shows a subclass that greets', async () => {
    const start = `const hello = new Hello();
      console.log(String(hello.bindAndStartListening('127.0.0.1:0').bound));
      hello.startSocketsThreads();`;
    const child = run({ ...programs[1]!, text: programs[1]!.text + start });
    const [, port] = await printed(child, /127\.0\.0\.1:(\d+)/);
    expect(await ask(Number(port), '\n')).toMatch(/^hello 127\.0\.0\.1:\d+\n$/);
  });

  it('shows dials through proxies that say what is wrong, and ends by itself', async () => {
    // Port 1 of the loopback interface: nobody listens.
    const program = withAddress(
      withAddress(programs[2]!, '127.0.0.1:9050', '127.0.0.1:1'),
      '127.0.0.1:7656',
      '127.0.0.1:1',
    );
    const child = run(program);
    const ended = once(child, 'exit');
    const failures = /\.onion:80 through .*ECONNREFUSED.*\n.*example\.com":80 through .*\n.*\.b32\.i2p:0 through .*\n/;
    await printed(child, failures);
    expect(await ended).toEqual([0, null]);
  });

  it('shows an echo server that Tor and I2P lead to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sockman-readme-'));
    const [tor, router] = await Promise.all([respond(torAnswer), respond(samAnswer)]);
    try {
      const program = withAddress(withAddress(programs[3]!, '127.0.0.1:9051', tor.at), '127.0.0.1:7656', router.at);
      const child = run({ ...program, text: program.text.replaceAll("'echo_", `'${folder}/echo_`) });
      const echoes = await printed(child, /(?=[^]*echo at (\S+\.onion):7\n)(?=[^]*echo at (\S+\.b32\.i2p):0\n)/);
      expect(echoes.slice(1)).toEqual([`${ONION_ID}.onion`, String(addressOfDestination(D1))]);
      // Where Tor was told to deliver.
      const port = /Port=7,127\.0\.0\.1:(\d+)/.exec(tor.heard.join('\n'))![1]!;
      expect(await ask(Number(port), 'hello\n')).toBe('hello\n');
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
      expect(readdirSync(folder).sort()).toEqual(['echo_i2p_key', 'echo_onion_key']);
    } finally {
      tor.close();
      router.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('shows how to watch a node', async () => {
    const node = new Connman({ chain: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
    const peers = new PeerManager();
    await node.start(peers);
    const address = String(node.listeningAt[0]);
    const child = run(withAddress(programs[4]!, '127.0.0.1:18444', address));
    expect((await printed(child, /: (\/sockman.*\/)/))[1]).toBe(node.userAgent);
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await node.stop();
  });
});
