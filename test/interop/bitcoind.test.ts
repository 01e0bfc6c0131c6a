// Against Bitcoin Core itself, on regtest: every way to connect, what each says of the other, where each draws the line.
//
// Needs BITCOIND to name a bitcoind. What is said on the connections is in bitcoind-relay.test.ts, what the two keep on
// disk in bitcoind-files.test.ts.

import { beforeAll, describe, expect, it } from 'vitest';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import { PROTOCOL_VERSION } from '../../ts/p2p/protocol.ts';
import { ByteWriter } from '../../ts/util/bytes/bytes.ts';
import { fromWithin } from '../connman/world.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import type { CorePeer } from '../harness/labs/bitcoind.ts';
import { FULL_NODE, eventually, nodesBeside } from '../harness/labs/regtest-node.ts';
import type { RegtestNode } from '../harness/labs/regtest-node.ts';

/** Largest payload of a message, and what V2 adds to one whose type has no short id. */
const MAX_PAYLOAD_BYTES = 4_000_000;
const LONG_FORM_OVERHEAD_BYTES = 33;

/** What a connection ends with when the other side closes it, whatever is still on its way. */
const HUNG_UP = /the peer closed the connection|receive failed|send failed/;

/** The only peer of Core, once it has answered a ping of Core's. */
async function pingedPeer(core: Bitcoind): Promise<CorePeer> {
  await eventually(async () => (await core.peers()).map(({ pingtime }) => pingtime)).toEqual([expect.any(Number)]);
  return (await core.peers())[0]!;
}

/** Whether we and Core use V2, and what comes of it. */
const BOTH_V2 = { weUseV2: true, coreUsesV2: true, transport: 'v2' };
const ONLY_WE = { weUseV2: true, coreUsesV2: false, transport: 'v1' };
const ONLY_CORE = { weUseV2: false, coreUsesV2: true, transport: 'v1' };
const OVER_V2 = { title: 'V2', ...BOTH_V2 };

