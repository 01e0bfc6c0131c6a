// What does it cost to dial through a SOCKS5 proxy, 1,000 at a time: SockMan beside plain C and the npm package `socks`?
// And how much memory does a pending dial take?
//
//   npm run bench -- --cases dial-socks5 -- [--rounds 7] [--dials 20000] [--without-socks]
//
// Needs a built package, a C compiler and microsocks (Debian package of that name). `socks` is fetched from npm to a
// temporary folder. Proxy and target have one core, the dialer the other; rounds are interleaved, and a ratio is the median
// of the rounds' own ratios. Two proxies:
//
//   microsocks        a real one. It starts a thread for each connection and is slower than any dialer here but `socks`:
//                     the rate is its own, more or less, and only the client's CPU tells the dialers apart.
//   grant-socks5      grants every request at once and connects nothing, so that the rate is the dialer's.
//
// The CPU of a dial is that of the client's process, all threads, user and system. Loopback delivers within the sender's
// system call, so the kernel's part, for which plain C stands, holds much of the proxy's side of TCP too. It is the same for
// all dialers and cannot be saved: "added" is what a dialer takes on top of C's.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { BENCH_DIRECTORY, program } from '../../lib/build.mjs';
import { isPinned, loadCoreCommand, serverCoreCommand } from '../../lib/processes.mjs';
import { median, spread } from '../../lib/statistics.mjs';

/** Dials in flight. */
const WINDOW = 1_000;
/** The goals of issue 2: at least this share of C's rate and multiple of the rate of `socks`, at most these bytes. */
const GOALS = { toC: 0.9, toSocks: 3, pendingBytes: 2_048 };
const PENDING_DIALS = 5_000;

/** @typedef {{ seconds: number, user: number, system: number }} Run - In seconds. */
/** @typedef {{ name: string, command: (proxyPort: number) => string[] }} Dialer */

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    dials: { type: 'string', default: '20000' },
    'without-socks': { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
});
const rounds = options.smoke ? 1 : Number(options.rounds);
const dials = options.smoke ? 500 : Number(options.dials);

const folder = mkdtempSync(join(tmpdir(), 'sockman-bench-'));
const servers = [];

/** Starts a server on the servers' core. @param {string[]} command */
function startServer(command) {
  const [file, ...parameters] = serverCoreCommand(command);
  const child = spawn(file, parameters, { stdio: ['ignore', 'pipe', 'ignore'] });
  servers.push(child);
  return child;
}

/** Starts a server that prints its port in its first line. @param {string[]} command @returns {Promise<number>} */
async function startAndAskPort(command) {
  const { stdout } = startServer(command);
  return JSON.parse(await new Promise((resolve) => stdout.once('data', resolve))).port;
}

/** @returns {Promise<number>} The port of a microsocks, which cannot choose one itself. */
async function startMicrosocks() {
  const port = await freePort();
  startServer(['microsocks', '-i', '127.0.0.1', '-p', String(port)]);
  await accepts(port);
  return port;
}

/** A free TCP port. @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until a port accepts connections. @param {number} port */
async function accepts(port) {
  for (;;) {
    const isOpen = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return;
  }
}

/** Runs a dialer on its own core. @param {string[]} command @returns {Promise<any>} What it prints, as JSON. */
async function runDialer(command) {
  const [file, ...parameters] = loadCoreCommand(command);
  const { stdout } = await promisify(execFile)(file, parameters);
  return JSON.parse(stdout);
}

/** Fetches the package `socks`. @returns {string} The address of its entry file. */
function fetchSocks() {
  const quietly = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  execFileSync('npm', ['install', '--prefix', folder, ...quietly, 'socks'], { stdio: 'ignore' });
  return pathToFileURL(join(folder, 'node_modules', 'socks', 'build', 'index.js')).href;
}

const script = (name) => join(BENCH_DIRECTORY, 'servers', name);

/** @param {number} targetPort @returns {Dialer[]} */
function findDialers(targetPort) {
  const task = (proxyPort) => [proxyPort, targetPort, dials, WINDOW].map(String);
  const dialers = [
    { name: 'C epoll', command: (port) => [program('dial-socks5'), ...task(port)] },
    { name: 'SockMan', command: (port) => [process.execPath, script('dial-sockman.mjs'), ...task(port)] },
  ];
  if (options['without-socks'] || options.smoke) return dialers;
  const entry = fetchSocks();
  const command = (port) => [process.execPath, script('dial-socks-package.mjs'), entry, ...task(port)];
  return [...dialers, { name: 'npm socks', command }];
}

