// Starts servers and the load generator, each on a core of its own, and reads a server's figures from /proc.

import { execFileSync, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { program } from './build.mjs';

const START_TIMEOUT_MS = 10_000;

/** The cores this process may use. */
function allowedCores() {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

const [serverCore, loadCore] = allowedCores();

/** With one core, or without `taskset`, server and load generator share the cores, and the report says so. */
export const isPinned = loadCore !== undefined && canPin();

/** Text for the report. */
export const pinning = isPinned ? `server on core ${serverCore}, load generator on core ${loadCore}` : 'not pinned';

function canPin() {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @param {number} core @param {string[]} command */
function pinned(core, command) {
  return isPinned ? ['taskset', '--cpu-list', String(core), ...command] : command;
}

/** A command on the servers' core. @param {string[]} command */
export const serverCoreCommand = (command) => pinned(serverCore, command);

/** A command on the load's core. @param {string[]} command */
export const loadCoreCommand = (command) => pinned(loadCore, command);

/** Most open descriptors of our processes. */
export function descriptorLimit() {
  const [, , hard] = /^Max open files +(\d+) +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
  return hard === undefined ? Infinity : Number(hard);
}

/** All running servers, so that none outlives the bench. @type {Set<Server>} */
const running = new Set();

export function stopAllServers() {
  for (const server of running) server.stop();
}

/** A running server. */
export class Server {
  #child;
  pid;
  port;
  version;

  /**
   * Starts a server and resolves once it listens.
   * @param {import('./types.mjs').Peer} peer
   * @param {string} mode
   * @param {boolean} collectsGarbage - Whether it is to collect its garbage on `collectGarbage()`.
   * @returns {Promise<Server>}
   */
  static async start(peer, mode, collectsGarbage = false) {
    const [file, ...parameters] = pinned(serverCore, peer.command(mode, collectsGarbage));
    const child = spawn(file, parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
    const line = await firstLine(peer, child);
    return new Server(child, JSON.parse(line));
  }

  /**
   * @param {import('node:child_process').ChildProcess} child
   * @param {{ port: number, version?: string, pid?: number }} hello - With a process id if the child only started the server.
   */
  constructor(child, hello) {
    this.#child = child;
    this.pid = hello.pid ?? /** @type {number} */ (child.pid);
    this.port = hello.port;
    this.version = hello.version;
    running.add(this);
  }

  stop() {
    if (!running.delete(this)) return;
    this.#child.kill('SIGKILL');
    if (this.pid !== this.#child.pid) process.kill(this.pid, 'SIGKILL');
  }

  async collectGarbage() {
    this.#child.kill('SIGUSR2');
    await sleep(100);
    this.#child.kill('SIGUSR2');
    await sleep(200);
  }

  /** Memory that the process uses alone, in bytes: pages shared with files, such as its program, are not counted. */
  anonymousBytes() {
    const [, kilobytes] = /^Anonymous: +(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/smaps_rollup`, 'latin1')) ?? [];
    return Number(kilobytes) * 1024;
  }

  descriptorCount() {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }
}

/** @param {import('./types.mjs').Peer} peer @param {import('node:child_process').ChildProcess} child */
function firstLine(peer, child) {
  const { stdout, stderr } = child;
  return new Promise((resolve, reject) => {
    let complaint = '';
    stderr?.on('data', (text) => (complaint = (complaint + text).slice(0, 4_000)));
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    createInterface({ input: /** @type {import('node:stream').Readable} */ (stdout) }).once('line', (line) => {
      clearTimeout(timer);
      resolve(line);
    });
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(timer);
      const reason = complaint.split('\n').find((line) => /error/i.test(line)) ?? complaint.trim().split('\n')[0];
      reject(new Error(`${peer.title} did not start: ${reason || 'it said nothing'}`));
    });
  });
}

/** @param {Server} server @param {import('./types.mjs').Load} load */
function spawnLoad(server, load) {
  const options = Object.entries(load).flatMap(([name, value]) => [
    `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    String(value),
  ]);
  const command = [program('load'), '--pid', String(server.pid), '--port', String(server.port), ...options];
  const [file, ...parameters] = pinned(loadCore, command);
  return spawn(file, parameters, { stdio: ['pipe', 'pipe', 'pipe'] });
}

/**
 * Runs the load generator against a server.
 * @param {Server} server
 * @param {import('./types.mjs').Load} load
 * @param {() => Promise<void>} [whileOpen] - Runs after the report and before the connections close.
 * @returns {Promise<import('./types.mjs').LoadReport>}
 * @throws {Error} A message did not come back, or was changed, or the load ended for another reason.
 */
export async function runLoad(server, load, whileOpen) {
  const child = spawnLoad(server, load);
  let output = '';
  let complaint = '';
  child.stderr.on('data', (text) => (complaint += text));
  child.stdout.on('data', (text) => (output += text));
  const ended = new Promise((resolve) => child.once('close', resolve));
  if (whileOpen !== undefined) {
    await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended]);
    if (output !== '') await whileOpen();
  }
  child.stdin.end();
  await ended;
  if (output === '') throw new Error(complaint.trim() || 'the load generator ended without a report');
  return JSON.parse(output);
}

/** @param {number} ms @returns {Promise<void>} */
export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
