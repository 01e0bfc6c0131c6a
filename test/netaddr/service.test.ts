import { expect, test } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { readVectorCsv } from '../helpers/vectors.ts';

test.each(readVectorCsv<'input' | 'expected'>('lookup_numeric.csv'))('reads $input as $expected', (row) => {
  const nothing = new Service(NetAddress.UNSPECIFIED, 0);
  expect(String(Service.tryParse(row.input, 65535) ?? nothing)).toBe(row.expected);
});
