// Thousands of random schedules on every backend: every byte and every event is accounted for, and all backends tell the
// same story. The seed is printed; SOCKMAN_SEED repeats a run, SOCKMAN_SCHEDULES asks for more of them.

import { expect, it } from 'vitest';
import { availableBackends } from '../harness/worlds.ts';
import { makeSchedule } from './schedule.ts';
import { CONCURRENT_SCHEDULES, SETUPS, playSchedules } from './search.ts';

const BASE_SEED = Number(process.env['SOCKMAN_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const SCHEDULE_COUNT = Number(process.env['SOCKMAN_SCHEDULES'] ?? 2_000);

const logsOf = new Map<string, string[]>();

it.each(availableBackends())('$name plays random schedules to the last byte', { timeout: 120_000 }, async (backend) => {
  console.info(`${backend.name}: ${SCHEDULE_COUNT} schedules, SOCKMAN_SEED=${BASE_SEED}`);
  const logs: string[] = [];
  for (let first = 0; first < SCHEDULE_COUNT; first += CONCURRENT_SCHEDULES) {
    const seeds = Array.from({ length: CONCURRENT_SCHEDULES }, (_, index) => BASE_SEED + first + index);
    const setup = SETUPS[(first / CONCURRENT_SCHEDULES) % SETUPS.length]!;
    logs.push(...(await playSchedules(backend, seeds.map(makeSchedule), setup)));
  }
  logsOf.set(backend.name, logs);
});

it('gives the same events on every backend', () => {
  const [[firstName, expected], ...others] = [...logsOf] as [[string, string[]], ...[string, string[]][]];
  for (const [name, logs] of others) {
    for (const [index, log] of logs.entries()) {
      expect(log, `seed ${BASE_SEED + index}: ${name} against ${firstName}`).toBe(expected[index]);
    }
  }
  expect(expected).toHaveLength(SCHEDULE_COUNT);
});
