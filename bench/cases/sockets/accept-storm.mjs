// How fast is a full backlog emptied? 500 connections wait in it while the server sleeps; then the clock runs until
// each of them was greeted with a byte.

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'accept-storm',
  question: 'How fast is a full backlog emptied?',
  kind: 'traffic',
  serverMode: 'storm',
  unit: 'connections',
  cases: [
    {
      name: 'accept-storm',
      title: '500 waiting, accept and send 1 B',
      load: { mode: 'storm', connections: 500 },
      goal: { rate: 0.95 },
    },
  ],
};
