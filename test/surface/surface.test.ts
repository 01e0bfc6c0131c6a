// What users can import. The names of each entry point are checked in: a change of the surface is a decision, made by
// `npx vitest run test/surface -u` and seen in review.

import { describe, expect, it } from 'vitest';

import { ENTRIES, Surface } from './declarations.ts';

const surface = new Surface();

describe.each([...ENTRIES.keys()])('the entry point %s', (entry) => {
  it('has the names that are written down', async () => {
    const names = surface.namesOf(entry);
    expect(names.length).toBeGreaterThan(0);
    const file = entry.replace('sockman/', '') === entry ? 'core' : entry.replace('sockman/', '');
    await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(`names/${file}.txt`);
  });

  it('mentions no type that cannot be imported', () => {
    expect(surface.unreachable(entry)).toEqual([]);
  });
});
