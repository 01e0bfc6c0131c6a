// The parts of a campaign, with the share of its time that each gets.

import { engine } from './engine.mjs';
import { coverage, mutations } from './fuzzing.mjs';
import { faults, networks, soak } from './others.mjs';
import { programs, schedules } from './schedules.mjs';

/**
 * @typedef {object} Outcome
 * @property {string} [skipped] Why it did not run.
 * @property {object[]} [rows] What ran, as a table.
 * @property {string[]} [findings]
 *
 * @typedef {object} Part
 * @property {string} title
 * @property {(options: { seconds: number }) => Promise<Outcome>} run
 */

/** @type {Record<string, Part & { share: number }>} */
export const PARTS = {
  mutations: { ...mutations, share: 25 },
  coverage: { ...coverage, share: 20 },
  schedules: { ...schedules, share: 12 },
  programs: { ...programs, share: 8 },
  engine: { ...engine, share: 12 },
  faults: { ...faults, share: 8 },
  networks: { ...networks, share: 5 },
  soak: { ...soak, share: 10 },
};
