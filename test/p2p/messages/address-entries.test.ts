import { describe, expect, it } from 'vitest';
import { Service } from '../../../ts/netaddr/service.ts';
import { AddressEntries, MAX_ADDRESSES } from '../../../ts/p2p/messages/addresses.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { ByteWriter } from '../../../ts/util/bytes/bytes.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const HOSTS = ['1.2.3.4', '2001:4860::8888', ONION, '[fc00::1]:8333'];
const REFUSED = expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' });

function payloadOf(type: 'addr' | 'addrv2', count: number): Uint8Array {
  const addresses = Array.from({ length: count }, (_, index) => ({
    timeSeconds: index,
    // Of one, three, five and nine bytes.
    services: 2n ** BigInt(16 * (index % 4)),
    service: Service.parse(HOSTS[index % (type === 'addr' ? 2 : HOSTS.length)]!, 8_333).toCJDNSIfInRange(),
  }));
  return encodeMessage({ type, addresses }).payload;
}

/** One entry of `addrv2` with a network and an address of any length. */
function entryOf(networkId: number, byteCount: number): Uint8Array {
  const writer = new ByteWriter().compactSize(1).uint32LE(1).compactSize(1).uint8(networkId);
  return writer.varBytes(new Uint8Array(byteCount).fill(3)).uint16BE(1).finish();
}

describe.each(['addr', 'addrv2'] as const)('entries of %s', (type) => {
  it.each([0, 1, 252, 253, MAX_ADDRESSES])('are those that decoding gives, of a list of %i', (count) => {
    const payload = payloadOf(type, count);
    const entries = new AddressEntries(type, payload);
    const read = Array.from({ length: entries.count }, (_, index) => entries.at(index));
    expect(read).toEqual(decodeMessage(type, payload).addresses);
  });

  it('are counted beyond the limit', () => {
    const [, , ...entry] = Buffer.concat([Buffer.of(0), payloadOf(type, 1)]);
    const count = MAX_ADDRESSES + 1;
    const all = Buffer.concat(Array.from({ length: count }, () => Buffer.from(entry)));
    const payload = Buffer.concat([Buffer.of(0xfd, count & 0xff, count >> 8), all]);
    expect(new AddressEntries(type, payload).count).toBe(count);
    expect(() => new AddressEntries(type, payload.subarray(0, -1))).toThrow(REFUSED);
  });

  it('are refused where decoding refuses them, cut anywhere', () => {
    const payload = payloadOf(type, 4);
    for (let length = 0; length < payload.length; length++) {
      expect(() => new AddressEntries(type, payload.subarray(0, length))).toThrow(REFUSED);
    }
  });
});

it('entries of addrv2 of any network and length, and random bytes, are refused exactly where decoding refuses them', () => {
  const random = seededBytes('address entries');
  const payloads: Uint8Array[] = Array.from({ length: 2_000 }, () => Uint8Array.of(3, ...random(60)));
  for (let networkId = 0; networkId < 10; networkId++) {
    for (const byteCount of [0, 4, 10, 16, 32, 512, 513]) payloads.push(entryOf(networkId, byteCount));
  }
  for (const payload of payloads) {
    const outcomes = [() => decodeMessage('addrv2', payload).addresses.length, () => entriesOf(payload)].map(outcomeOf);
    expect(outcomes[1]).toEqual(outcomes[0]);
  }
});

const entriesOf = (payload: Uint8Array): number => new AddressEntries('addrv2', payload).count;

function outcomeOf(read: () => number): unknown {
  try {
    return read();
  } catch (error) {
    return (error as Error).message;
  }
}
