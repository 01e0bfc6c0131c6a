// A list of exclusions beside the subnets that it was read from.

import { describe, expect, it } from 'vitest';
import { Exclusions } from '../../../ts/crawl/frontier/exclusions.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Subnet } from '../../../ts/netaddr/subnet.ts';

const ADDRESSES = [
  ...['1.2.3.4', '1.2.3.5', '1.2.131.4', '129.2.3.4', '0.0.0.0', '255.255.255.255'],
  ...['2a01:4f8::1', '2a01:4f8::2', '2a01:4f9::1', '::', 'fc00::1', 'fc01::1'],
  ...['kpgvmscirrdqpekbqjsvw5teanhatztpp2gl6eee4zkowvwfxwenqaid.onion'],
].flatMap((text) => {
  const address = NetAddress.parse(text);
  return [address, address.toCJDNSIfInRange()];
});

describe('exclusions', () => {
  it('hold exactly what the subnets of their lines match, at every length of the prefix', () => {
    const lines = ['fc00::1', 'kpgvmscirrdqpekbqjsvw5teanhatztpp2gl6eee4zkowvwfxwenqaid.onion'];
    for (let bits = 0; bits <= 32; bits++) lines.push(`1.2.3.4/${bits}`);
    for (let bits = 0; bits <= 128; bits++) lines.push(`2a01:4f8::1/${bits}`);
    for (const line of lines) {
      const exclusions = Exclusions.parse(line);
      const subnets = [Subnet.parse(line), Subnet.tryParse(line, true) ?? Subnet.parse(line)];
      for (const address of ADDRESSES) {
        const isExcluded = subnets.some((subnet) => subnet.matches(address));
        expect([line, String(address), exclusions.has(address, 0)]).toEqual([line, String(address), isExcluded]);
      }
    }
  });

  it('of many lines hold each of them, and know that none is the rest', () => {
    const lines = Array.from({ length: 30_000 }, (_, index) => `9.${index >> 8}.${index & 255}.0/24`);
    const exclusions = Exclusions.parse(`${lines.join('\n')}\nAS64512`);
    for (let index = 0; index < 30_000; index++)
      expect(exclusions.has(NetAddress.parse(`9.${index >> 8}.${index & 255}.7`), 0)).toBe(true);
    const other = NetAddress.parse('8.8.8.8');
    for (let count = 0; count < 100_000; count++) expect(exclusions.has(other, 0)).toBe(false);
    expect(exclusions.has(other, 64_512)).toBe(true);
  });
});
