// How fast are larger messages: 4 KiB each way, and a bulk stream of 64 KiB pieces, four of them in flight?

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'echo-bulk',
  question: 'How fast do larger messages go?',
  kind: 'traffic',
  unit: 'messages',
  cases: [
    {
      name: 'echo-4k',
      title: '100 × 4 KiB',
      load: { mode: 'echo', connections: 100, messageBytes: 4_096 },
      goal: { rate: 0.95, cpu: 1.1 },
    },
    {
      name: 'bulk-64k',
      title: '16 × 64 KiB, 4 deep',
      load: { mode: 'echo', connections: 16, messageBytes: 65_536, depth: 4 },
      goal: { rate: 0.95, cpu: 1.1 },
    },
  ],
};
