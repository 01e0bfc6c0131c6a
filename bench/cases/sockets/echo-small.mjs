// What does the echo of a 64-byte message cost, with 1, 100 and 1,000 connections that each wait for the answer?

const load = { mode: 'echo', messageBytes: 64 };

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'echo-small',
  question: 'What does the echo of a 64-byte message cost?',
  kind: 'traffic',
  unit: 'messages',
  cases: [
    { name: 'echo-1', title: '1 × 64 B', load: { ...load, connections: 1 }, goal: { rate: 0.95, cpu: 1.25 } },
    { name: 'echo-100', title: '100 × 64 B', load: { ...load, connections: 100 }, goal: { rate: 0.95, cpu: 1.1 } },
    {
      name: 'echo-1000',
      title: '1,000 × 64 B',
      load: { ...load, connections: 1_000 },
      goal: { rate: 0.95, cpu: 1.1 },
    },
  ],
};
