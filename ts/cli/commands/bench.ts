// `sockman bench`: measures `SockMan` on this machine for twenty seconds, beside `node:net` and, if installed, Bun.

import { accessSync, constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { EchoClients, MESSAGE_BYTES } from '../bench/loads.ts';
import { ServerProcess } from '../bench/server-process.ts';
import { echoServers } from '../bench/servers.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import * as option from '../option-kinds.ts';
import { layOut } from '../terminal/table.ts';
import { jsonLine } from '../terminal/json-line.ts';
import { systemClock } from '../../util/time/clock.ts';
import { sleep } from '../../util/time/sleep.ts';

const DEFAULT_SECONDS = 20;

/** Rounds of every measurement: the median is reported, so that one disturbed round does no harm. */
const ROUNDS = 3;

/** Share of a measurement that warms up and is not counted. */
const WARM_UP_SHARE = 0.25;

interface Case {
  readonly title: string;
  readonly connections: number;
  readonly isChurning: boolean;
}

const CASES: readonly Case[] = [
  { title: 'echo, 1 connection', connections: 1, isChurning: false },
  { title: 'echo, 100 connections', connections: 100, isChurning: false },
  { title: 'connect, echo, close; 50 at a time', connections: 50, isChurning: true },
];

/** One measurement: echoes a second, and the server's CPU time for each, in microseconds. */
interface Figures {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

export const command = defineCommand(
  {
    options: {
      seconds: option.number('SECONDS', `total duration (${DEFAULT_SECONDS})`, 1, 3_600),
      json: option.flag('prints a line of JSON for each measurement, medians of the rounds'),
    },
    examples: [['sockman bench', 'twenty seconds, a table']],
    notes: [
      `Messages of ${MESSAGE_BYTES} bytes over loopback; each server is a process of its own, the load is this one. CPU time is what ` +
        'the server used for a message, kernel included; it is steadier than the rate, which the load limits as well. Nothing ' +
        'is said of latency, of large messages, of other machines, or of servers that do more than echo.',
    ],
  },
  async (values, io) => {
    const servers = echoServers(findBun());
    const seconds = (values.seconds ?? DEFAULT_SECONDS) / (ROUNDS * CASES.length * servers.length);
    const processes = await Promise.all(servers.map((server) => ServerProcess.start(server)));
    try {
      const figures = await measureAll(processes, seconds, io);
      if (figures === undefined) return 1;
      for (const line of values.json ? asJson(figures) : asTable(figures, io)) io.print(line);
      return 0;
    } finally {
      for (const server of processes) server.stop();
    }
  },
);

/** Figures by case and server. */
type Outcome = Map<Case, Map<string, Figures>>;

/** Undefined when it was interrupted. */
async function measureAll(servers: readonly ServerProcess[], seconds: number, io: CliIo): Promise<Outcome | undefined> {
  const rounds = new Map(CASES.map((task) => [task, new Map(servers.map(({ name }) => [name, [] as Figures[]]))]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const task of CASES) {
      // The order rotates, so that no server is always first.
      for (let place = 0; place < servers.length; place++) {
        const server = servers[(place + round) % servers.length]!;
        io.redraw?.([`${task.title}: ${server.name}, round ${round + 1} of ${ROUNDS}`]);
        rounds
          .get(task)!
          .get(server.name)!
          .push(await measure(task, server, seconds, io.signal));
        if (io.signal.aborted) return undefined;
      }
    }
  }
  io.redraw?.([]);
  return new Map(
    [...rounds].map(([task, byServer]) => [task, new Map([...byServer].map(([name, all]) => [name, middle(all)]))]),
  );
}

async function measure(task: Case, server: ServerProcess, seconds: number, signal: AbortSignal): Promise<Figures> {
  const clients = new EchoClients(server.port, task.isChurning);
  try {
    await clients.begin(task.connections);
    await sleep(systemClock, seconds * WARM_UP_SHARE * 1_000, signal);
    const [cpuBefore, echoesBefore, before] = [await server.cpuMicros(), clients.echoes, performance.now()];
    await sleep(systemClock, seconds * (1 - WARM_UP_SHARE) * 1_000, signal);
    const [cpuAfter, echoes, elapsedMs] = [
      await server.cpuMicros(),
      clients.echoes - echoesBefore,
      performance.now() - before,
    ];
    if (clients.failure !== undefined) throw clients.failure;
    return { perSecond: (echoes / elapsedMs) * 1_000, cpuMicros: (cpuAfter - cpuBefore) / Math.max(1, echoes) };
  } finally {
    await clients.end();
  }
}

/** The median of each figure. */
function middle(all: readonly Figures[]): Figures {
  const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;
  return {
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    cpuMicros: median(all.map(({ cpuMicros }) => cpuMicros)),
  };
}

function asTable(outcome: Outcome, io: CliIo): string[] {
  const columns = [
    { heading: 'measured', align: 'left' },
    { heading: 'server', align: 'left' },
    { heading: 'a second', align: 'right' },
    { heading: 'CPU, us', align: 'right' },
    { heading: 'CPU to node:net', align: 'right' },
  ] as const;
  const rows = [...outcome].flatMap(([{ title }, byServer]) =>
    [...byServer].map(([name, { perSecond, cpuMicros }], at) => [
      at === 0 ? title : '',
      name,
      Math.round(perSecond).toLocaleString('en'),
      cpuMicros.toFixed(2),
      (cpuMicros / byServer.get('node:net')!.cpuMicros).toFixed(2),
    ]),
  );
  const load = `${availableParallelism()} cores, Node ${process.versions.node}; more in bench/ of the repository`;
  return [...layOut(columns, rows, io.columns, io.style), '', load];
}

function asJson(outcome: Outcome): string[] {
  return [...outcome].flatMap(([{ title, connections, isChurning }, byServer]) =>
    [...byServer].map(([server, figures]) => jsonLine({ title, connections, churn: isChurning, server, ...figures })),
  );
}

function findBun(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders
    .map((folder) => join(folder, 'bun'))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
