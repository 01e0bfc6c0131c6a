// A private Tor network on loopback: one directory authority, four exit relays, one client. Tor alone, no other tool.
//
// The settings are those that were tried and measured: bootstraps in 11 to 24 s.
// Four relays, because with three an onion service takes long and with two it never comes. To be started inside a network
// namespace: ports are fixed, and the exits exit to wherever they are asked to.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Program, findProgram } from './programs.ts';

const RELAY_COUNT = 4;
const AUTHORITY_OR_PORT = 30_000;
const AUTHORITY_DIR_PORT = 30_100;
const SOCKS_PORT = 19_050;
const CONTROL_PORT = 19_051;
const OPEN_CONTROL_PORT = 19_052;
/** What the client's control port takes in place of its cookie. */
export const CONTROL_PASSWORD = 'a "quoted" pass\\word';
const BOOTSTRAP_DEADLINE_MS = 120_000;

/** How long the client's Tor tries before it answers "TTL expired", in seconds: its default of 120 is past our patience. */
const SOCKS_TIMEOUT_SECONDS = 10;

export interface TorLab {
  /** The client's SOCKS port, with extended errors. */
  readonly socks: string;
  /** The same on a Unix-domain socket. */
  readonly unixSocks: string;
  /** The client's control port, which wants its cookie or `CONTROL_PASSWORD`. */
  readonly control: string;
  /** A relay's control port, without authentication. */
  readonly openControl: string;
  stop(): Promise<void>;
}

/** Starts the network and waits until the client can build circuits. */
export async function startTorLab(): Promise<TorLab> {
  const folder = mkdtempSync(join(tmpdir(), 'sockman-tor-'));
  const programs: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const authorityLine = configureAuthority(folder);
    for (let relay = 1; relay <= RELAY_COUNT; relay += 1) configureRelay(folder, relay, authorityLine);
    configureClient(folder, authorityLine);
    const names = ['authority', ...Array.from({ length: RELAY_COUNT }, (_, at) => `relay${at + 1}`), 'client'];
    for (const name of names) programs.push(new Program('tor', ['-f', join(folder, `${name}.rc`)]));
    await programs.at(-1)!.says(/Bootstrapped 100%/, BOOTSTRAP_DEADLINE_MS);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    socks: `127.0.0.1:${SOCKS_PORT}`,
    unixSocks: `unix:${join(folder, 'client', 'socks')}`,
    control: `127.0.0.1:${CONTROL_PORT}`,
    openControl: `127.0.0.1:${OPEN_CONTROL_PORT}`,
    stop,
  };
}

/** Settings of every Tor in the network. */
function commonSettings(folder: string, name: string): string[] {
  return [
    'TestingTorNetwork 1',
    `DataDirectory ${join(folder, name)}`,
    'Log notice stdout',
    'ShutdownWaitLength 0',
    'AssumeReachable 1',
    'PathsNeededToBuildCircuits 0.67',
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *',
    'V3AuthNIntervalsValid 2',
  ];
}

function write(folder: string, name: string, settings: readonly string[]): void {
  mkdirSync(join(folder, name), { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, `${name}.rc`), `${[...commonSettings(folder, name), ...settings].join('\n')}\n`);
}

/** Writes the authority's settings and keys. @returns The line by which the others know it. */
function configureAuthority(folder: string): string {
  const keys = join(folder, 'authority', 'keys');
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const certificate = join(keys, 'authority_certificate');
  const identity = ['--create-identity-key', '--passphrase-fd', '0', '-i', join(keys, 'authority_identity_key')];
  const signing = ['-m', '12', '-s', join(keys, 'authority_signing_key'), '-c', certificate];
  run('tor-gencert', [...identity, ...signing, '-a', `127.0.0.1:${AUTHORITY_DIR_PORT}`], 'passphrase\n');
  const v3Identity = /^fingerprint (\S+)/m.exec(readFileSync(certificate, 'latin1'))![1];

  const settings = [
    'Nickname authority',
    'Address 127.0.0.1',
    `ORPort 127.0.0.1:${AUTHORITY_OR_PORT}`,
    `DirPort 127.0.0.1:${AUTHORITY_DIR_PORT}`,
    'SocksPort 0',
    'ExitRelay 0',
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo nobody@example.invalid',
    'TestingV3AuthInitialVotingInterval 10',
    'TestingV3AuthInitialVoteDelay 2',
    'TestingV3AuthInitialDistDelay 2',
    'V3AuthVotingInterval 10',
    'V3AuthVoteDelay 2',
    'V3AuthDistDelay 2',
  ];
  write(folder, 'authority', settings);
  // The line needs the relay fingerprint, which Tor prints once it has any such line: a dummy serves.
  const dummy = `dummy orport=1 no-v2 v3ident=${v3Identity} 127.0.0.1:1 ${'0'.repeat(40)}`;
  const listing = ['--quiet', '--list-fingerprint', '-f', join(folder, 'authority.rc'), '--DirAuthority', dummy];
  const fingerprint = run('tor', listing).replace(/^\S+ /, '').replace(/\s/g, '');
  const address = `127.0.0.1:${AUTHORITY_DIR_PORT} ${fingerprint}`;
  const line = `DirAuthority authority orport=${AUTHORITY_OR_PORT} no-v2 v3ident=${v3Identity} ${address}`;
  write(folder, 'authority', [...settings, line]);
  return line;
}

function configureRelay(folder: string, number: number, authorityLine: string): void {
  write(folder, `relay${number}`, [
    authorityLine,
    `Nickname relay${number}`,
    'Address 127.0.0.1',
    `ORPort 127.0.0.1:${AUTHORITY_OR_PORT + number}`,
    'SocksPort 0',
    'ExitRelay 1',
    'ExitPolicy accept *:*',
    ...(number === 1 ? [`ControlPort 127.0.0.1:${OPEN_CONTROL_PORT}`] : []),
  ]);
}

function configureClient(folder: string, authorityLine: string): void {
  write(folder, 'client', [
    authorityLine,
    `SocksPort 127.0.0.1:${SOCKS_PORT} ExtendedErrors`,
    `SocksPort unix:${join(folder, 'client', 'socks')} ExtendedErrors`,
    `SocksTimeout ${SOCKS_TIMEOUT_SECONDS}`,
    `ControlPort 127.0.0.1:${CONTROL_PORT}`,
    'CookieAuthentication 1',
    `HashedControlPassword ${run('tor', ['--quiet', '--hash-password', CONTROL_PASSWORD]).trim()}`,
  ]);
}

function run(name: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr } = spawnSync(findProgram(name)!, args, { input, encoding: 'latin1' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return stdout;
}
