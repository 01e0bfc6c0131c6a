// The walk over addresses, beside the codec of the messages: both take and refuse the same payloads, and see the same in them.

import { describe, expect, it } from 'vitest';

import { NETWORK_NAMES } from '../../../ts/crawl/frontier/address-table.ts';
import { AddressWalker } from '../../../ts/crawl/visit/address-walker.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { NETWORK_BYTES } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { AddressEntries, MAX_ADDRESSES } from '../../../ts/p2p/messages/addresses.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const drawBytes = seededBytes(3);
const services = [0n, 1n, 0xfcn, 0xfdn, 0xffffn, 0x1_0000n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 53n - 1n];
const told = (address: NetAddress, index: number): PeerAddress => ({
  timeSeconds: 1_800_000_000 + index,
  services: services[index % services.length]!,
  service: new Service(address, 8_333 + index),
});
const ADDRESSES: readonly PeerAddress[] = [
  NetAddress.parse('1.2.3.4'),
  NetAddress.parse('2a00::1'),
  new NetAddress('onion', drawBytes(32)),
  new NetAddress('i2p', drawBytes(32)),
  NetAddress.parse('fc00::1').toCJDNSIfInRange(),
  NetAddress.parse('::1'),
  NetAddress.parse('250.1.1.1'),
  NetAddress.parse('2a01::2'),
  new NetAddress('onion', drawBytes(32)),
].map(told);

/** What the walker sees; undefined when it refuses. */
function walked(type: 'addr' | 'addrv2', payload: Uint8Array): unknown[] | undefined {
  const walker = new AddressWalker();
  if (!walker.begin(type === 'addrv2', payload)) return undefined;
  const entries: unknown[] = [];
  while (walker.next()) {
    const { network, bytes, offset, port, timeSeconds, services: low } = walker;
    const name = NETWORK_NAMES[network];
    const address = name === undefined ? undefined : [name, [...bytes.subarray(offset, offset + NETWORK_BYTES[name])]];
    entries.push([timeSeconds, low, address, address === undefined ? undefined : port]);
  }
  expect(entries).toHaveLength(walker.count);
  return entries;
}

/** The same, by the codec. */
function decoded(type: 'addr' | 'addrv2', payload: Uint8Array): unknown[] | undefined {
  try {
    const entries = new AddressEntries(type, payload);
    if (entries.count > MAX_ADDRESSES) return undefined;
    return Array.from({ length: entries.count }, (_, index) => {
      const { timeSeconds, services: all, service } = entries.at(index);
      const { network, bytes } = service.address;
      const isNobody = network === 'internal' || (network === 'ipv6' && bytes.every((byte) => byte === 0));
      const address = isNobody ? undefined : [network, [...bytes]];
      return [timeSeconds, Number(all & 0xffff_ffffn), address, isNobody ? undefined : service.port];
    });
  } catch {
    return undefined;
  }
}

/** Without what stands for nobody, which the two say differently. */
const somebody = (entries: unknown[] | undefined): unknown[] | undefined =>
  entries?.filter((entry) => {
    const [, , address] = entry as [number, number, [string, number[]] | undefined];
    return address !== undefined && address[1].some((byte) => byte !== 0);
  });

describe.each(['addr', 'addrv2'] as const)('the walk over an %s', (type) => {
  const { payload } = encodeMessage({ type, addresses: ADDRESSES });

  it('sees every entry as the codec does', () => {
    expect(walked(type, payload)).toEqual(decoded(type, payload));
    expect(somebody(walked(type, payload))).toHaveLength(type === 'addr' ? 5 : 9);
  });

  it('refuses what is cut off anywhere, and takes a thousand addresses and not one more', () => {
    for (let length = 0; length < payload.length; length++)
      expect(walked(type, payload.subarray(0, length))).toBe(undefined);
    const many = (count: number): Uint8Array =>
      encodeMessage({
        type,
        addresses: Array.from({ length: count }, (_, index) => told(ADDRESSES[0]!.service.address, index)),
      }).payload;
    expect(walked(type, many(MAX_ADDRESSES))).toHaveLength(MAX_ADDRESSES);
    const beyond = Uint8Array.from([...many(MAX_ADDRESSES), ...many(1).subarray(1)]);
    new DataView(beyond.buffer).setUint16(1, MAX_ADDRESSES + 1, true);
    expect(walked(type, beyond)).toBe(undefined);
  });

  it('takes and refuses what the codec does, of 5,000 payloads with bytes that were changed', () => {
    const random = seededUint32(9);
    const outcomes = { taken: 0, refused: 0 };
    for (let round = 0; round < 5_000; round++) {
      const changed = Uint8Array.from(payload);
      for (let count = 1 + (random() % 3); count > 0; count--) {
        const at = random() % changed.length;
        changed[at] = random() % 3 === 0 ? [0, 1, 4, 32, 0xfc, 0xfd, 0xfe, 0xff][random() % 8]! : random() & 0xff;
      }
      const expected = decoded(type, changed);
      expect(somebody(walked(type, changed))).toEqual(somebody(expected));
      if (expected === undefined) outcomes.refused++;
      else outcomes.taken++;
    }
    expect(outcomes.taken).toBeGreaterThan(50);
    expect(outcomes.refused).toBeGreaterThan(50);
  });
});
