// What does a small answer cost over a kept-alive connection, alone and beside 8,000 idle ones, and how fast is a long one?

const load = { mode: 'http', connections: 100, messageBytes: 64 };

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'http',
  question: 'What does an HTTP request cost?',
  kind: 'http',
  unit: 'answers',
  cases: [
    { name: 'http-100', title: '100 × GET of 64 B', load, goal: { rate: 0.95, cpu: 1.5 } },
    {
      name: 'http-100-idle',
      title: '100 × GET of 64 B beside 8,000 idle',
      load: { ...load, idle: 8_000 },
      comparedWith: 'http-100',
    },
    {
      name: 'http-stream',
      title: '1 × GET of 100 MB',
      load: { ...load, connections: 1, messageBytes: 100_000_000 },
      windows: 4,
      goal: { rate: 0.9 },
    },
  ],
};
