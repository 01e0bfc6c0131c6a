// Every fuzz target over its seeds, its corpus, its past findings and a few thousand mutations, the same in each run.

import { describe, expect, it } from 'vitest';
import { seededUint32 } from '../harness/data/seeded-uint32.ts';
import { keptInputs } from './inputs.ts';
import { TARGETS } from './targets/index.ts';

const DEFAULT_MUTATIONS = 2_000;

/** An input with one to four changes: a byte set, bytes removed, bytes of another input in between. */
function mutate(inputs: readonly Uint8Array[], random: (range: number) => number): Uint8Array {
  const pick = (): Uint8Array => inputs[random(inputs.length)]!;
  let bytes = Uint8Array.from(pick());
  for (let changes = random(4) + 1; changes > 0; changes--) {
    const at = random(bytes.length + 1);
    const kind = random(3);
    if (kind === 0 && at < bytes.length) bytes[at] = random(256);
    if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + random(8))]);
    if (kind === 2) {
      const other = pick();
      const from = random(other.length + 1);
      bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(from, from + random(32)), bytes.subarray(at)]);
    }
  }
  return bytes;
}

describe.each(Object.entries(TARGETS))('the fuzz target %s', (name, target) => {
  const { mutations = DEFAULT_MUTATIONS } = target;
  const inputs = [...target.seeds(), ...keptInputs('corpora', name), ...keptInputs('findings', name)];

  it('holds for its seeds, its corpus and past findings', () => {
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) target.run(Uint8Array.from(input));
    target.run(new Uint8Array(0));
  });

  it(`holds for ${mutations} mutations of them`, () => {
    const next = seededUint32(1);
    for (let count = 0; count < mutations; count++) {
      const input = mutate(inputs, (range) => next() % range);
      const asText = Buffer.from(input).toString('base64');
      expect(() => target.run(input), asText).not.toThrow();
    }
  });
});
