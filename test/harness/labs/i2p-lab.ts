// A private I2P network of i2pd routers, one of them floodfill: two for sessions of zero hops, six for any.
//
// The settings are those that were tried and measured: about 24 s from nothing to
// data both ways, nearly all of it the 20 s at which i2pd looks whether a session is ready. To be started inside a
// network namespace as its root: i2pd refuses peers from reserved ranges, so the loopback interface gets addresses outside.
//
// The direction of calls matters. A bridge looks names up for fresh sockets through a destination of the router's own, whose tunnels
// i2pd 2.45.1 begins to build 2 s after it knows another router. The first message to its network database, which comes
// with the first connection, makes it throw away the keys of all replies that it waits for (libi2pd/NetDb.cpp, first pass of
// `Run`; Garlic.cpp, `CleanupExpiredTags`: "tags expired" at log level debug). If those of its tunnels are among them, that
// destination is not ready for a minute, and each look-up fails at once. So the router that is dialed through knows nobody
// when it starts, and is called by the floodfill: that message then comes before there is a tunnel to build.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DESTINATION_HEAD_BYTES, encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import { Program, accepts, findProgram } from './programs.ts';

/** Routers of a network in which only sessions of zero hops come about. */
const PAIR = 2;
/** Routers of one in which tunnels can have the lengths that programs ask for unless told otherwise. */
export const ROUTERS_FOR_TUNNELS = 6;
const FIRST_SAM_PORT = 7_656;
/** Options without which no session comes about in so small a network. */
export const ZERO_HOPS = 'inbound.length=0 outbound.length=0';

/** What a router's log says when it can do something it could not before. */
const NEWS = /tunnel \d+ has been created|LeaseSet2? (?:added|updated)/;
/** How long to wait for it, in milliseconds: it may have been said before anyone listened. */
const NO_NEWS_MS = 2_000;

export interface I2PLab {
  /** The SAM bridge of each router. */
  readonly bridges: readonly string[];
  /** Waits until a router has a new tunnel or a new address: what failed may be tried again. Gives up after a while. */
  news(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the routers. Sessions take another 20 s. */
export async function startI2PLab(routerCount = PAIR): Promise<I2PLab> {
  const folder = mkdtempSync(join(tmpdir(), 'sockman-i2p-'));
  const routers = Array.from({ length: routerCount }, (_, at) => ({
    number: at + 1,
    home: join(folder, `${at + 1}`),
  }));
  let programs: Program[] = [];
  const stopAll = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop(signal)));
    programs = [];
  };
  // The floodfill, which calls the others, comes last: a router that calls another before it listens shuns it for minutes.
  const startAll = async (): Promise<void> => {
    for (const { number, home } of routers) {
      programs.push(new Program('i2pd', [`--datadir=${home}`, `--conf=${join(home, 'i2pd.conf')}`]));
      await accepts(samPortOf(number));
    }
  };
  const stop = async (): Promise<void> => {
    // A router that has sessions takes 10 s to say goodbye.
    await stopAll('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const { number, home } of routers) {
      run('ip', ['addr', 'replace', `${addressOf(number)}/32`, 'dev', 'lo']);
      mkdirSync(home);
      writeFileSync(join(home, 'i2pd.conf'), configuration(number, number === routerCount));
    }
    // Once for their identities, which are then planted into network databases: those of a pair into the floodfill's alone,
    // and where tunnels lead over several routers, all into all.
    await startAll();
    await stopAll('SIGTERM');
    const homes = routers.map(({ home }) => home);
    for (const knower of routerCount === PAIR ? homes.slice(-1) : homes) introduce(knower, homes);
    await startAll();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    bridges: routers.map(({ number }) => `127.0.0.1:${samPortOf(number)}`),
    news: () =>
      Promise.any(programs.map((program) => program.says(NEWS, NO_NEWS_MS, program.output.length))).catch(() => {}),
    stop,
  };
}

function addressOf(router: number): string {
  return `44.10.0.${router}`;
}

function samPortOf(router: number): number {
  return FIRST_SAM_PORT + router - 1;
}

function configuration(router: number, isFloodfill: boolean): string {
  const settings = [
    'log = stdout',
    'loglevel = info',
    'netid = 32',
    'reservedrange = false',
    'nat = false',
    `host = ${addressOf(router)}`,
    `address4 = ${addressOf(router)}`,
    `port = ${20_000 + router}`,
    `floodfill = ${isFloodfill}`,
    'bandwidth = X',
    ...['[ssu2]', 'enabled = false'],
    ...['[http]', 'enabled = false'],
    ...['[httpproxy]', 'enabled = false'],
    ...['[socksproxy]', 'enabled = false'],
    ...['[sam]', `port = ${samPortOf(router)}`],
    ...['[reseed]', 'threshold = 0', 'urls =', 'yggurls ='],
  ];
  return `${settings.join('\n')}\n`;
}

/** The identity that a router info begins with; its layout is that of a destination. */
function identityOf(routerInfo: Buffer): Buffer {
  return routerInfo.subarray(0, DESTINATION_HEAD_BYTES + routerInfo.readUInt16BE(DESTINATION_HEAD_BYTES - 2));
}

/** Gives one router the others' router infos: `netDb/r<first character>/routerInfo-<hash>.dat`. */
function introduce(knower: string, homes: readonly string[]): void {
  for (const home of homes) {
    if (home === knower) continue;
    const routerInfo = readFileSync(join(home, 'router.info'));
    const hash = encodeI2PBase64(createHash('sha256').update(identityOf(routerInfo)).digest());
    const shelf = join(knower, 'netDb', `r${hash[0]}`);
    mkdirSync(shelf, { recursive: true });
    writeFileSync(join(shelf, `routerInfo-${hash}.dat`), routerInfo);
  }
}

function run(name: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(findProgram(name)!, args, { encoding: 'latin1' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
}