/**
 * All dialers through one proxy, in turn.
 * @param {Dialer[]} dialers @param {number} proxyPort @returns {Promise<Run[][]>} By dialer, then by round.
 */
async function measure(dialers, proxyPort) {
  const runs = dialers.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < dialers.length; turn += 1) {
      const at = (round + turn) % dialers.length;
      runs[at].push(await runDialer(dialers[at].command(proxyPort)));
    }
  }
  return runs;
}

const rate = ({ seconds }) => dials / seconds;
/** Microseconds of CPU per dial. */
const cpu = ({ user, system }) => ((user + system) / dials) * 1e6;
const userCpu = ({ user }) => (user / dials) * 1e6;

/** @param {Dialer[]} dialers @param {Run[][]} runs */
function report(dialers, runs) {
  const [c, ours, socks] = runs;
  dialers.forEach(({ name }, at) => {
    const middle = (of) => Math.round(median(runs[at].map(of)));
    const around = Math.round(spread(runs[at].map(rate)) * 100);
    const added = Math.round(median(runs[at].map((run, round) => cpu(run) - cpu(c[round]))));
    console.log(
      `  ${name.padEnd(10)} ${middle(rate)} dials/s, ± ${around} %; client CPU ${middle(cpu)} µs a dial, ` +
        `${middle(userCpu)} of it outside the kernel, ${added} added to C's`,
    );
  });
  const ratio = (of) => median(c.map((_, round) => of(round))).toFixed(2);
  console.log(
    `  SockMan to C: rate ${ratio((at) => rate(ours[at]) / rate(c[at]))} (goal ${GOALS.toC} through microsocks)`,
  );
  if (socks === undefined) return;
  console.log(
    `  SockMan to npm socks (goal ${GOALS.toSocks}): rate ${ratio((at) => rate(ours[at]) / rate(socks[at]))}, ` +
      `client CPU ${ratio((at) => cpu(socks[at]) / cpu(ours[at]))}, ` +
      `outside the kernel ${ratio((at) => userCpu(socks[at]) / userCpu(ours[at]))}, ` +
      `added to C's ${ratio((at) => (cpu(socks[at]) - cpu(c[at])) / (cpu(ours[at]) - cpu(c[at])))}`,
  );
  console.log(
    `  C to npm socks: rate ${ratio((at) => rate(c[at]) / rate(socks[at]))}, ` +
      `client CPU ${ratio((at) => cpu(socks[at]) / cpu(c[at]))}: more than this cannot be reached`,
  );
}

/** @param {number} targetPort @returns {Promise<{ live: number, anonymous: number }>} Bytes of a pending dial. */
async function measurePending(targetPort) {
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const task = [silent.address().port, targetPort, options.smoke ? 200 : PENDING_DIALS, 0].map(String);
  const bytes = await runDialer([process.execPath, '--expose-gc', script('dial-sockman.mjs'), ...task, 'hold']);
  silent.close();
  return bytes;
}

async function main() {
  const targetPort = await startAndAskPort([program('epoll'), 'echo', '65536']);
  const proxies = {
    microsocks: await startMicrosocks(),
    'grant-socks5': await startAndAskPort([program('grant-socks5')]),
  };
  const dialers = findDialers(targetPort);
  console.log(`${cpus()[0].model}, Node ${process.version}, ${isPinned ? 'pinned' : 'not pinned'}`);
  for (const [name, port] of Object.entries(proxies)) {
    const runs = await measure(dialers, port);
    console.log(`${dials} dials, ${WINDOW} in flight, through ${name}; median of ${rounds} rounds`);
    report(dialers, runs);
  }
  const { live, anonymous } = await measurePending(targetPort);
  console.log(`a pending dial takes ${Math.round(live)} bytes of live objects (goal ${GOALS.pendingBytes}),`);
  console.log(`  ${Math.round(anonymous)} with what the heap keeps in reserve`);
}

try {
  await main();
} finally {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
}
