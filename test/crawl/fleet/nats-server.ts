// A real nats-server with JetStream, on loopback and in a folder of its own.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = ['/usr/sbin/nats-server', '/usr/bin/nats-server', '/usr/local/bin/nats-server'].find((path) =>
  existsSync(path),
);

/** Why there is no server; undefined when there is one. */
export const noNats = PROGRAM === undefined ? 'skipped: no nats-server (Debian: apt install nats-server)' : undefined;

/** One server. What it stores outlives `kill` and `start`. */
export class NatsServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'sockman-nats-'));
  readonly #host: string;
  #port = 0;
  #child: ChildProcess | undefined;

  constructor(host = '127.0.0.1') {
    this.#host = host;
  }

  get url(): string {
    return `nats://${this.#host}:${this.#port}`;
  }

  /** Starts it, the second time at the port of the first. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const log = join(this.folder, 'log');
    rmSync(log, { force: true });
    const child = spawn(PROGRAM!, ['-js', '-a', this.#host, '-p', String(this.#port), '-sd', this.folder, '-l', log], {
      stdio: 'ignore',
    });
    this.#child = child;
    while (!existsSync(log) || !readFileSync(log, 'utf8').includes('Server is ready')) {
      if (child.exitCode !== null)
        throw new Error(`nats-server ended: ${existsSync(log) ? readFileSync(log, 'utf8') : ''}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Kills it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether this process may make network namespaces. */
export const canUnshare = spawnSync('unshare', ['-rn', 'true']).status === 0;

/** Looks at what other processes do until it is so: nothing tells us. */
export async function poll(what: string, isSo: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
