import { describe, expect, it } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { PeerAddress } from '../../../ts/p2p/messages/addresses.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { ByteWriter } from '../../../ts/util/bytes/bytes.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';
const MAX_SERVICES = 2n ** 64n - 1n;

function peer(text: string, services = MAX_SERVICES): PeerAddress {
  return { timeSeconds: 5, services, service: Service.parse(text, 8_333).toCJDNSIfInRange() };
}

const everyNetwork = ['1.2.3.4', '2001:4860::8888', ONION, I2P, '[fc00::1]:8333'].map((text) => peer(text));

/** An `addrv2` with a good entry, then one with this network id and address, then another good one. */
function between(networkId: number, address: Uint8Array): Uint8Array {
  const writer = new ByteWriter().compactSize(3);
  const entry = (id: number, bytes: Uint8Array) =>
    writer.uint32LE(1).compactSize(1).uint8(id).varBytes(bytes).uint16BE(8_333);
  entry(1, Uint8Array.of(1, 1, 1, 1));
  entry(networkId, address);
  entry(1, Uint8Array.of(2, 2, 2, 2));
  return writer.finish();
}

describe('addrv2', () => {
  it('carries every network, and services of all 64 bits', () => {
    const { payload } = encodeMessage({ type: 'addrv2', addresses: everyNetwork });
    expect(decodeMessage('addrv2', payload).addresses).toEqual(everyNetwork);
  });

  it.each([
    [0, 5],
    [3, 10],
    [7, 16],
    [200, 0],
    [255, 512],
  ])('keeps the entries around one of the unknown network %i with %i bytes', (networkId, byteCount) => {
    const { addresses } = decodeMessage('addrv2', between(networkId, new Uint8Array(byteCount).fill(3)));
    expect(addresses.map(({ service }) => `${service}`)).toEqual(['1.1.1.1:8333', '[::]:8333', '2.2.2.2:8333']);
    expect(addresses[1]!.service.address.isValid()).toBe(false);
  });

  it.each([
    [1, 5],
    [2, 4],
    [4, 31],
    [5, 33],
    [6, 15],
    [7, 513],
    [99, 513],
  ])('does not decode when network %i comes with %i bytes', (networkId, byteCount) => {
    expect(() => decodeMessage('addrv2', between(networkId, new Uint8Array(byteCount)))).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }),
    );
  });
});

describe('addr', () => {
  it('leaves out what it cannot hold: onion, I2P and CJDNS', () => {
    const { payload } = encodeMessage({ type: 'addr', addresses: everyNetwork });
    expect(decodeMessage('addr', payload).addresses).toEqual(everyNetwork.slice(0, 2));
  });

  it('counts only what it holds against its limit', () => {
    const onions = new Array<PeerAddress>(1_001).fill(peer(ONION));
    const { payload } = encodeMessage({ type: 'addr', addresses: onions });
    expect(decodeMessage('addr', payload).addresses).toEqual([]);
  });

  it('is written with addresses that may be kept when the payload is overwritten', () => {
    const { payload } = encodeMessage({ type: 'addr', addresses: everyNetwork });
    const [first, second] = decodeMessage('addr', payload).addresses;
    payload.fill(0xee);
    expect(first!.service.address.equals(NetAddress.parse('1.2.3.4'))).toBe(true);
    expect(second!.service.address.equals(NetAddress.parse('2001:4860::8888'))).toBe(true);
  });
});
