// Do idle connections slow down those that work? 100 active ones alone, beside 8,000 and beside 30,000 idle ones.

const load = { mode: 'echo', connections: 100, messageBytes: 64 };
const goal = { rate: 0.97, cpu: 1.1 };

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'idle-neighbours',
  question: 'Do idle connections slow down those that work?',
  kind: 'traffic',
  unit: 'messages',
  cases: [
    { name: 'beside-0', title: '100 × 64 B alone', load, goal: { rate: 0.95, cpu: 1.1 } },
    {
      name: 'beside-8000',
      title: '… beside 8,000 idle',
      load: { ...load, idle: 8_000 },
      goal,
      comparedWith: 'beside-0',
    },
    {
      name: 'beside-30000',
      title: '… beside 30,000 idle',
      load: { ...load, idle: 30_000 },
      goal,
      comparedWith: 'beside-0',
    },
  ],
};
