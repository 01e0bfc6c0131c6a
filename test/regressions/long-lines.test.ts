// Text of an attacker or a damaged file cost more than its length: quadratic time, or no limit at all.

import { describe, expect, it } from 'vitest';
import { Service } from '../../ts/netaddr/service.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { parseReplyValues } from '../../ts/tor/reply-values.ts';

describe('values of a Tor reply', () => {
  it('are read in one pass over a line without spaces', () => {
    // In time that grows with the square this takes a minute, and the test has five seconds.
    expect(parseReplyValues('a=""'.repeat(500_000)).size).toBe(1);
    expect(parseReplyValues('a="" '.repeat(500_000)).size).toBe(1);
  });

  it('end at a word that is no value, wherever the spaces are', () => {
    expect([...parseReplyValues('a="x"b="y" c=z word d=w')]).toEqual([
      ['a', 'x'],
      ['b', 'y'],
      ['c', 'z'],
    ]);
    expect([...parseReplyValues('a="x y"b=1')]).toEqual([
      ['a', 'x y'],
      ['b', '1'],
    ]);
    expect([...parseReplyValues('word a=1')]).toEqual([]);
  });
});

describe('the text of an address', () => {
  it('of a subnet has at most 128 characters', () => {
    const zeros = (count: number): string => `::/${'0'.repeat(count)}64`;
    expect(Subnet.parse(zeros(123)).prefixBits).toBe(64);
    expect(Subnet.tryParse(zeros(124))).toBeUndefined();
    expect(Subnet.tryParse(`::/${':'.repeat(10_000_000)}`)).toBeUndefined();
  });

  it('of an endpoint has at most 256 characters', () => {
    const zeros = (count: number): string => `[::1]:${'0'.repeat(count)}80`;
    expect(Service.parse(zeros(248)).port).toBe(80);
    expect(Service.tryParse(zeros(249))).toBeUndefined();
    expect(Service.tryParse(`unix:/${'x'.repeat(106)}`)?.unixPath).toHaveLength(107);
  });
});
