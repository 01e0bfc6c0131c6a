// What rate do 100 well-behaved connections get beside peers that hardly read, never read, or never stop sending? The memory
// column shows whether the server applies back-pressure, or keeps everything that slow peers ask for.

const load = { mode: 'echo', connections: 100, messageBytes: 64 };

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'bad-neighbours',
  question: 'What do well-behaved connections get beside slow and greedy ones?',
  kind: 'traffic',
  unit: 'messages',
  cases: [
    {
      name: 'slow-readers',
      title: '100 × 64 B beside 50 that read 4 KiB each 10 ms',
      load: { ...load, slow: 50, slowReadBytes: 4_096 },
    },
    { name: 'never-readers', title: '100 × 64 B beside 50 that never read', load: { ...load, slow: 50 } },
    { name: 'flood', title: '100 × 64 B beside 4 that flood', load: { ...load, flood: 4 } },
  ],
};
