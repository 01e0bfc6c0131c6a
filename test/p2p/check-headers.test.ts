import { describe, expect, it } from 'vitest';

import { CHAIN_PARAMS } from '../../ts/p2p/chain-params.ts';
import { checkHeaderEntries, checkHeaders, targetOf } from '../../ts/p2p/check-headers.ts';
import type { BlockHeader } from '../../ts/p2p/messages/block-header.ts';
import { HeaderEntries } from '../../ts/p2p/messages/headers.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import { minedHeaders, spoil } from '../harness/peers/mined-headers.ts';

const { main, regtest } = CHAIN_PARAMS;

describe('the target of a header', () => {
  it.each([
    [0x1d00_ffff, 0xffffn << 208n],
    [0x207f_ffff, 0x7fffffn << 232n],
    [0x0112_3456, 0x12n],
    [0x0200_8000, 0x80n],
    [0x0300_0001, 1n],
    [0x2100_ffff, 0xffffn << 240n],
    [0x2200_00ff, 0xffn << 248n],
  ])('of %i is %i', (bits, target) => {
    expect(targetOf(bits)).toBe(target);
  });

  it.each([
    ['zero', 0],
    ['shifted away', 0x0012_3456],
    ['negative', 0x0492_3456],
    ['a bit beyond 256 bits', 0x2200_0100],
    ['far beyond', 0xff12_3456],
    ['without a mantissa', 0x2000_0000],
  ])('that is %s is none', (_what, bits) => {
    expect(targetOf(bits)).toBeUndefined();
  });
});

describe('headers', () => {
  const [first, second, third] = minedHeaders(3) as [BlockHeader, BlockHeader, BlockHeader];

  it.each(Object.values(CHAIN_PARAMS))('of the first block of $name are sound', (chain) => {
    expect(checkHeaders([chain.genesisHeader], chain)).toBeUndefined();
  });

  it('that build on each other are sound, and so are none', () => {
    expect(checkHeaders([first, second, third], regtest)).toBeUndefined();
    expect(checkHeaders([], regtest)).toBeUndefined();
  });

  it.each<[string, BlockHeader[], string]>([
    ['leave one out', [first, third], 'not-continuous'],
    ['come twice', [first, first], 'not-continuous'],
    ['are in the wrong order', [second, first], 'not-continuous'],
    ['have one without work', [first, spoil(second)], 'invalid-proof-of-work'],
    ['have one without work, and hang together in no way', [third, spoil(first)], 'invalid-proof-of-work'],
    ['claim an easier target than there may be', [{ ...first, bits: 0x2100_ffff }], 'invalid-proof-of-work'],
    ['claim a negative target', [{ ...first, bits: 0x20ff_ffff }], 'invalid-proof-of-work'],
  ])('that %s are not, as objects or where they lie', (_what, headers, fault) => {
    const { payload } = encodeMessage({ type: 'headers', headers });
    expect(checkHeaders(headers, regtest)).toBe(fault);
    expect(checkHeaderEntries(new HeaderEntries(payload), regtest)).toBe(fault);
  });

  it('of another chain lack the work of this one', () => {
    expect(checkHeaders([first], main)).toBe('invalid-proof-of-work');
  });
});
