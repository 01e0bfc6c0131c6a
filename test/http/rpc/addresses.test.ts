// The address book by RPC. Cases of Bitcoin Core's rpc_net.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { NetGroups } from '../../../ts/addrman/net-groups.ts';
import { AsMap } from '../../../ts/addrman/asmap/as-map.ts';
import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { readVectorBytes } from '../../harness/data/vectors.ts';
import { NodeStage } from './node-stage.ts';

interface Known {
  readonly address: string;
  readonly port: number;
  readonly services: number;
  readonly time: number;
  readonly network: string;
}
type Table = Record<string, Record<string, unknown>>;

/** The key that Core has with -test=addrman. */
const KEY = Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 1 : 0));
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const OTHER_ONION = 'nrfj6inpyf73gpkyool35hcmne5zwfmse3jl3aw23vk7chdemalyaqad.onion';
const I2P = 'c4gfnttsuwqomiygupdqqqyy5y5emnk5c73hrfvatri67prd7vyq.b32.i2p';
const CJDNS = 'fc00:1:2:3:4:5:6:7';

/** Address, port, whether it is tried, and the place that Core has for it under that key. (test/functional/rpc_net.py) */
const PLACES: readonly (readonly [string, number, boolean, string])[] = [
  ['1.2.3.4', 8333, true, '6/33'],
  ['2.0.0.0', 8333, false, '82/8'],
  ['1233:3432:2434:2343:3234:2345:6546:4534', 8333, true, '197/34'],
  ['2803:0:1234:abcd::1', 45324, false, '613/6'],
  [CJDNS, 8333, false, '336/24'],
  [I2P, 8333, false, '963/46'],
  [ONION, 8333, true, '72/61'],
  [OTHER_ONION, 45324, true, '139/46'],
];

function networkOf(address: string): string {
  if (address === CJDNS) return 'cjdns';
  const ending = ['onion', 'i2p'].find((name) => address.endsWith(name));
  return ending ?? (address.includes(':') ? 'ipv6' : 'ipv4');
}

let node: NodeStage;
beforeEach(async () => {
  node = await NodeStage.start({ addresses: { key: KEY } });
  await node.call('setmocktime', 1_700_000_000);
});
afterEach(() => node[Symbol.asyncDispose]());

describe('addpeeraddress', () => {
  it('puts an address into a table', async () => {
    expect(await node.call('addpeeraddress', '1.2.3.4', 8333)).toEqual({ success: true });
    expect(await node.call('addpeeraddress', '1.2.3.5', 8333, true)).toEqual({ success: true });
    expect(await node.call('getaddrmaninfo')).toMatchObject({
      ipv4: { new: 1, tried: 1, total: 2 },
      ipv6: { new: 0, tried: 0, total: 0 },
      all_networks: { new: 1, tried: 1, total: 2 },
    });
  });

  it('does not put one there twice', async () => {
    await node.call('addpeeraddress', '1.2.3.4', 8333, true);
    for (const tried of [false, true]) {
      expect(await node.call('addpeeraddress', '1.2.3.4', 8333, tried)).toEqual({
        error: 'failed-adding-to-new',
        success: false,
      });
    }
    expect(await node.call('addpeeraddress', '127.0.0.1', 8333)).toEqual({
      error: 'failed-adding-to-new',
      success: false,
    });
  });

  it('leaves one in new whose place in tried is taken', async () => {
    // Two addresses with one place, under this key.
    let triedCount = 0;
    let answer: unknown;
    for (let port = 1; answer === undefined && port < 20_000; port++) {
      const result = await node.call<{ success: boolean }>('addpeeraddress', '1.2.3.4', port, true);
      if (!result.success) answer = result;
      else triedCount++;
    }
    expect(answer).toEqual({ error: 'failed-adding-to-tried', success: false });
    expect(await node.call('getaddrmaninfo')).toMatchObject({ ipv4: { new: 1, tried: triedCount } });
  }, 60_000);

  it.each([
    [['not an address', 8333], '-30: Invalid IP address'],
    [['', 8333], '-30: Invalid IP address'],
    [['1.2.3.4', -1], '-1: JSON integer out of range'],
    [['1.2.3.4', 65_536], '-1: JSON integer out of range'],
  ])('with %j fails with %s', async (params, message) => {
    await expect(node.call('addpeeraddress', ...params)).rejects.toThrow(new Error(message));
  });
});

