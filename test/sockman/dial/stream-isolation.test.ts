import { expect, test } from 'vitest';

import { ISOLATION_PREFIX_BYTES, StreamIsolation } from '../../../ts/sockman/dial/stream-isolation.ts';

test('every connection gets credentials of its own, with consecutive counters', () => {
  const isolation = new StreamIsolation(Uint8Array.of(0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77));
  const all = Array.from({ length: 12 }, () => isolation.next());
  expect(all[0]).toEqual({ username: '0011223344556677-0', password: '0011223344556677-0' });
  expect(all.map(({ username }) => username)).toEqual(all.map((_, index) => `0011223344556677-${index}`));
  for (const { username, password } of all) {
    expect(password).toBe(username);
    expect(username).toMatch(/^[0-9a-f]{16}-[0-9]+$/);
  }
});

test('other randomness gives another prefix', () => {
  const [one, other] = [0, 255].map((fill) => new StreamIsolation(new Uint8Array(8).fill(fill)).next().username);
  expect([one, other]).toEqual(['0000000000000000-0', 'ffffffffffffffff-0']);
});

test.each([ISOLATION_PREFIX_BYTES - 1, ISOLATION_PREFIX_BYTES + 1])('%d random bytes are refused', (length) => {
  const make = (): StreamIsolation => new StreamIsolation(new Uint8Array(length));
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
});
