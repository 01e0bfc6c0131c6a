// What does an idle kept-alive HTTP connection cost?

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'http-idle',
  question: 'What does an idle HTTP connection cost?',
  kind: 'http-idle',
  idleLoad: { mode: 'http-idle', messageBytes: 64 },
  warmUp: { mode: 'http', connections: 500, messageBytes: 64, warmupMs: 0 },
};