describe('getaddrmaninfo', () => {
  it('has the networks in the order of Core', async () => {
    const info = await node.call<object>('getaddrmaninfo');
    expect(Object.keys(info)).toEqual(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns', 'all_networks']);
  });
});

describe('getrawaddrman', () => {
  it('shows each entry where Core places it under the same key', async () => {
    await using there = await NodeStage.start({
      addresses: { key: KEY },
      connman: { cjdnsReachable: true },
      node: { cjdnsReachable: true },
    });
    await there.call('setmocktime', 1_700_000_000);
    for (const [address, port, tried] of PLACES) {
      expect(await there.call('addpeeraddress', address, port, tried)).toEqual({ success: true });
    }
    const entries = (isTried: boolean): [string, unknown][] =>
      PLACES.filter(([, , tried]) => tried === isTried).map(([address, port, , place]) => {
        const network = networkOf(address);
        const time = 1_700_000_000;
        return [place, { address, port, services: 9, time, network, source: address, source_network: network }];
      });
    expect(await there.call('getrawaddrman')).toEqual({
      new: Object.fromEntries(entries(false)),
      tried: Object.fromEntries(entries(true)),
    });
    const { tried } = await there.call<{ tried: Table }>('getrawaddrman');
    expect(Object.keys(tried['6/33']!)).toEqual([
      'address',
      'port',
      'services',
      'time',
      'network',
      'source',
      'source_network',
    ]);
  });

  it('names systems where there is a map', async () => {
    const groups = new NetGroups(AsMap.parse(readVectorBytes('asmap.raw')));
    await using mapped = await NodeStage.start({ addresses: { groups } });
    await mapped.call('addpeeraddress', '250.1.1.1', 8333);
    const { new: fresh } = await mapped.call<{ new: Table }>('getrawaddrman');
    const [entry] = Object.values(fresh);
    expect([entry!['mapped_as'], entry!['source_mapped_as']]).toEqual([1000, 1000]);
  });
});

describe('getnodeaddresses', () => {
  it('gives what was asked for', async () => {
    for (let at = 0; at < 10_000; at++) {
      // Spread over groups, as nodes are.
      const [a, b] = [at % 250, Math.floor(at / 250)];
      node.addressBook.add(
        [
          {
            service: Service.parse(`${(a % 200) + 20}.${b}.${a}.${(at * 7) % 255}:8333`),
            services: 9n,
            timeSeconds: 1_700_000_000,
          },
        ],
        NetAddress.parse(`${(a % 200) + 20}.${b}.0.1`),
      );
    }
    await node.call('addpeeraddress', ONION, 8333);
    const all = await node.call<Known[]>('getnodeaddresses', 0);
    expect(all.length).toBeGreaterThan(5_000);
    expect(all.length).toBeLessThan(10_000);
    expect(await node.call<Known[]>('getnodeaddresses')).toHaveLength(1);
    expect(await node.call<Known[]>('getnodeaddresses', 500)).toHaveLength(500);
    expect(await node.call('getnodeaddresses', 0, 'ONION')).toEqual([
      { time: 1_700_000_000, services: 9, address: ONION, port: 8333, network: 'onion' },
    ]);
    expect(await node.call('getnodeaddresses', 0, 'ipv6')).toEqual([]);
  });

  it.each([
    [[-1], '-8: Address count out of range'],
    [[1, 'Foo'], '-8: Network not recognized: Foo'],
    [[1, 'not_publicly_routable'], '-8: Network not recognized: not_publicly_routable'],
    [[2 ** 31], '-1: JSON integer out of range'],
  ])('with %j fails with %s', async (params, message) => {
    await expect(node.call('getnodeaddresses', ...params)).rejects.toThrow(new Error(message));
  });
});
