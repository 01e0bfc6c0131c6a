// What do 10,000 handshaken V2 peers cost: memory, CPU at rest, and the announcement of one transaction to all of them?
//
//   npm run bench -- --cases p2p-crowd -- [--peers 10000] [--rounds 3]     needs a built package
//
// One process holds the peers, through Connman and PeerManager; another plays them. Memory is anonymous memory
// (smaps_rollup) after garbage collection with the peers, less the same without them, after some peers came and went; and
// the same for a bare SockMan with as many idle connections, which is subtracted. Each round has processes of its own.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { BENCH_DIRECTORY } from '../../lib/build.mjs';
import { describeProcess } from '../../lib/micro.mjs';
import { descriptorLimit, loadCoreCommand, pinning, serverCoreCommand } from '../../lib/processes.mjs';
import { median, spread } from '../../lib/statistics.mjs';

/** Memory of a handshaken peer beyond an idle connection of SockMan, in bytes. */
const GOAL_BYTES = 12 * 1_024;
/** Descriptors besides those of peers: Connman's reserve, listeners, the program itself. */
const OTHER_DESCRIPTORS = 300;

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
    smoke: { type: 'boolean', default: false },
  },
});
const wanted = options.smoke ? 50 : Number(options.peers);
const count = Math.min(wanted, descriptorLimit() - OTHER_DESCRIPTORS);
const rounds = options.smoke ? 1 : Number(options.rounds);
const warmUp = Math.min(count, 500);
const idleMs = options.smoke ? 100 : 5_000;
const PING_EVERY_MS = 10;
const pingCount = options.smoke ? 3 : 300;

/** A process that answers requests one by one. */
class Helper {
  #child;

  /** @param {(command: string[]) => string[]} onCore @param {string} file @param {string[]} parameters */
  constructor(onCore, file, parameters) {
    const script = join(BENCH_DIRECTORY, 'servers', file);
    const [command, ...rest] = onCore([process.execPath, '--expose-gc', script, ...parameters]);
    this.#child = spawn(command, rest, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** @param {object} request @returns {Promise<any>} The answer. */
  ask(request) {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('a process of the bench ended'));
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', onExit);
        resolve(answer);
      });
      this.#child.send(request);
    });
  }

  stop() {
    this.#child.kill('SIGKILL');
  }
}

/**
 * Measures with one process that holds connections and one that plays the other ends.
 * @param {'bare' | 'connman'} kind
 * @param {(hub: Helper, crowd: Helper) => Promise<object>} furtherMeasures
 */
async function measureProcess(kind, furtherMeasures) {
  const hub = new Helper(serverCoreCommand, 'crowd-hub.mjs', [
    kind,
    String(count),
    ...(options.smoke ? ['hasty'] : []),
  ]);
  const crowd = new Helper(loadCoreCommand, 'crowd.mjs', [kind]);
  try {
    const { port } = await hub.ask({ do: 'listen' });
    await crowd.ask({ do: 'dial', port, count: warmUp });
    await hub.ask({ do: 'warmUp' });
    await crowd.ask({ do: 'hangUp' });
    const empty = await hub.ask({ do: 'countMemory', connections: 0 });
    const before = await hub.ask({ do: 'countCpu' });
    await crowd.ask({ do: 'dial', port, count });
    const after = await hub.ask({ do: 'countCpu' });
    const full = await hub.ask({ do: 'countMemory', connections: count });
    return {
      peerBytes: (full.bytes - empty.bytes) / count,
      liveBytes: (full.liveBytes - empty.liveBytes) / count,
      cpuUs: (after.cpuUs - before.cpuUs) / count,
      ...(await furtherMeasures(hub, crowd, empty.bytes)),
    };
  } finally {
    hub.stop();
    crowd.stop();
  }
}

