// Against Bitcoin Core itself, on regtest: addresses and blocks, in both directions.
//
// Needs BITCOIND to name a bitcoind.

import { beforeAll, describe, expect, it } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { hashFromHex, hashToHex } from '../../ts/p2p/hash.ts';
import { blockHash } from '../../ts/p2p/messages/block-header.ts';
import { InventoryType } from '../../ts/p2p/messages/inventory.ts';
import { decodeMessage } from '../../ts/p2p/messages/registry.ts';
import { ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import type { CorePeer } from '../harness/labs/bitcoind.ts';
import { FULL_NODE, eventually, nodesBeside } from '../harness/labs/regtest-node.ts';
import type { RegtestNode } from '../harness/labs/regtest-node.ts';

/** What Core says where it is, and how many others it knows. */
const CORE_PLACE = '1.2.3.4:18444';
const CORE_ADDRESSES = 60;
/** Most of what a node knows that it tells one peer, in percent. */
const MAX_PERCENT_TO_SEND = 23;

/** From any 32 bytes: nobody is there. */
const ONION_HOSTS = [1, 2].map((byte) => new NetAddress('onion', new Uint8Array(32).fill(byte)).toString());
const I2P_HOSTS = [1, 2].map((byte) => new NetAddress('i2p', new Uint8Array(32).fill(byte)).toString());

/** Any witness spends an output to a witness version without rules: room for a block of almost four megabytes. */
const FREE_FOR_ALL = `raw(5220${'01'.repeat(32)})`;
const BIG_WITNESS_BYTES = 3_998_000;
const COINBASE_MATURITY = 100;

describe.skipIf(bitcoindPath() === undefined)('with Bitcoin Core', { timeout: 60_000 }, () => {
  let core: Bitcoind;
  /** Speaks no V2; takes any number of addresses, on every network. */
  let plainCore: Bitcoind;
  const start = nodesBeside(() => [core, plainCore]);

  beforeAll(async () => {
    core = await Bitcoind.start([DIALS_NOBODY, `-externalip=${CORE_PLACE}`]);
    const reachAll = ['-cjdnsreachable', '-onion=127.0.0.1:1', '-i2psam=127.0.0.1:1', '-i2pacceptincoming=0'];
    plainCore = await Bitcoind.start([DIALS_NOBODY, '-v2transport=0', '-whitelist=addr@127.0.0.1', ...reachAll]);
    for (let count = 0; count < CORE_ADDRESSES; count++) {
      await core.rpc('addpeeraddress', `${20 + count}.${count}.0.1`, 8_333);
    }
    // A node that is still catching up neither announces itself nor blocks.
    await core.mine(1);
  }, 120_000);

  describe('addresses', () => {
    it('come from Core: itself alone, then its share of those it knows', async () => {
      const ours = await start();
      const counts: number[] = [];
      ours.peers.on('message:addrv2', ({ message }) => counts.push(message.addresses.length));
      await ours.dial(core.address, true);
      const share = Math.floor((CORE_ADDRESSES * MAX_PERCENT_TO_SEND) / 100);
      await eventually(() => counts).toEqual([1, share]);
      const itself = ours.addressBook.getEntry(Service.parse(CORE_PLACE));
      expect(itself?.services.toString(16).padStart(16, '0')).toBe(ours.connman.getPeerStats()[0]!.services);
      expect(ours.connman.getPeerStats()).toMatchObject([{ addr_processed: 1 + share, addr_rate_limited: 0 }]);
      expect(ours.addressBook.size()).toBeGreaterThan(share / 2);
    });

    it('reach Core: ourselves at once, others as far as its rate limit goes', async () => {
      const ours = await start({ bind: ['127.0.0.1:0'], externalIp: ['8.8.4.4:18555'] });
      const nodeId = await ours.dial(core.address, true);
      await eventually(() => knownTo(core)).toContain('8.8.4.4:18555');
      expect(await core.peers()).toMatchObject([{ addr_processed: 1, addr_rate_limited: 0, addr_relay_enabled: true }]);
      const others = ['9.1.0.1:8333', '9.2.0.1:8333', '9.3.0.1:8333'];
      expect(ours.peers.send(nodeId, { type: 'addrv2', addresses: others.map(toAddress) })).toBe(true);
      const counted = ({ addr_processed, addr_rate_limited }: CorePeer): number => addr_processed + addr_rate_limited;
      await eventually(async () => (await core.peers()).map(counted)).toEqual([1 + others.length]);
      // One address each ten seconds: on a slow machine one more may have been earned.
      expect((await core.peers())[0]!.addr_rate_limited).toBeGreaterThanOrEqual(others.length - 1);
    });

    it('reach Core from every network', async () => {
      const ours = await start();
      const nodeId = await ours.dial(plainCore.address, false);
      // Two of each: one may find its place in Core's table taken.
      const places = [
        ...['9.9.9.9:8333', '9.10.9.9:8333'],
        ...['[2a00:1450:4001::1]:8333', '[2a01:1450:4001::1]:8333'],
        ...ONION_HOSTS.map((host) => `${host}:8333`),
        ...I2P_HOSTS.map((host) => `${host}:0`),
        ...['[fc00:1:2:3:4:5:6:7]:8333', '[fc01:1:2:3:4:5:6:7]:8333'],
      ];
      const addresses = places.map(toAddress);
      expect(ours.peers.send(nodeId, { type: 'addrv2', addresses })).toBe(true);
      await eventually(async () => (await plainCore.peers()).map((peer) => peer.addr_processed)).toEqual([10]);
      const known = await plainCore.rpc<{ network: string }[]>('getnodeaddresses', 0);
      expect(new Set(known.map(({ network }) => network))).toEqual(new Set(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']));
      expect(places).toEqual(expect.arrayContaining(await knownTo(plainCore)));
    });

    const toAddress = (place: string) => ({
      timeSeconds: Math.floor(Date.now() / 1_000),
      services: FULL_NODE,
      service: Service.parse(place).toCJDNSIfInRange(),
    });

    async function knownTo(node: Bitcoind): Promise<string[]> {
      const known = await node.rpc<{ address: string; port: number }[]>('getnodeaddresses', 0);
      return known.map(({ address, port }) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`));
    }
  });

  describe('blocks', () => {
    it('are announced as Core mines them, first as inv, as headers once we asked for it, and come whole', async () => {
      const ours = await start();
      const nodeId = await ours.dial(core.address, true);
      const announced = ours.next('message:inv');
      const [first] = await core.mine(1);
      const { items } = (await announced).message;
      expect(items.map(({ type, hash }) => [type, hashToHex(hash)])).toEqual([[InventoryType.BLOCK, first]]);
      expect(await fetchBlock(ours, nodeId, first!)).toBe(await core.rpc('getblock', first, 0));

      // Headers come to peers that Core knows to have the block before.
      const headers = ours.next('message:headers');
      const genesis = await core.rpc<string>('getblockhash', 0);
      expect(ours.peers.requestHeaders(nodeId, [hashFromHex(genesis)])).toBe(true);
      const chain = (await headers).message.headers.map((header) => hashToHex(blockHash(header)));
      expect(chain).toHaveLength(await core.rpc('getblockcount'));
      expect(chain.at(-1)).toBe(first);
      expect(ours.peers.send(nodeId, { type: 'sendheaders' })).toBe(true);
      const directly = ours.next('message:headers');
      const [second] = await core.mine(1);
      expect((await directly).message.headers.map((header) => hashToHex(blockHash(header)))).toEqual([second]);
    });

    it('of almost four megabytes go both ways', async () => {
      const [spendable] = await core.mine(1, FREE_FOR_ALL);
      await core.mine(COINBASE_MATURITY);
      const { tx } = await core.rpc<{ tx: [string] }>('getblock', spendable);
      const spend = spendWithAnything(tx[0], BIG_WITNESS_BYTES);
      const { hash, hex } = await core.rpc<{ hash: string; hex: string }>('generateblock', 'raw(51)', [spend], false);
      const block = Buffer.from(hex, 'hex');
      expect(block.length).toBeGreaterThan(BIG_WITNESS_BYTES);

      const ours = await start();
      const nodeId = await ours.dial(core.address, true);
      expect(ours.peers.send(nodeId, decodeMessage('block', block))).toBe(true);
      await eventually(() => core.rpc('getbestblockhash')).toBe(hash);
      // Not by toBe: the difference of two texts of eight megabytes would be looked for at length.
      expect((await fetchBlock(ours, nodeId, hash)) === hex).toBe(true);
    });

    async function fetchBlock(ours: RegtestNode, nodeId: number, hash: string): Promise<string> {
      const fetched = ours.next('message:block');
      const items = [{ type: InventoryType.WITNESS_BLOCK, hash: hashFromHex(hash) }];
      expect(ours.peers.send(nodeId, { type: 'getdata', items })).toBe(true);
      const { payload, message } = await fetched;
      expect(hashToHex(blockHash(message.header))).toBe(hash);
      return Buffer.from(payload).toString('hex');
    }

    /** A transaction, in hex, that spends the first output of another with a witness of one long element. */
    function spendWithAnything(txid: string, witnessBytes: number): string {
      const writer = new ByteWriter().uint32LE(2).uint8(0).uint8(1);
      writer.compactSize(1).bytes(hashFromHex(txid)).uint32LE(0).compactSize(0).uint32LE(0xffff_ffff);
      writer.compactSize(1).int64LE(1_000n).varBytes(Uint8Array.of(0x51));
      writer.compactSize(1).varBytes(new Uint8Array(witnessBytes)).uint32LE(0);
      return Buffer.from(writer.finish()).toString('hex');
    }
  });
});
