import { describe, expect, it } from 'vitest';

import { addGiven, chainOptionOf, isOnlyAtTop, listOf, singleOf } from '../../../ts/cli/config/given.ts';
import type { Given, GivenOptions } from '../../../ts/cli/config/given.ts';

type Values = readonly (string | boolean)[];

/** Options `x`, given on the command line, in the section and before any. */
function given(commandLine: Values, section: Values = [], top: Values = []): GivenOptions {
  const layer = (values: Values): Map<string, Given[]> => {
    const made = new Map<string, Given[]>();
    for (const value of values) addGiven(made, 'x', { value, origin: '' });
    return made;
  };
  return {
    commandLine: layer(commandLine),
    sections: new Map([
      ['regtest', layer(section)],
      ['', layer(top)],
    ]),
  };
}

const LOOK = { section: 'regtest', usesTop: true };
const PER_CHAIN = { section: 'regtest', usesTop: false };

describe('an option with one value', () => {
  it.each<[string, GivenOptions, string | boolean | undefined]>([
    ['is undefined where nothing is given', given([]), undefined],
    ['is the last of the command line', given(['1', '2'], ['3'], ['4']), '2'],
    ['is the first of a section', given([], ['3', '4'], ['5']), '3'],
    ['is the first before any section', given([], [], ['5', '6']), '5'],
    ['is a negation that is the last word of the command line', given(['1', false], ['3']), false],
    ['is a value behind a negation', given([false, '1'], ['3']), '1'],
    ['is a negation in a section, whatever stands before it', given([], ['3', false], ['5']), false],
    ['is the first value behind a negation of a file', given([], ['3', false, '4', '5']), '4'],
    ['is a double negation', given([true]), true],
  ])('%s', (_title, options, expected) => {
    expect(singleOf(options, 'x', LOOK)?.value).toBe(expected);
  });

  it('of one chain passes over what stands before any section, but not over a negation there', () => {
    expect(singleOf(given([], [], ['5']), 'x', PER_CHAIN)).toBeUndefined();
    expect(singleOf(given([], [], ['5', false]), 'x', PER_CHAIN)?.value).toBe(false);
    expect(isOnlyAtTop(given([], [], ['5']), 'x', 'regtest')).toBe(true);
    expect(isOnlyAtTop(given([], ['3'], ['5']), 'x', 'regtest')).toBe(false);
    expect(isOnlyAtTop(given(['1'], [], ['5']), 'x', 'regtest')).toBe(false);
  });
});

describe('an option that may be repeated', () => {
  it.each<[string, GivenOptions, Values]>([
    ['has everything of every place, the command line first', given(['1', '2'], ['3'], ['4']), ['1', '2', '3', '4']],
    ['has nothing behind a negation on the command line', given(['1', false], ['3'], ['4']), []],
    ['has the files back once a value follows that negation', given(['1', false, '2'], ['3'], ['4']), ['2', '3', '4']],
    [
      'has what stands before any section back behind a negation in one, if something came before',
      given(['1'], ['3', false], ['4']),
      ['1', '4'],
    ],
    ['ends at a negation in a section where nothing came before', given([], ['3', false], ['4']), []],
  ])('%s', (_title, options, expected) => {
    expect(listOf(options, 'x', LOOK).map(({ value }) => value)).toEqual(expected);
  });

  it('of one chain leaves out what stands before any section', () => {
    expect(listOf(given(['1'], ['3'], ['4']), 'x', PER_CHAIN).map(({ value }) => value)).toEqual(['1', '3']);
  });
});

describe('an option that chooses the chain', () => {
  it('is the last of a file, and a negation on the command line is passed over', () => {
    expect(chainOptionOf(given([], [], ['0', '1']), 'x')?.value).toBe('1');
    expect(chainOptionOf(given([false], [], ['1']), 'x')?.value).toBe('1');
    expect(chainOptionOf(given([], ['1']), 'x')).toBeUndefined();
  });
});
