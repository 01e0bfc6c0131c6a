// What does it cost to send one message to 1,000 connections? One source, and a server that relays to all others; four
// messages in flight at a time. A message counts once for each receiver.

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'broadcast',
  question: 'What does it cost to say one thing to 1,000 connections?',
  kind: 'traffic',
  serverMode: 'broadcast',
  unit: 'messages',
  cases: [
    {
      name: 'broadcast-1000',
      title: '64 B to 1,000 receivers',
      load: { mode: 'broadcast', connections: 1_000, messageBytes: 64, depth: 4 },
    },
  ],
};
