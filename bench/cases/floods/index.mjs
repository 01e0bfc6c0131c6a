// What does a flood cost the node, and its honest peers? Each attack against our node, and against the bitcoind that
// `BITCOIND` names. Takes twenty seconds for each attack and target, and so runs on request only: `floods` is the standard
// set, `floods-grid` every type by every crowd, `floods-soak` all at once for `--soak-minutes`.

import { ATTACKS, GRID, SOAK } from './attacks.mjs';

const question = 'What does a flood cost the node, and those who are not flooding?';

/** @param {string} name @param {readonly import('./attacks.mjs').Attack[]} attacks @returns {import('../../lib/types.mjs').Bench} */
const benchOf = (name, attacks) => ({
  name,
  question,
  kind: 'floods',
  isOnRequest: true,
  cases: attacks.map((attack) => ({ name: `floods-${attack.name}`, title: attack.title, load: { mode: 'floods' } })),
});

export const floods = benchOf('floods', ATTACKS);
export const floodsGrid = benchOf('floods-grid', GRID);
export const floodsSoak = benchOf('floods-soak', [SOAK]);
