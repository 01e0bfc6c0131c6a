// What does an idle connection cost? CPU of the whole server, and user-space memory for each connection.

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = { name: 'idle-cost', question: 'What does an idle connection cost?', kind: 'idle' };