describe.skipIf(bitcoindPath() === undefined)('with Bitcoin Core', { timeout: 60_000 }, () => {
  let core: Bitcoind;
  /** Speaks no V2. */
  let plainCore: Bitcoind;
  const start = nodesBeside(() => [core, plainCore]);
  const startListening = (options?: ConnmanOptions): Promise<RegtestNode> =>
    start({ bind: ['127.0.0.1:0'], ...options });

  beforeAll(async () => {
    core = await Bitcoind.start();
    plainCore = await Bitcoind.start([DIALS_NOBODY, '-v2transport=0']);
    for (let count = 1; count <= 12; count++) await core.rpc('addpeeraddress', `20.${count}.0.1`, 8_333);
  }, 120_000);

  describe('connections', () => {
    it.each([OVER_V2, { title: 'V1', ...ONLY_CORE }, { title: 'V1, after V2 came to nothing,', ...ONLY_WE }])(
      'shake hands over $title when we dial, and both tell the same of it',
      async (way) => {
        const ours = await start();
        const to = way.coreUsesV2 ? core : plainCore;
        await ours.dial(to.address, way.weUseV2);
        await expectAgreement(ours, to, way.transport, 'manual');
      },
    );

    it.each([OVER_V2, { title: 'V1', ...ONLY_WE }, { title: 'V1, after V2 came to nothing,', ...ONLY_CORE }])(
      'shake hands over $title when Core dials, and both tell the same of it',
      async (way) => {
        const ours = await startListening({ v2Transport: way.weUseV2 });
        const from = way.coreUsesV2 ? core : plainCore;
        const ready = ours.next('peerReady');
        await from.rpc('addnode', ours.address, 'onetry');
        await ready;
        await expectAgreement(ours, from, way.transport, 'inbound');
      },
    );

    /** Both entries of `getpeerinfo` name the same connection. */
    async function expectAgreement(ours: RegtestNode, other: Bitcoind, transport: string, type: string): Promise<void> {
      const theirs = await pingedPeer(other);
      await eventually(() => ours.connman.getPeerStats()[0]?.pingtime).toBeGreaterThan(0);
      const [seen] = ours.connman.getPeerStats();
      const network = await other.rpc<Record<string, string | number>>('getnetworkinfo');
      expect(seen).toMatchObject({
        connection_type: type,
        transport_protocol_type: transport,
        version: network['protocolversion'],
        subver: network['subversion'],
        services: network['localservices'],
        addr_relay_enabled: true,
        timeoffset: expect.toSatisfy((seconds: number) => Math.abs(seconds) <= 1),
      });
      expect(theirs).toMatchObject({
        inbound: type !== 'inbound',
        transport_protocol_type: transport,
        session_id: seen!.session_id,
        version: PROTOCOL_VERSION,
        subver: ours.connman.userAgent,
        services: ours.connman.localServices.toString(16).padStart(16, '0'),
        relaytxes: true,
        timeoffset: expect.toSatisfy((seconds: number) => Math.abs(seconds) <= 1),
        addr_relay_enabled: true,
      });
      expect(seen!.session_id).toMatch(transport === 'v2' ? /^[0-9a-f]{64}$/ : /^$/);
      expect(theirs.minping).toBeGreaterThan(0);
      // What one sent of a type the other received. Pings go on, so that only what is said once is compared.
      const once = ['version', 'verack', 'wtxidrelay', 'sendaddrv2', 'getaddr'];
      const pick = (bytes: Record<string, number>): unknown => once.map((name) => bytes[name] ?? 0);
      expect(pick(theirs.bytesrecv_per_msg)).toEqual(pick(seen!.bytessent_per_msg));
      expect(pick(theirs.bytessent_per_msg)).toEqual(pick(seen!.bytesrecv_per_msg));
    }

    it.each([
      ['outbound-full-relay', true, true],
      ['block-relay-only', false, false],
    ] as const)('as %s, dialed by Core, stay', async (type, relaysTxs, relaysAddresses) => {
      const ours = await startListening();
      const versions = ours.next('message:version');
      await core.rpc('addconnection', ours.address, type, true);
      expect((await versions).message.relay).toBe(relaysTxs);
      expect(await pingedPeer(core)).toMatchObject({ connection_type: type, addr_relay_enabled: relaysAddresses });
      expect(ours.connman.getPeerStats()).toMatchObject([
        { relaytxes: relaysTxs, addr_relay_enabled: relaysAddresses },
      ]);
    });

    it('as a feeler, dialed by Core, end once Core knows that we answer', async () => {
      const ours = await startListening();
      await core.rpc('addconnection', ours.address, 'feeler', true);
      await core.logs(/feeler connection completed/);
      await eventually(() => ours.closed).toEqual([expect.stringMatching(HUNG_UP)]);
    });

    it.each([
      ['outbound-full-relay', true],
      ['block-relay-only', false],
    ] as const)('as %s, dialed by us, stay', async (type, relays) => {
      const ours = await start();
      expect(await ours.connman.addConnection(core.address, type)).toBe('connected');
      expect(await pingedPeer(core)).toMatchObject({ inbound: true, relaytxes: relays, addr_relay_enabled: relays });
      expect(ours.connman.getPeerStats()).toMatchObject([{ connection_type: type }]);
    });

    it('as a feeler, dialed by us, end once Core answers', async () => {
      const ours = await start();
      expect(await ours.connman.addConnection(core.address, 'feeler')).toBe('connected');
      await eventually(() => ours.closed).toEqual(['feeler connection completed']);
    });

    it('for addresses, dialed by us, end once Core told some', async () => {
      const ours = await start();
      expect(await ours.connman.addConnection(core.address, 'addr-fetch')).toBe('connected');
      await eventually(() => ours.closed).toEqual(['addr-fetch: it answered']);
      expect(ours.addressBook.size()).toBeGreaterThan(0);
    });
  });

  describe('limits', () => {
    const tooMany = Array.from({ length: 1_001 }, (_, at) => ({
      timeSeconds: 1_700_000_000,
      services: FULL_NODE,
      service: Service.parse(`9.${at >> 8}.${at & 255}.1:8333`),
    }));
    const address = encodeMessage({ type: 'addrv2', addresses: tooMany.slice(0, 1) }).payload.subarray(1);
    const addressFlood = new ByteWriter().compactSize(tooMany.length);
    for (let count = 0; count < tooMany.length; count++) addressFlood.bytes(address);
    const inventoryFlood = new ByteWriter().compactSize(50_001).bytes(new Uint8Array(50_001 * 36).fill(1));

    const offences = [
      { title: '1,001 addresses', type: 'addrv2', payload: addressFlood.finish(), isMisbehaviour: true },
      { title: '50,001 inventory items', type: 'inv', payload: inventoryFlood.finish(), isMisbehaviour: true },
      { title: 'a late wtxidrelay', type: 'wtxidrelay', payload: new Uint8Array(0), isMisbehaviour: false },
      { title: 'a late sendaddrv2', type: 'sendaddrv2', payload: new Uint8Array(0), isMisbehaviour: false },
    ];
    // Our own transport refuses to send so much.
    const tooLong = { type: 'nonsense', payload: new Uint8Array(MAX_PAYLOAD_BYTES + 1) };
    const ofCore = [...offences, { title: '4,000,001 bytes', ...tooLong, isMisbehaviour: false }];

    it.each(ofCore)('end the connection when Core sends $title', async ({ type, payload, isMisbehaviour }) => {
      const ours = await startListening();
      const ready = ours.next('peerReady');
      await core.rpc('addconnection', ours.address, 'outbound-full-relay', true);
      await ready;
      const { id } = await pingedPeer(core);
      await core.rpc('sendmsgtopeer', id, type, Buffer.from(payload).toString('hex'));
      await eventually(() => ours.closed).toHaveLength(1);
      expect(ours.misbehaviour).toHaveLength(isMisbehaviour ? 1 : 0);
    });

    it.each(offences)('end the connection when we send $title: Core draws the same line', async ({ type, payload }) => {
      const ours = await start();
      const nodeId = await ours.dial(core.address, true);
      await pingedPeer(core);
      ours.peers.network.pushMessage(fromWithin(ours.connman.node(nodeId)!), type, payload);
      await eventually(() => ours.closed).toEqual([expect.stringMatching(HUNG_UP)]);
    });

    it('let unknown messages of four megabytes pass, both ways', async () => {
      const ours = await start();
      const nodeId = await ours.dial(core.address, true);
      const { id } = await pingedPeer(core);
      const payload = Buffer.alloc(MAX_PAYLOAD_BYTES, 7);
      ours.peers.network.pushMessage(fromWithin(ours.connman.node(nodeId)!), 'nonsense', payload);
      const rawBytes = MAX_PAYLOAD_BYTES + LONG_FORM_OVERHEAD_BYTES;
      await eventually(async () => (await core.peers())[0]?.bytesrecv_per_msg['*other*']).toBe(rawBytes);
      const arrived = ours.next('message:unknown');
      await core.rpc('sendmsgtopeer', id, 'nonsense', payload.toString('hex'));
      const { message } = await arrived;
      expect(message.messageType).toBe('nonsense');
      expect(payload.equals(message.payload)).toBe(true);
      expect(ours.connman.getPeerStats()[0]!.bytesrecv_per_msg['*other*']).toBe(rawBytes);
    });
  });
});
