// What does a message cost if each connection has 16 of them in flight, so that one receive carries many?

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'echo-pipelined',
  question: 'What does a small message cost when 16 travel together?',
  kind: 'traffic',
  unit: 'messages',
  cases: [
    {
      name: 'pipelined-100',
      title: '100 × 64 B, 16 deep',
      load: { mode: 'echo', connections: 100, messageBytes: 64, depth: 16 },
      goal: { rate: 0.95, cpu: 1.1 },
    },
  ],
};
