import { expect, it } from 'vitest';

import { spelledOut } from '../../../ts/netaddr/text/short-ipv4.ts';

it.each([
  ['127.1', '127.0.0.1'],
  ['127.1:8333', '127.0.0.1:8333'],
  ['10.1.2', '10.1.0.2'],
  ['10.65536', '10.1.0.0'],
  ['10.1.256', '10.1.1.0'],
  ['127.0.0.1:1', '127.0.0.1:1'],
  ['1.2.3.4', '1.2.3.4'],
  ['example.org:8333', 'example.org:8333'],
  ['[::1]:1', '[::1]:1'],
  ['127', '127'],
  // Out of range: what comes out is no address either.
  ['300.1', '300.0.0.1'],
  ['1.99999999', '1.1525.224.255'],
])('a resolver reads %s as %s', (text, expected) => {
  expect(spelledOut(text)).toBe(expected);
});
