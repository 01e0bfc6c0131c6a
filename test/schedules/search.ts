// Searches for a schedule or a program that breaks a backend, seed by seed, and makes what it finds short. For campaigns: the
// tests of this folder play a few thousand, a campaign goes on where the last one stopped.

import { readdirSync } from 'node:fs';
import { setImmediate as nextPass } from 'node:timers/promises';
import { availableBackends } from '../harness/worlds.ts';
import type { BackendUnderTest } from '../harness/worlds.ts';
import { playProgram } from './program-player.ts';
import { makeProgram, simplerInstructions } from './program.ts';
import type { Instruction } from './program.ts';
import { makeSchedule } from './schedule.ts';
import type { Action, Schedule } from './schedule.ts';
import { playTogether } from './schedule-player.ts';
import { shrinkList, simplifyItems } from './shrink.ts';

/** Connections that run at the same time, between the same two SockMans. */
export const CONCURRENT_SCHEDULES = 50;
/** Programs between two looks at the descriptors. */
const PROGRAM_BATCH = 50;
/** What libuv has in hand for a socket that was closed is over then. */
const CLOSING_PASSES = 10;
/** What fails now and then is tried so often before it counts as passing. */
const TRIES = 5;

/** Setups that batches of schedules take turns in. */
export const SETUPS = [
  { mayPause: true, options: {} },
  { mayPause: false, options: { receiveChunkBytes: 1_000 } },
  { mayPause: true, options: { receiveChunkBytes: 5_000, sendBufferBytes: 8_192, receiveBufferBytes: 8_192 } },
  { mayPause: false, options: { sendBufferBytes: 8_192, receiveBufferBytes: 8_192 } },
];

export type Setup = (typeof SETUPS)[number];

export interface Finding {
  readonly backend: string;
  readonly seed: number;
  readonly what: string;
  /** What still fails, in JSON: rounds of a schedule, or instructions. */
  readonly shortest: string;
}

export interface SearchOptions {
  /** The first seed. */
  readonly from: number;
  /** How many seeds, at most. */
  readonly count: number;
  /** When to stop, on the clock of `performance.now()`. */
  readonly until: number;
}

export interface SearchOutcome {
  readonly backends: readonly string[];
  /** Seeds that were played on every one of them. */
  readonly played: number;
  readonly findings: readonly Finding[];
}

/** Plays a batch of schedules in a world of its own. */
export async function playSchedules(
  backend: BackendUnderTest,
  schedules: Schedule[],
  { options, mayPause }: Setup,
): Promise<string[]> {
  const world = backend.createWorld();
  try {
    return await playTogether(schedules, { ...world.options, ...options }, mayPause);
  } finally {
    world.destroy();
  }
}

/** Plays a program in a world of its own. */
export async function playOneProgram(backend: BackendUnderTest, program: readonly Instruction[]): Promise<void> {
  const world = backend.createWorld();
  try {
    await playProgram(program, world.options);
  } finally {
    world.destroy();
  }
}

/** Schedules on every backend, whose stories must be the same. Stops at the first batch with a finding. */
export async function searchSchedules({ from, count, until }: SearchOptions): Promise<SearchOutcome> {
  const backends = availableBackends();
  const names = backends.map(({ name }) => name);
  let played = 0;
  while (played < count && performance.now() < until) {
    const seeds = Array.from({ length: CONCURRENT_SCHEDULES }, (_, index) => from + played + index);
    const setup = SETUPS[Math.floor((from + played) / CONCURRENT_SCHEDULES) % SETUPS.length]!;
    let expected: string[] | undefined;
    for (const backend of backends) {
      const logs = await playSchedules(backend, seeds.map(makeSchedule), setup).catch((error: unknown) => error);
      const isSame = Array.isArray(logs) && (expected ??= logs).every((log, index) => log === logs[index]);
      if (isSame) continue;
      const finding = await explainBatch(backend, backends[0]!, seeds, setup, logs);
      return { backends: names, played, findings: [finding] };
    }
    played += CONCURRENT_SCHEDULES;
  }
  return { backends: names, played, findings: [] };
}

