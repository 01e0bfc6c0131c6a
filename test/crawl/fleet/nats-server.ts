// A real nats-server with JetStream, in a folder of its own.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program, freePort, missingPrograms } from '../../harness/labs/programs.ts';

/** The server, and the Debian package that it is in. */
export const NATS_PACKAGE = { 'nats-server': 'nats-server' };

const missing = missingPrograms(NATS_PACKAGE);
/** Why there is no server; undefined when there is one. */
export const noNats = missing === undefined ? undefined : `skipped: ${missing}`;

const START_DEADLINE_MS = 30_000;

/** One server. What it stores outlives `kill` and `start`. */
export class NatsServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'sockman-nats-'));
  readonly #host: string;
  #port = 0;
  #program: Program | undefined;

  /** @param host - Where it listens. */
  constructor(host = '127.0.0.1') {
    this.#host = host;
  }

  get url(): string {
    return this.urlAt(this.#host);
  }

  /** Its URL by another of its addresses. */
  urlAt(host: string): string {
    return `nats://${host}:${this.#port}`;
  }

  /** Starts it, the second time at the port of the first. */
  async start(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const place = ['-a', this.#host, '-p', String(this.#port), '-sd', this.folder];
    this.#program = new Program('nats-server', ['-js', ...place]);
    await this.#program.says(/Server is ready/, START_DEADLINE_MS);
  }

  /** Kills it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Looks again and again until it is so: what other processes do, and a bus whose server is killed meanwhile, nothing tells us. */
export async function poll(what: string, isSo: () => boolean | Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
