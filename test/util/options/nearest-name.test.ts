import { expect, it } from 'vitest';

import { nearestName } from '../../../ts/util/options/nearest-name.ts';

const NAMES = ['connect', 'listen', 'network', 'datadir', 'eventGotEOF', 'eventGotData'];

it.each([
  ['conect', 'connect'],
  ['connnect', 'connect'],
  ['conntect', 'connect'],
  ['netwrok', 'network'],
  ['eventGotEof', 'eventGotEOF'],
  ['eventgotdata', 'eventGotData'],
  ['datadirectory', undefined],
  ['', undefined],
  ['zzz', undefined],
])('%j was meant to be %j', (given, meant) => {
  expect(nearestName(given, NAMES)).toBe(meant);
});

it('a name longer than any of ours is like none, and costs no time', () => {
  expect(nearestName('connect'.repeat(1e6), NAMES)).toBeUndefined();
});

it('of equally similar names the first is taken', () => {
  expect(nearestName('ca', ['cat', 'car'])).toBe('cat');
});
