// Benches of code that needs no socket: several ways to do one job, measured in turn in one process.
//
// Rates are per second of CPU time, all threads and the kernel included: garbage collection counts, other load on the
// machine does not.

import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { median, spread } from './statistics.mjs';

const ROUNDS = 9;
const ROUND_MS = 400;
const WARM_UP_MS = 300;
const SMOKE_MS = 20;

/**
 * One way to do the job. `run` does it once, `unitsPerRun` units of it; or `measure` does it for the given time, in another
 * process, and returns the units per second of CPU.
 * @typedef {{ title: string, run: () => void, unitsPerRun: number }
 *   | { title: string, measure: (forMs: number) => number }} Lane
 */

/** Describes the machine and the versions. */
export function describeProcess() {
  const model = cpus()[0]?.model.trim();
  const load = readFileSync('/proc/loadavg', 'latin1').split(' ')[0];
  return `${model}, ${cpus().length} cores, load ${load}, ${process.platform} ${release()}, Node.js ${process.versions.node}`;
}

/** Seconds of CPU time this process has used. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** @param {Lane} lane @param {number} forMs @returns {number} Units per second. */
function measure(lane, forMs) {
  if ('measure' in lane) return lane.measure(forMs);
  const { run, unitsPerRun } = lane;
  const began = cpuSeconds();
  let units = 0;
  let elapsed = 0;
  while (elapsed * 1_000 < forMs) {
    run();
    units += unitsPerRun;
    elapsed = cpuSeconds() - began;
  }
  return units / elapsed;
}

/**
 * Measures the lanes in interleaved rounds, each round beginning with another, and prints the rate of each: the median of
 * the rounds, half the distance from the slowest to the fastest, and the ratio to the first lane.
 *
 * @param {string} title
 * @param {string} unit - What is counted, such as `messages`.
 * @param {Lane[]} lanes - The first one is the yardstick.
 * @param {boolean} isSmoke - One short round, to see that everything still runs.
 */
export function compareLanes(title, unit, lanes, isSmoke) {
  const rounds = isSmoke ? 1 : ROUNDS;
  const roundMs = isSmoke ? SMOKE_MS : ROUND_MS;
  for (const lane of lanes) measure(lane, isSmoke ? SMOKE_MS : WARM_UP_MS);
  const rates = lanes.map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < lanes.length; turn++) {
      const index = (round + turn) % lanes.length;
      rates[index].push(measure(lanes[index], roundMs));
    }
  }
  const yardstick = median(rates[0]);
  console.log(`\n${title} (${rounds} rounds of ${roundMs} ms, interleaved; per second of CPU)`);
  const width = Math.max(...lanes.map((lane) => lane.title.length));
  lanes.forEach((lane, index) => {
    const rate = median(rates[index]);
    const each = rate >= 1e5 ? `${(1e9 / rate).toFixed(0)} ns` : `${(1e3 / rate).toFixed(2)} ms`;
    console.log(
      `  ${lane.title.padEnd(width)}  ${Math.round(rate).toLocaleString('en').padStart(12)} ${unit}/s` +
        `  ± ${(spread(rates[index]) * 100).toFixed(0).padStart(2)} %  ${each.padStart(9)} each` +
        `  ${(rate / yardstick).toFixed(2)} ×`,
    );
  });
}
