// What does a short connection cost: connect, one message there and back, reset? On loopback the client's connect does the
// handshake of both sides, so the load generator's core is the busier one; the CPU column is the relevant one.

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'churn',
  question: 'What does a connection that lives for one message cost?',
  kind: 'traffic',
  unit: 'connections',
  cases: [
    {
      name: 'churn',
      title: '64 at a time: connect, 64 B echo, reset',
      load: { mode: 'churn', connections: 64, messageBytes: 64 },
      goal: { rate: 0.95 },
    },
  ],
};
