// Thousands of random schedules on every backend: every byte and every event is accounted for, and all backends tell the
// same story. The seed is printed; SOCKMAN_SEED repeats a run, SOCKMAN_SCHEDULES asks for more of them.

import { expect, it } from 'vitest';
import { availableBackends } from '../harness/backends.ts';
import { makeSchedule } from './schedule.ts';
import { playTogether } from './schedule-player.ts';

const BASE_SEED = Number(process.env['SOCKMAN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const SCHEDULE_COUNT = Number(process.env['SOCKMAN_SCHEDULES'] ?? 2_000);
/** Connections that run at the same time, between the same two SockMans. */
const CONCURRENT_COUNT = 50;

/** Setups that the schedules take turns in. */
const SETUPS = [
  { mayPause: true, options: {} },
  { mayPause: false, options: { receiveChunkBytes: 1_000 } },
  { mayPause: true, options: { receiveChunkBytes: 5_000, sendBufferBytes: 8_192, receiveBufferBytes: 8_192 } },
  { mayPause: false, options: { sendBufferBytes: 8_192, receiveBufferBytes: 8_192 } },
];

const logsOf = new Map<string, string[]>();

it.each(availableBackends())('$name plays random schedules to the last byte', { timeout: 120_000 }, async (backend) => {
  console.info(`${backend.name}: ${SCHEDULE_COUNT} schedules, SOCKMAN_SEED=${BASE_SEED}`);
  const logs: string[] = [];
  for (let first = 0; first < SCHEDULE_COUNT; first += CONCURRENT_COUNT) {
    const schedules = Array.from({ length: CONCURRENT_COUNT }, (_, index) => makeSchedule(BASE_SEED + first + index));
    const { mayPause, options } = SETUPS[(first / CONCURRENT_COUNT) % SETUPS.length]!;
    const world = backend.createWorld();
    logs.push(...(await playTogether(schedules, { ...world.options, ...options }, mayPause)));
    world.destroy();
  }
  logsOf.set(backend.name, logs);
});

it('is the same story on every backend', () => {
  const [[firstName, expected], ...others] = [...logsOf] as [[string, string[]], ...[string, string[]][]];
  for (const [name, logs] of others) {
    for (const [index, log] of logs.entries()) {
      expect(log, `seed ${BASE_SEED + index}: ${name} against ${firstName}`).toBe(expected[index]);
    }
  }
  expect(expected).toHaveLength(SCHEDULE_COUNT);
});
