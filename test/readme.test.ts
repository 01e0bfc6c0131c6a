// The programs in the README, run as printed but for their ports.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../ts/connman/connman.ts';
import { PeerManager } from '../ts/peerman/peer-manager.ts';

const ROOT = join(import.meta.dirname, '..');
const programs = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```js\n(.*?)^```/gms)].map(
  ([, code]) => code!,
);

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** Runs a program as a module of a stranger: `sockman` is the built package. */
function run(program: string): ChildProcess {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.setEncoding('utf8');
  children.push(child);
  return child;
}

/** Resolves with the first match in what a child prints. */
function printed(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout!.on('data', (piece: string) => {
      text += piece;
      const match = pattern.exec(text);
      if (match !== null) resolve(match);
    });
    child.once('exit', () => reject(new Error(`ended after printing ${JSON.stringify(text)}`)));
  });
}

/** What a server answers to one line. */
async function ask(port: number, line: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  socket.write(line);
  const [answer] = (await once(socket, 'data')) as [string];
  socket.destroy();
  return answer;
}

function withPort(program: string, from: string, to: string): string {
  expect(program).toContain(from);
  return program.replace(from, to);
}

describe('the README', () => {
  it('has four programs', () => {
    expect(programs).toHaveLength(4);
  });

  it('opens with an echo server that echoes', async () => {
    const child = run(withPort(programs[0]!, '127.0.0.1:7000', '127.0.0.1:0'));
    const [, port] = await printed(child, /^echo at 127\.0\.0\.1:(\d+) on /);
    expect(await ask(Number(port), 'as printed\n')).toBe('as printed\n');
  });

  it('shows a subclass that greets', async () => {
    const start = `const hello = new Hello();
      console.log(String(hello.bindAndStartListening('127.0.0.1:0').bound));
      hello.startSocketsThreads();`;
    const child = run(programs[1]! + start);
    const [, port] = await printed(child, /127\.0\.0\.1:(\d+)/);
    expect(await ask(Number(port), '\n')).toMatch(/^hello 127\.0\.0\.1:\d+\n$/);
  });

  it('shows a dial through a proxy that says what is wrong, and ends by itself', async () => {
    // Port 1 of the loopback interface: nobody listens.
    const child = run(withPort(programs[2]!, '127.0.0.1:9050', '127.0.0.1:1'));
    await printed(child, /127\.0\.0\.1:1/);
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });

  it('shows how to watch a node', async () => {
    const node = new Connman({ network: 'regtest', bind: ['127.0.0.1:0'], noConnect: true });
    const peers = new PeerManager();
    peers.attach(node);
    await node.start(peers);
    const address = String(node.listeningAt[0]);
    const child = run(withPort(programs[3]!, '127.0.0.1:18444', address));
    expect((await printed(child, /: (\/sockman.*\/)/))[1]).toBe(node.userAgent);
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
    await node.stop();
  });
});
