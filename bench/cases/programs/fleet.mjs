// What does a fleet cost beside a single crawler, and what do the reports of a round?
//
//   node bench/cases/programs/fleet.mjs             a minute or two; needs a built package and nats-server
//   node bench/cases/programs/fleet.mjs --smoke     seconds: does every part still run?
//
// CPU time a visit: the village and the server run in processes of their own and do not count. Four workers share the process
// that is measured, each with a connection of its own to the server. Both sides store all records, the crawler in its folder and
// the workers on the server, and both make all reports of the round: the crawler as the command does, from each record as it comes,
// and the leader of the fleet from the records that it reads back. Joining is part of it, and the wait for the end of the round.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Crawler, FleetWorker, ReportHistory, RoundReports, connectToNats } from '../../../esm/crawl.js';
import { Service } from '../../../esm/index.js';
import { median, spread } from '../../lib/statistics.mjs';

const { values: options } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    villagers: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    v2: { type: 'string', multiple: true, default: ['never', 'auto'] },
  },
});
const VILLAGERS = options.smoke ? 300 : Number(options.villagers);
const ROUNDS = options.smoke ? 1 : Number(options.rounds);
const RECORDS = options.smoke ? 1_000 : 20_000;
const WORKERS = 4;
const VILLAGE = fileURLToPath(new URL('../../servers/village.mjs', import.meta.url));
const NATS = ['/usr/sbin/nats-server', '/usr/bin/nats-server'].find(existsSync);

const folder = mkdtempSync(join(tmpdir(), 'sockman-bench-'));

async function startVillage() {
  const child = spawn(process.execPath, [VILLAGE, String(VILLAGERS)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { child, seed: Service.parse(line.trim()) };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function startNats(store) {
  const port = await freePort();
  const log = join(store, 'log');
  const child = spawn(NATS, ['-js', '-a', '127.0.0.1', '-p', String(port), '-sd', store, '-l', log], {
    stdio: 'ignore',
  });
  while (!existsSync(log) || !readFileSync(log, 'utf8').includes('Server is ready')) await sleep(20);
  return { child, url: `nats://127.0.0.1:${port}` };
}

let folderCount = 0;

const crawlOf = (seed, v2) => ({
  chain: 'regtest',
  folder: join(folder, `crawl-${(folderCount += 1)}`),
  followsLocal: true,
  v2,
  seeds: [{ service: seed, source: 'given' }],
  clear: { connectTimeoutMs: 5_000, deadlineMs: 30_000, quietMs: 200 },
  groupRate: 100_000,
  groupConcurrency: 10_000,
  attempts: 1,
});

/** CPU microseconds of this process for each visit that `run` made. */
async function cpuPerVisit(run) {
  const before = process.cpuUsage();
  const visits = await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / visits;
}

async function crawlAlone(seed, v2) {
  let visits = 0;
  let reports;
  const crawl = crawlOf(seed, v2);
  const crawler = new Crawler(crawl, {
    async roundBegan({ round, startedAt }) {
      const start = { round, chain: crawl.chain, startedAt };
      reports = await RoundReports.begin({ folder: crawl.folder }, start, new ReportHistory());
    },
    record(record) {
      visits++;
      reports.add(record);
    },
    roundEnded: () => reports.finish(),
  });
  await crawler.run(new AbortController().signal);
  return visits;
}

async function crawlTogether(seed, v2, url, prefix) {
  let visits = 0;
  const { signal } = new AbortController();
  const names = Array.from({ length: WORKERS }, (_, index) => `worker-${index}`);
  const buses = [];
  // One after the other, as workers join: the first one makes the streams.
  for (const name of names) buses.push(await connectToNats({ servers: url, name, prefix }));
  await Promise.all(
    names.map(async (name, index) => {
      const bus = buses[index];
      await new FleetWorker({ bus, name, crawl: crawlOf(seed, v2) }, { record: () => visits++ }).run(signal);
    }),
  );
  return visits;
}

function* records(round) {
  for (let index = 0; index < RECORDS; index++) {
    const isReachable = index % 4 === 0;
    yield {
      time: 1_700_000_000_000 + round * 600_000 + index,
      round,
      address: `${1 + (index >>> 16)}.${(index >>> 8) & 255}.${index & 255}.1`,
      port: 8333,
      network: 'ipv4',
      outcome: isReachable ? 'reachable' : 'timeout',
      attempts: 1,
      ...(isReachable && {
        transport: 2,
        connectMs: 40 + (index % 97),
        handshakeMs: 90 + (index % 89),
        pingMs: 45 + (index % 83),
        protocolVersion: 70_016,
        services: '0000000000000c09',
        serviceNames: ['NETWORK', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2'],
        userAgent: `/Satoshi:${20 + (index % 12)}.0.0/`,
        startHeight: 900_000,
        addressCount: 1_000,
        addressAges: index * 10,
      }),
    };
  }
}

async function writeReports(round) {
  const reports = await RoundReports.begin(
    { folder: join(folder, 'reports') },
    { round, chain: 'main' },
    new ReportHistory(),
  );
  for (const record of records(round)) reports.add(record);
  await reports.finish();
  return 1;
}

const show = (samples, unit) =>
  `${median(samples).toFixed(0)} ${unit} (spread ${(spread(samples) * 100).toFixed(0)} %)`;

const reportSamples = [];
for (let round = 1; round <= ROUNDS; round++)
  reportSamples.push((await cpuPerVisit(() => writeReports(round))) / 1_000);
console.log(`all reports of ${RECORDS} records: ${show(reportSamples, 'ms CPU')}`);

if (NATS === undefined) console.log('fleet: skipped, there is no nats-server');
else {
  const { child: village, seed } = await startVillage();
  const nats = await startNats(folder);
  for (const v2 of options.v2) {
    const alone = [];
    const together = [];
    for (let round = 0; round < ROUNDS; round++) {
      alone.push(await cpuPerVisit(() => crawlAlone(seed, v2)));
      together.push(await cpuPerVisit(() => crawlTogether(seed, v2, nats.url, `${v2}${round}`.toUpperCase())));
    }
    const loss = 1 - median(alone) / median(together);
    console.log(
      `visits, v2 ${v2}, ${VILLAGERS} nodes: alone ${show(alone, 'µs CPU')}, ${WORKERS} workers ${show(together, 'µs CPU')}: the bus takes ${(loss * 100).toFixed(1)} % of the efficiency`,
    );
  }
  nats.child.kill('SIGKILL');
  village.kill('SIGKILL');
}
rmSync(folder, { recursive: true, force: true });
process.exit(0);
