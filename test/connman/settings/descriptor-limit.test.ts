import { describe, expect, it } from 'vitest';
import {
  RESERVED_DESCRIPTORS,
  fittingConnections,
  readDescriptorLimit,
} from '../../../ts/connman/settings/descriptor-limit.ts';
import { World } from '../world.ts';

describe('connections and descriptors', () => {
  it('fit as long as there is one for each', () => {
    const limit = 100 + 10 + RESERVED_DESCRIPTORS;
    expect(fittingConnections(100, 10, limit)).toBe(100);
    expect(fittingConnections(100, 10, limit - 1)).toBe(99);
    expect(fittingConnections(100, 10, 10)).toBe(0);
  });

  it('are not limited where the system does not tell', () => {
    expect(fittingConnections(100_000, 10, undefined)).toBe(100_000);
  });

  it('are told by Linux', ({ skip }) => {
    if (process.platform !== 'linux') skip('only Linux has /proc/self/limits');
    expect(readDescriptorLimit()).toBeGreaterThan(RESERVED_DESCRIPTORS);
  });

  it('make a node warn, and live with fewer', () => {
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (line: string) => void warnings.push(line) };
    const { connman } = new World().make({ descriptorLimit: 200, logger });
    // 200 less 151 and eight manual connections.
    expect(connman.budget.maxAutomatic).toBe(41);
    expect(warnings).toHaveLength(1);
  });
});
