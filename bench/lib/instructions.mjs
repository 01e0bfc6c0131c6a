// User-space instructions of a fixed job, by Valgrind's tool callgrind: the same number in each run, whatever else the
// machine does.
//
// The job is a rally: one process holds both ends of 64 connections and sends back whatever arrives, one message of 64 bytes
// at a time, so that every message costs the same calls in the same order. Two lengths of it are run, and the difference in
// instructions is divided by the difference in messages: start-up, compiling and the end are in both.
//
// V8 runs with `--predictable`: compiler and collector run on the one thread, at the same places each time. The code is the
// optimized code that a server runs; garbage collection is included.

import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { BENCH_DIRECTORY, program } from './build.mjs';

/** Messages of the shorter run: after them V8 has compiled the hot code. */
const WARM_UP = 60_000;

const NODE_FLAGS = ['--predictable', '--predictable-gc-schedule', '--hash-seed=1', '--random-seed=1'];

/**
 * One job. `messages` is the difference between the two runs.
 * @typedef {{ name: string, title: string, messages: number, warmUp: number, command: (messages: number) => string[] }} Job
 */

/** @type {Job[]} */
export const JOBS = [
  {
    name: 'epoll',
    title: 'C epoll',
    warmUp: 1_000,
    messages: 20_000,
    command: (messages) => [program('rally-epoll'), String(messages)],
  },
  {
    name: 'engine',
    title: 'engine of the addon',
    warmUp: 1_000,
    messages: 20_000,
    command: (messages) => [program('rally-engine'), String(messages)],
  },
  {
    name: 'sockman',
    title: 'SockMan',
    warmUp: WARM_UP,
    messages: 20_000,
    command: (messages) => [
      process.execPath,
      ...NODE_FLAGS,
      join(BENCH_DIRECTORY, 'servers', 'rally-sockman.mjs'),
      String(messages),
    ],
  },
];

/** Why instructions cannot be counted here; undefined if they can. */
export function whyNotCounted() {
  try {
    execFileSync('valgrind', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Valgrind is not installed';
  }
}

/** Instructions of one run. @param {string[]} command */
function countInstructions(command) {
  const { status, stderr } = spawnSync(
    'valgrind',
    ['--tool=callgrind', '--callgrind-out-file=/dev/null', '--smc-check=all-non-file', ...command],
    { encoding: 'utf8', maxBuffer: 2 ** 26 },
  );
  const collected = /Collected : (\d+)/.exec(stderr)?.[1];
  if (status !== 0 || collected === undefined)
    throw new Error(`${command.join(' ')} under Valgrind: ${stderr.slice(-2_000)}`);
  return Number(collected);
}

/** User-space instructions of one message: received once and sent once. @param {Job} job */
export function instructionsPerMessage({ warmUp, messages, command }) {
  const short = countInstructions(command(warmUp));
  return (countInstructions(command(warmUp + messages)) - short) / messages;
}
