// Random schedules, and random programs of callbacks, on every backend: test/schedules, seed after seed.

import { createRequire } from 'node:module';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BUILD, anySeed, bundle } from '../lib/bundle.mjs';

const SEEDS = join(BUILD, 'seeds.json');
/** Seeds between two notes of how far it came: what is lost when a run is cut off. */
const STEP = 500;

/** Where each search goes on. */
const readSeeds = () => (existsSync(SEEDS) ? JSON.parse(readFileSync(SEEDS, 'utf8')) : {});

/**
 * @param {'searchSchedules' | 'searchPrograms'} search
 * @param {{ seconds: number, from?: number, count?: number }} options `from`: a seed; left out, it goes on.
 */
async function searchFor(search, { seconds, from, count = Number.MAX_SAFE_INTEGER }) {
  const path = await bundle('schedules', `export * from './test/schedules/search.ts';`);
  const { [search]: play } = createRequire(import.meta.url)(path);
  const until = performance.now() + seconds * 1_000;
  const first = from ?? readSeeds()[search] ?? anySeed();
  let next = first;
  let outcome = { backends: [], played: 0, findings: [] };
  while (next < first + count && performance.now() < until && outcome.findings.length === 0) {
    outcome = await play({ from: next, count: Math.min(STEP, first + count - next), until });
    next += outcome.played;
    if (from === undefined) writeFileSync(SEEDS, `${JSON.stringify({ ...readSeeds(), [search]: next })}\n`);
  }
  return {
    rows: outcome.backends.map((backend) => ({ backend, played: next - first, seeds: `${first} to ${next - 1}` })),
    findings: outcome.findings.map(
      ({ backend, seed, what, shortest }) => `${backend}, seed ${seed}: ${what}\n${shortest}`,
    ),
  };
}

export const schedules = {
  title: 'Random schedules, the same story on every backend',
  run: (options) => searchFor('searchSchedules', options),
};

export const programs = {
  title: 'Random programs of callbacks',
  run: (options) => searchFor('searchPrograms', options),
};

mkdirSync(BUILD, { recursive: true });
