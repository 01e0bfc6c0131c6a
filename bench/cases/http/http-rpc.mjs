// What does a call of JSON-RPC cost over a kept-alive connection, with credentials? Goals: 2 × the rate of a bitcoind, 3 ×
// that of node:http with JSON.parse.

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'http-rpc',
  question: 'What does a call of JSON-RPC cost?',
  kind: 'http-rpc',
  unit: 'calls',
  cases: [
    {
      name: 'rpc-getconnectioncount',
      title: '16 × getconnectioncount',
      // The bytes of the answer.
      load: { mode: 'rpc', connections: 16, messageBytes: 36 },
    },
  ],
};
