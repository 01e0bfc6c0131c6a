// What does the import add to the start of a program?

/** @type {import('../../lib/types.mjs').Bench} */
export const bench = {
  name: 'import-cost',
  question: 'What does the import add to the start of a program?',
  kind: 'import',
};
