import { expect, test } from 'vitest';
import { isBadPort } from '../../ts/netaddr/bad-ports.ts';
import { readVectorJson } from '../harness/data/vectors.ts';

test('avoids exactly the 85 ports of the list', () => {
  const listed = readVectorJson<number[]>('bad_ports.json');
  expect(listed.length).toBe(85);
  expect(Array.from({ length: 65_536 }, (_, port) => port).filter(isBadPort)).toEqual(listed);
});
