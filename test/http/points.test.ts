// README.md of this folder says which test shows what: each file that it names has a test of that title.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROWS = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, points, file, title] = /^\| ([\d, ]*)\| .* \| `(.+)` \| `(.+)` \|$/.exec(line) ?? [];
    return title === undefined ? [] : [{ points: points!, file: file!, title }];
  });

it.each(ROWS)('$file has the test "$title"', ({ file, title }) => {
  const source = readFileSync(join(import.meta.dirname, file), 'utf8');
  // A title ends with its quote, or goes on with the reason of a skip.
  expect([`'${title}'`, `\`${title}`].some((text) => source.includes(text))).toBe(true);
});

it('the page of points leaves none of the 37 out', () => {
  const points = ROWS.flatMap((row) => row.points.match(/\d+/g) ?? []).map(Number);
  expect(points).toEqual(Array.from({ length: 37 }, (_, index) => index + 1));
});
