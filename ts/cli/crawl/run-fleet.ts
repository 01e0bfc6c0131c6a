// Runs a fleet worker for the command.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { CrawlOptions } from '../../crawl/crawl-options.ts';
import { FleetWorker } from '../../crawl/fleet/fleet-worker.ts';
import { connectToNats } from '../../crawl/fleet/bus/nats-bus.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { complainingLogger, ofArguments } from '../run.ts';
import { jsonLine } from '../terminal/json-line.ts';

/** Interval between status lines, in milliseconds. */
const LINE_MS = 5_000;

/** The fleet's servers, and this worker's name and credentials. */
export interface FleetArguments {
  readonly servers: string;
  /** Default: the machine's name and random digits. */
  readonly name: string | undefined;
  readonly credentials: { readonly user?: string; readonly pass?: string; readonly token?: string };
}

/** Works in a fleet. @returns The exit code: 0 if this worker reached a node. */
export async function runFleet(
  crawl: CrawlOptions,
  { servers, name = ourName(), credentials }: FleetArguments,
  isJson: boolean,
  io: CliIo,
): Promise<number> {
  const say = (line: string, event: object): void => io.print(isJson ? jsonLine(event) : line);
  const onStatus = (isConnected: boolean): void =>
    say(isConnected ? 'the server is back' : 'the server is away: records are kept here', {
      event: 'server',
      isConnected,
    });
  const options = { name, crawl: { logger: complainingLogger(io), ...crawl } };
  ofArguments(() => FleetWorker.checkOptions(options));
  // NATS says `connection refused`, and not by which server.
  const bus = await connectToNats({ servers, name, onStatus, connection: credentials }).catch((error: Error) => {
    throw new Error(`the fleet at ${servers}: ${error.message}`, { cause: error });
  });
  let count = 0;
  let reachedCount = 0;
  const worker = new FleetWorker(
    { bus, ...options },
    {
      record: ({ outcome }) => {
        count += 1;
        if (outcome === 'reachable') reachedCount += 1;
      },
      round: (state) => say(`round ${state.number}: ${state.phase}`, { event: 'round', ...state }),
      reported: ({ all }) =>
        say(`${all.reachable} of ${all.known} addresses reachable`, {
          event: 'summary',
          reachable: all.reachable,
          known: all.known,
        }),
    },
  );
  say(`${name} joins the fleet at ${servers}`, { event: 'joined', name, servers });
  const timer = setInterval(() => {
    const { progress, shardCount, isLeading, undeliveredCount, ignoredCount } = worker;
    const role = isLeading ? ', leads' : '';
    const waiting = undeliveredCount === 0 ? '' : ` · ${undeliveredCount} undelivered`;
    say(
      `${name}: ${shardCount} shards${role} · ${count} visited here · ${progress?.inFlight ?? 0} in flight${waiting}`,
      {
        event: 'progress',
        name,
        shardCount,
        isLeading,
        undeliveredCount,
        ignoredCount,
        visited: count,
        ...progress,
      },
    );
  }, LINE_MS);
  try {
    await worker.run(io.signal);
  } finally {
    clearInterval(timer);
  }
  say(`${count} addresses were visited here`, { event: 'end', visited: count });
  return reachedCount > 0 ? 0 : 1;
}

const ourName = (): string =>
  `${hostname()
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 23)}-${randomBytes(4).toString('hex')}`;
