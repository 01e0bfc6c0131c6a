// The targets: our node, and the bitcoind that `BITCOIND` names. Both on regtest, on loopback, with V1 and V2.

import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serverCoreCommand, sleep } from '../../lib/processes.mjs';
import { ask } from './helpers.mjs';

const SOCKMAN = join(import.meta.dirname, '../../../esm/cli/main.js');
const PROBE = pathToFileURL(join(import.meta.dirname, 'probe.mjs')).href;
const START_MS = 20_000;
const RPC_PROBE_MS = 50;
/** Indexes in /proc/PID/stat of the ticks of user and system time, counted behind the name. */
const CPU_FIELDS = [11, 12];
const TICKS_PER_SECOND = 100;

/** Memory and time of a process. @param {number} pid */
export function usageOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = CPU_FIELDS.reduce((sum, index) => sum + Number(fields[index]), 0);
  const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(status) ?? [];
  return { residentBytes: Number(kilobytes) * 1_024, cpuSeconds: ticks / TICKS_PER_SECOND };
}

/** Number of open sockets of a process. @param {number} pid */
export function socketCountOf(pid) {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((descriptor) => linkOf(`${folder}/${descriptor}`).startsWith('socket:')).length;
}

/** The target of a link; empty if it is gone. @param {string} path */
function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** A port that is free now. @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Our node: the command `sockman node`, as users start it.
 * @param {number} maxConnections @param {string[]} [nodeOptions]
 */
export async function startSockman(maxConnections, nodeOptions = []) {
  const folder = mkdtempSync(join(tmpdir(), 'floods-'));
  const [command, ...parameters] = serverCoreCommand([process.execPath]);
  const told = ['node', '--regtest', '1', '--bind', '127.0.0.1:0', '--connect', '0', '--datadir', folder];
  const child = fork(SOCKMAN, [...told, '--maxconnections', String(maxConnections)], {
    execPath: command,
    execArgv: [...parameters, '--import', PROBE, ...nodeOptions],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const output = /** @type {import('node:stream').Readable} */ (child.stdout).setEncoding('utf8');
  const [line] = await once(output, 'data');
  output.resume();
  const [, port] = /^listening at 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
  if (port === undefined) throw new Error(`sockman node did not start: ${line}`);
  const end = () => rmSync(folder, { recursive: true, force: true });
  return {
    pid: /** @type {number} */ (child.pid),
    port: Number(port),
    child,
    worstLagMs: async () => (await ask(child, 'lag')).worstLagMs,
    /** Ends it as users do. @returns The time that took, in milliseconds. */
    async stop() {
      const began = performance.now();
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      end();
      return performance.now() - began;
    },
    kill() {
      child.kill('SIGKILL');
      end();
    },
  };
}

/** A bitcoind. Its lag is the longest time of an RPC. @param {number} maxConnections */
export async function startBitcoind(maxConnections) {
  const folder = mkdtempSync(join(tmpdir(), 'floods-'));
  const [port, rpcPort] = [await freePort(), await freePort()];
  const [command, ...parameters] = serverCoreCommand([
    /** @type {string} */ (process.env.BITCOIND),
    '-regtest',
    `-datadir=${folder}`,
    `-bind=127.0.0.1:${port}`,
    `-rpcport=${rpcPort}`,
    '-connect=0',
    '-listen=1',
    '-listenonion=0',
    '-dnsseed=0',
    '-nodebuglogfile',
    '-printtoconsole=0',
    `-maxconnections=${maxConnections}`,
  ]);
  const child = spawn(command, parameters, { stdio: 'ignore' });
  const url = `http://127.0.0.1:${rpcPort}/`;
  const rpc = async () => {
    const cookie = readFileSync(join(folder, 'regtest', '.cookie'), 'latin1');
    const authorization = `Basic ${Buffer.from(cookie).toString('base64')}`;
    const response = await fetch(url, { method: 'POST', headers: { authorization }, body: '{"method":"uptime"}' });
    if (!response.ok) throw new Error(`RPC: ${response.status}`);
    await response.text();
  };
  const deadline = performance.now() + START_MS;
  while (
    performance.now() < deadline &&
    !(await rpc().then(
      () => true,
      () => false,
    ))
  )
    await sleep(100);
  let worstLagMs = 0;
  let isProbing = true;
  void (async () => {
    while (isProbing) {
      const began = performance.now();
      await rpc().catch(() => {});
      worstLagMs = Math.max(worstLagMs, performance.now() - began);
      await sleep(RPC_PROBE_MS);
    }
  })();
  const end = () => {
    isProbing = false;
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    pid: /** @type {number} */ (child.pid),
    port,
    child,
    async worstLagMs() {
      const worst = worstLagMs;
      worstLagMs = 0;
      return worst;
    },
    async stop() {
      const began = performance.now();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      end();
      return performance.now() - began;
    },
    kill() {
      child.kill('SIGKILL');
      end();
    },
  };
}
