// Does a server grow over 1,000,000 connections that come and go?

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'soak',
  question: 'Does a server grow while connections come and go?',
  kind: 'soak',
  peers: ['c-64k', 'sockman'],
};
