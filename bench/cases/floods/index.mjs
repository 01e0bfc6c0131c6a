// What does a flood cost the node, and those who are not flooding? Each attack against our node, and against the bitcoind
// that `BITCOIND` names. Takes twenty seconds for each attack and target, so that it runs when it is asked for by name.

import { ATTACKS } from './attacks.mjs';

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'floods',
  question: 'What does a flood cost the node, and those who are not flooding?',
  kind: 'floods',
  isOnRequest: true,
  cases: ATTACKS.map(({ name, title }) => ({ name: `floods-${name}`, title, load: { mode: 'floods' } })),
};