/** Which schedule of a batch it is, and how little of it is needed. */
async function explainBatch(
  backend: BackendUnderTest,
  reference: BackendUnderTest,
  seeds: number[],
  setup: Setup,
  outcome: unknown,
): Promise<Finding> {
  const what = outcome instanceof Error ? String(outcome.stack) : `another story than ${reference.name}`;
  const fails = async (schedule: Schedule): Promise<boolean> => {
    for (let count = 0; count < TRIES; count++) {
      try {
        const [told] = await playSchedules(backend, [schedule], setup);
        const [expected] = await playSchedules(reference, [schedule], setup);
        if (told !== expected) return true;
      } catch {
        return true;
      }
    }
    return false;
  };
  for (const seed of seeds) {
    const schedule = makeSchedule(seed);
    if (!(await fails(schedule))) continue;
    const steps = schedule.rounds.flatMap((actions, round) => actions.map((action) => ({ action, round })));
    const withSteps = (some: typeof steps): Schedule => ({ ...schedule, rounds: roundsOf(some) });
    const shortest = await shrinkList(steps, (some) => fails(withSteps([...some])));
    return { backend: backend.name, seed, what, shortest: JSON.stringify(withSteps([...shortest])) };
  }
  return {
    backend: backend.name,
    seed: seeds[0]!,
    what,
    shortest: `none alone: seeds ${seeds[0]!} to ${seeds.at(-1)!}`,
  };
}

function roundsOf(steps: { action: Action; round: number }[]): Action[][] {
  const rounds = new Map<number, Action[]>();
  for (const { action, round } of steps) rounds.set(round, [...(rounds.get(round) ?? []), action]);
  return [...rounds.values()];
}

/** Programs on every backend. Stops at the first finding. */
export async function searchPrograms({ from, count, until }: SearchOptions): Promise<SearchOutcome> {
  const backends = availableBackends();
  const names = backends.map(({ name }) => name);
  let played = 0;
  while (played < count && performance.now() < until) {
    for (const backend of backends) {
      const before = countDescriptors();
      const batch = Math.min(PROGRAM_BATCH, count - played);
      for (let seed = from + played; seed < from + played + batch; seed++) {
        const program = makeProgram(seed);
        const what = await failureOf(backend, program);
        if (what === undefined) continue;
        const shortest = await shortestProgram(backend, program);
        return { backends: names, played, findings: [{ backend: backend.name, seed, what, shortest }] };
      }
      // What was closed is gone a few passes later, with libuv's help.
      for (let pass = 0; pass < CLOSING_PASSES; pass++) await nextPass();
      const left = countDescriptors() - before;
      if (left > 0) {
        const what = `${left} descriptors left`;
        const shortest = `seeds ${from + played} to ${from + played + batch - 1}`;
        return { backends: names, played, findings: [{ backend: backend.name, seed: from + played, what, shortest }] };
      }
    }
    played += PROGRAM_BATCH;
  }
  return { backends: names, played: Math.min(played, count), findings: [] };
}

async function failureOf(backend: BackendUnderTest, program: readonly Instruction[]): Promise<string | undefined> {
  return playOneProgram(backend, program).then(
    () => undefined,
    (error: unknown) => String((error as Error).stack),
  );
}

/** A program in as few and as simple instructions as it fails with. */
export async function shortestProgram(backend: BackendUnderTest, program: readonly Instruction[]): Promise<string> {
  const fails = async (some: readonly Instruction[]): Promise<boolean> => {
    for (let count = 0; count < TRIES; count++) if ((await failureOf(backend, some)) !== undefined) return true;
    return false;
  };
  const shortest = await shrinkList(program, fails);
  return JSON.stringify(await simplifyItems(shortest, simplerInstructions, fails));
}

function countDescriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
}