/** Measurements of Connman alone. */
async function measureRelay(hub, crowd, emptyBytes) {
  const { cpuShare } = await hub.ask({ do: 'rest', ms: idleMs });
  const talk = await measureTalk(hub, crowd);
  const pass = await told(hub, crowd, 'relayInOnePass');
  const first = await told(hub, crowd, 'announceTransaction');
  const second = await told(hub, crowd, 'announceTransaction');
  const { bytes } = await hub.ask({ do: 'countMemory', connections: count });
  return { cpuShare, ...talk, pass, first, second, toldBytes: (bytes - emptyBytes) / count };
}

/** One peer of all talks: what does a message cost beside the silent peers, and how long does its answer take? */
async function measureTalk(hub, crowd) {
  const before = await hub.ask({ do: 'countCpu' });
  const began = performance.now();
  const { times } = await crowd.ask({ do: 'ping', count: pingCount, everyMs: PING_EVERY_MS });
  const elapsedUs = (performance.now() - began) * 1_000;
  const after = await hub.ask({ do: 'countCpu' });
  return {
    talkShare: (after.cpuUs - before.cpuUs) / elapsedUs,
    pingMs: median(times),
    slowestPingMs: Math.max(...times),
  };
}

/** Makes the hub announce to all peers, and waits until all have received it. */
async function told(hub, crowd, what) {
  await crowd.ask({ do: 'expectInv' });
  const measured = await hub.ask({ do: what });
  await crowd.ask({ do: 'awaitInv', count });
  return measured;
}

function show(title, values, unit, digits = 0) {
  const text = median(values).toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const note = values.length > 1 ? `  ± ${(spread(values) * 100).toFixed(0)} %` : '';
  console.log(`  ${title.padEnd(68)}${text.padStart(10)} ${unit}${note}`);
}

const bare = [];
const full = [];
for (let round = 0; round < rounds; round++) {
  bare.push(await measureProcess('bare', async () => ({})));
  full.push(await measureProcess('connman', measureRelay));
}
const beyond = full.map(({ peerBytes }, round) => peerBytes - bare[round].peerBytes);
const fewer = count < wanted ? `, as many as ${descriptorLimit()} descriptors allow` : '';
console.log(describeProcess());
console.log(
  `\n${count.toLocaleString('en')} handshaken V2 peers in one process${fewer} (${rounds} rounds; ${pinning})`,
);
const of = (key) => full.map((each) => each[key]);
const idle = bare.map(({ peerBytes }) => peerBytes);
const percent = of('cpuShare').map((share) => share * 100);
show('Memory of an idle connection of SockMan', idle, 'bytes');
show('Memory of a handshaken peer', of('peerBytes'), 'bytes');
show('  beyond the connection', beyond, 'bytes');
show('  live objects of it', of('liveBytes'), 'bytes');
show('  and once it was told of two transactions', of('toldBytes'), 'bytes');
show('CPU to accept it and shake hands', of('cpuUs'), 'µs');
show('CPU of the process while nothing happens', percent, '% of a core', 1);
show(
  `  and while one of them pings, ${PING_EVERY_MS} ms after each answer`,
  of('talkShare').map((share) => share * 100),
  '% of a core',
  1,
);
show('  how long an answer takes it', of('pingMs'), 'ms', 2);
show('  the slowest one', of('slowestPingMs'), 'ms', 1);
for (const [key, title] of [
  ['pass', 'One inv to all, sent in one loop'],
  ['first', 'A first transaction announced to all, from the first to the last'],
  ['second', 'A second one, likewise'],
]) {
  const passes = of(key);
  const [times, costs] = [passes.map(({ ms }) => ms), passes.map(({ cpuUs }) => cpuUs / count)];
  show(title, times, 'ms', 1);
  show('  CPU for each peer', costs, 'µs', 1);
}
// A few peers say nothing about memory, which is allocated in pages.
if (!options.smoke) {
  const isMet = median(beyond) <= GOAL_BYTES;
  console.log(
    `Goal: at most ${GOAL_BYTES.toLocaleString('en')} bytes beyond the connection: ${isMet ? 'met' : 'missed'}`,
  );
}
