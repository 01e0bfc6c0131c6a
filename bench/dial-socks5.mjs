// How fast does SockMan dial through a SOCKS5 proxy, 1,000 at a time, beside plain C and the npm package `socks`; and how
// much memory does a pending dial take?
//
//   node bench/dial-socks5.mjs [--rounds 7] [--dials 20000] [--without-socks] [--smoke]
//
// Needs a built package, a C compiler and microsocks (Debian package of that name). `socks` is fetched from npm to a
// temporary folder. The proxy and the target have one core, the dialer the other; rounds are interleaved, and a ratio is
// the median of the rounds' own ratios. The proxy starts a thread for each connection, which is most of the work: that is
// the same for everybody.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { BENCH_DIRECTORY, program } from './lib/build.mjs';
import { isPinned, loadCoreCommand, serverCoreCommand } from './lib/processes.mjs';
import { median, spread } from './lib/statistics.mjs';

/** Dials in flight. */
const WINDOW = 1_000;
/** What the issue that asked for this wants. */
const GOALS = { toC: 0.9, toSocks: 3, pendingBytes: 2_048 };
const PENDING_DIALS = 5_000;

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

/** A TCP port that nothing listens on. @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Waits until a port accepts. @param {number} port */
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
  const parameters = [
    'install',
    '--prefix',
    folder,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    'socks',
  ];
  execFileSync('npm', parameters, { stdio: 'ignore' });
  return pathToFileURL(join(folder, 'node_modules', 'socks', 'build', 'index.js')).href;
}

async function main() {
  const proxyPort = await freePort();
  startServer(['microsocks', '-i', '127.0.0.1', '-p', String(proxyPort)]);
  const target = startServer([program('epoll'), 'echo', '65536']);
  const { port: targetPort } = JSON.parse(await new Promise((resolve) => target.stdout.once('data', resolve)));
  await accepts(proxyPort);

  const script = (name) => join(BENCH_DIRECTORY, 'peers', name);
  const task = [proxyPort, targetPort, dials, WINDOW].map(String);
  const lanes = [
    { name: 'C epoll', command: [program('dial-socks5'), ...task], rates: [] },
    { name: 'SockMan', command: [process.execPath, script('dial-sockman.mjs'), ...task], rates: [] },
  ];
  if (!options['without-socks'] && !options.smoke) {
    const command = [process.execPath, script('dial-socks-package.mjs'), fetchSocks(), ...task];
    lanes.push({ name: 'npm socks', command, rates: [] });
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < lanes.length; at += 1) {
      const lane = lanes[(round + at) % lanes.length];
      lane.rates.push(dials / (await runDialer(lane.command)));
    }
  }

  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const pending = [silent.address().port, targetPort, options.smoke ? 200 : PENDING_DIALS, 0].map(String);
  const hold = [process.execPath, '--expose-gc', script('dial-sockman.mjs'), ...pending, 'hold'];
  const { live, anonymous } = await runDialer(hold);
  silent.close();

  console.log(`${cpus()[0].model}, Node ${process.version}, ${isPinned ? 'pinned' : 'not pinned'}`);
  console.log(`${dials} dials, ${WINDOW} in flight, through microsocks; median of ${rounds} rounds`);
  const [c, ours, socks] = lanes;
  for (const { name, rates } of lanes) {
    console.log(`  ${name.padEnd(10)} ${Math.round(median(rates))} dials/s, ± ${Math.round(spread(rates) * 100)} %`);
  }
  const ratio = (other) => median(ours.rates.map((rate, round) => rate / other.rates[round])).toFixed(2);
  console.log(`  SockMan to C ${ratio(c)} (goal ${GOALS.toC})`);
  if (socks !== undefined) console.log(`  SockMan to npm socks ${ratio(socks)} (goal ${GOALS.toSocks})`);
  console.log(`  a pending dial takes ${Math.round(live)} bytes of live objects (goal ${GOALS.pendingBytes}),`);
  console.log(`    ${Math.round(anonymous)} with what the heap keeps in reserve`);
}

try {
  await main();
} finally {
  for (const server of servers) server.kill();
  rmSync(folder, { recursive: true, force: true });
}
