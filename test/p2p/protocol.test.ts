import { describe, expect, it } from 'vitest';

import { SEED_SERVICES, Services, serviceNames } from '../../ts/p2p/protocol.ts';

describe('serviceNames', () => {
  it('names the known bits and numbers the others, lowest first', () => {
    expect(serviceNames(0n)).toEqual([]);
    expect(serviceNames(0xc09n)).toEqual(['NETWORK', 'WITNESS', 'NETWORK_LIMITED', 'P2P_V2']);
    expect(serviceNames(Services.BLOOM | Services.COMPACT_FILTERS)).toEqual(['BLOOM', 'COMPACT_FILTERS']);
    expect(serviceNames(2n | (1n << 24n) | (1n << 63n))).toEqual(['UNKNOWN[2^1]', 'UNKNOWN[2^24]', 'UNKNOWN[2^63]']);
    expect(serviceNames(2n ** 64n - 1n).length).toBe(64);
  });

  it('takes seeds for whole nodes with witnesses', () => {
    expect(SEED_SERVICES).toBe(9n);
  });
});
