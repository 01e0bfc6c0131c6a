// Every fuzz target over its seeds, its corpus, its past findings and a few thousand mutations, the same in each run.

import { describe, expect, it } from 'vitest';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { keptInputs } from './inputs.ts';
import { Mutator } from './mutator.ts';
import { TARGETS } from './targets/index.ts';

const DEFAULT_MUTATIONS = 2_000;

describe.each(Object.entries(TARGETS))('the fuzz target %s', (name, target) => {
  const { mutations = DEFAULT_MUTATIONS } = target;
  const inputs = [...target.seeds(), ...keptInputs('corpora', name), ...keptInputs('findings', name)];

  it('holds for its seeds, its corpus and past findings', () => {
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) target.run(Uint8Array.from(input));
    target.run(new Uint8Array(0));
  });

  it(`holds for ${mutations} mutations of them`, () => {
    const mutator = new Mutator(inputs, target.words ?? [], seededUint32(1));
    for (let count = 0; count < mutations; count++) {
      const input = mutator.next();
      try {
        target.run(input);
      } catch (error) {
        expect.unreachable(`${Buffer.from(input).toString('base64')}: ${String((error as Error).stack)}`);
      }
    }
  });
});
