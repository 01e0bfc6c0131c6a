// System programs that tests talk to: found, started, waited for, and ended by process id.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { delimiter, isAbsolute, join } from 'node:path';
import { noteProgress } from '../until.ts';

/** How long a program may take to end after SIGTERM, in milliseconds. i2pd sometimes never does. */
const TERM_PATIENCE_MS = 10_000;

/** How long a program may take until it listens, in milliseconds. */
const READY_DEADLINE_MS = 30_000;

/** Servers that only root has in its PATH. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/sbin'];

/** The path of a program, from its name or absolute path; undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = isAbsolute(name) ? ['/'] : [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_FOLDERS];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

/** Why a test cannot run without these programs; undefined if all are installed. Debian packages by program name. */
export function missingPrograms(packages: Readonly<Record<string, string>>): string | undefined {
  const missing = Object.keys(packages).filter((name) => findProgram(name) === undefined);
  if (missing.length === 0) return undefined;
  return `not installed: ${missing.map((name) => `${name} (Debian package ${packages[name]})`).join(', ')}`;
}

/** A running program. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #watchers = new Set<() => void>();
  #output = '';
  #hasExited = false;

  /** Starts `name` with arguments. Its output is kept for `says`. */
  constructor(name: string, args: readonly string[]) {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`${name} is not installed`);
    this.#child = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const hear = (chunk: Buffer): void => {
      this.#output += chunk.toString('latin1');
      this.#look();
    };
    this.#child.stdout!.on('data', hear);
    this.#child.stderr!.on('data', hear);
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', () => {
        this.#hasExited = true;
        this.#look();
        resolve();
      });
    });
  }

  /** Everything it wrote so far, to either stream. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until the output matches.
   * @param from - How much of the output to pass over: `output.length` for what it says from now on.
   * @throws {Error} It ended, or the time is over; with the end of its output.
   */
  async says(pattern: RegExp, deadlineMs: number, from = 0): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const end = (problem?: string): void => {
        this.#watchers.delete(look);
        if (problem === undefined) resolve();
        else reject(new Error(`${problem} before ${pattern}:\n${this.#output.slice(-2_000)}`));
      };
      const look = (): void => {
        if (pattern.test(this.#output.slice(from))) end();
        else if (this.#hasExited) end(`${this.#child.spawnfile} ended`);
      };
      timer = setTimeout(() => end(`${this.#child.spawnfile} took more than ${deadlineMs} ms`), deadlineMs);
      this.#watchers.add(look);
      look();
    }).finally(() => clearTimeout(timer));
  }

  /**
   * Ends it, and waits until it is gone.
   * @param signal - SIGKILL for programs that have nothing to save and take their time.
   */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#hasExited) return;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), TERM_PATIENCE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #look(): void {
    for (const look of [...this.#watchers]) look();
    noteProgress();
  }
}

/** A TCP port of 127.0.0.1 that nothing listens on, for programs that cannot pick one and say which. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until a port of 127.0.0.1 accepts: for programs that do not report when they are ready. */
export async function accepts(port: number): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  const tryOnce = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
  while (!(await tryOnce())) if (performance.now() > deadline) throw new Error(`nothing listens at port ${port}`);
}
