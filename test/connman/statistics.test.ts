import { afterEach, describe, expect, it } from 'vitest';

import type { Clock } from '../../ts/util/time/clock.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { bookOf } from './dialers.ts';
import { World, onlyNode } from './world.ts';

const PLACE = '10.0.0.1:18444';

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

describe('peer statistics', () => {
  it('have every field of getpeerinfo', async () => {
    const { connman } = await world.node({ bind: [PLACE], whitelist: ['addr,mempool@10.1.0.0/16'] });
    const peer = world.connect(PLACE, '10.1.0.1:5000');
    peer.greet();
    await world.settle();
    const [stats] = connman.getPeerStats();
    const nowSeconds = Math.floor(world.net.clock.wallTimeMs() / 1_000);
    expect(stats).toEqual({
      id: 0,
      addr: '10.1.0.1:5000',
      addrbind: PLACE,
      network: 'not_publicly_routable',
      services: '0000000000000009',
      servicesnames: ['NETWORK', 'WITNESS'],
      relaytxes: false,
      last_inv_sequence: 0,
      inv_to_send: 0,
      lastsend: nowSeconds,
      lastrecv: nowSeconds,
      last_transaction: 0,
      last_block: 0,
      bytessent: onlyNode(connman).sentBytes,
      bytesrecv: onlyNode(connman).receivedBytes,
      conntime: nowSeconds,
      timeoffset: 0,
      version: 70_016,
      subver: '/wire:1.0/',
      inbound: true,
      bip152_hb_to: false,
      bip152_hb_from: false,
      presynced_headers: -1,
      synced_headers: -1,
      synced_blocks: -1,
      inflight: [],
      addr_relay_enabled: false,
      addr_processed: 0,
      addr_rate_limited: 0,
      permissions: ['mempool', 'addr'],
      minfeefilter: 0,
      bytessent_per_msg: { version: 24 + 101, verack: 24 },
      bytesrecv_per_msg: { version: 24 + 96, verack: 24 },
      connection_type: 'inbound',
      transport_protocol_type: 'v1',
      session_id: '',
    });
  });

  it('show what is known only later when it is known', async () => {
    const { connman, greeter } = await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    const node = onlyNode(connman);
    node.lastPingTimeMs = 29_000;
    node.minPingTimeMs = 9_500;
    node.setAddrLocal(node.addrBind!);
    const state = greeter.getNodeStateStats(0)!;
    greeter.getNodeStateStats = () => ({ ...state, pingWaitMs: 250, minFeeFilterSatPerKvB: 1_000 });
    expect(connman.getPeerStats()[0]).toMatchObject({
      pingtime: 29,
      minping: 9.5,
      pingwait: 0.25,
      addrlocal: PLACE,
      minfeefilter: 0.000_01,
    });
  });

  it('show round trips to the microsecond, and none that took no time', async () => {
    const { connman, greeter } = await world.node({ bind: [PLACE] });
    world.connect(PLACE).greet();
    await world.settle();
    const node = onlyNode(connman);
    [node.lastPingTimeMs, node.minPingTimeMs] = [0.2504, 0.000_1];
    expect(connman.getPeerStats()[0]).toMatchObject({ pingtime: 0.000_25, minping: 0 });
    node.lastPingTimeMs = 0.000_1;
    const state = greeter.getNodeStateStats(0)!;
    greeter.getNodeStateStats = () => ({ ...state, pingWaitMs: 0 });
    const [stats] = connman.getPeerStats();
    expect([stats!.pingtime, stats!.pingwait]).toEqual([undefined, undefined]);
  });

  it('say "detecting" before the transport is certain, and show the session of both ends after', async () => {
    const server = await world.node({ bind: [PLACE] });
    world.connect(PLACE);
    await world.settle();
    expect(server.connman.getPeerStats()[0]).toMatchObject({ transport_protocol_type: 'detecting', session_id: '' });
    const client = await world.node();
    void client.connman.connectTo(PLACE);
    await world.pass(500, 50);
    const [theirs, ours] = [server.connman.getPeerStats()[1]!, client.connman.getPeerStats()[0]!];
    expect(ours.transport_protocol_type).toBe('v2');
    expect(ours.session_id).toMatch(/^[0-9a-f]{64}$/);
    expect(theirs.session_id).toBe(ours.session_id);
    expect([ours.connection_type, ours.addr]).toEqual(['manual', PLACE]);
  });

  it('tell the time in whole milliseconds', async () => {
    const { clock } = world.net;
    const fine: Clock = {
      now: () => clock.now(),
      wallTimeMs: () => 1_700_000_000_000.75,
      after: (delayMs, callback) => clock.after(delayMs, callback),
      soon: (callback) => clock.soon(callback),
    };
    const { connman } = await world.node({ clock: fine });
    expect(connman.getNetTotals().timemillis).toBe(1_700_000_000_000);
  });

  it('leave out a peer that the message processor does not know', async () => {
    const { connman, greeter } = await world.node({ bind: [PLACE] });
    world.connect(PLACE);
    await world.settle();
    greeter.services.clear();
    expect(connman.getPeerStats()).toEqual([]);
  });

  it('list the types of messages by name', async () => {
    const { connman } = await world.node({ bind: [PLACE] });
    world.connect(PLACE).greet();
    await world.settle();
    const [stats] = connman.getPeerStats();
    for (const bytes of [stats!.bytessent_per_msg, stats!.bytesrecv_per_msg]) {
      expect(Object.keys(bytes)).toEqual(['verack', 'version']);
    }
  });

  it('agree between two nodes on the bytes of each message type', async () => {
    const server = await world.node({ bind: [PLACE] });
    const client = await world.node();
    void client.connman.connectTo(PLACE);
    await world.pass(500, 50);
    const [theirs, ours] = [server.connman.getPeerStats()[0]!, client.connman.getPeerStats()[0]!];
    expect(ours.bytessent_per_msg).toEqual(theirs.bytesrecv_per_msg);
    expect(ours.bytesrecv_per_msg).toEqual(theirs.bytessent_per_msg);
    expect([ours.bytessent, ours.bytesrecv]).toEqual([theirs.bytesrecv, theirs.bytessent]);
  });
});

describe('traffic totals', () => {
  it('show the upload target and what is left of it', async () => {
    const { connman } = await world.node({ bind: [PLACE], maxUploadTarget: '700M' });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    const { totalbytessent, uploadtarget } = connman.getNetTotals();
    expect(totalbytessent).toBeGreaterThan(0);
    expect(uploadtarget).toEqual({
      timeframe: 86_400,
      target: 700 * 2 ** 20,
      target_reached: false,
      serve_historical_blocks: true,
      bytes_left_in_cycle: 700 * 2 ** 20 - totalbytessent,
      time_left_in_cycle: 86_400,
    });
    expect(connman.outboundTargetReached(true)).toBe(false);
  });

  it('are no target without one', async () => {
    const { connman } = await world.node();
    expect(connman.getNetTotals().uploadtarget).toMatchObject({ target: 0, target_reached: false });
    expect(connman.outboundTargetReached()).toBe(false);
  });
});

describe('network information', () => {
  it('shows what we are, who is there, and how each network is reached', async () => {
    const options = { bind: [PLACE], onion: '127.0.0.1:9050', onlyNet: ['ipv4', 'onion'], externalIp: ['93.1.2.3'] };
    const { connman } = await world.node(options);
    world.connect(PLACE);
    await world.settle();
    const info = connman.getNetworkInfo();
    expect(info).toMatchObject({
      subversion: connman.userAgent,
      protocolversion: 70_017,
      localservices: '0000000000000800',
      localservicesnames: ['P2P_V2'],
      networkactive: true,
      connections: 1,
      connections_in: 1,
      connections_out: 0,
      localaddresses: [{ address: '93.1.2.3', port: 18_444, score: 4 }],
      relayfee: 0.000_001,
      // What the message processor of these tests says.
      localrelay: true,
      timeoffset: 3,
      warnings: ['look here'],
    });
    const onion = { proxy: '127.0.0.1:9050', proxy_randomize_credentials: true, limited: false, reachable: true };
    expect(info.networks.map(({ name }) => name)).toEqual(['ipv4', 'ipv6', 'onion', 'i2p', 'cjdns']);
    expect(info.networks[2]).toEqual({ name: 'onion', ...onion });
    expect(info.networks[1]).toMatchObject({ limited: true, reachable: false, proxy: '' });
  });

  it('tells the lowest fee rate that the message processor relays', async () => {
    const { connman, greeter } = await world.node();
    const state = greeter.getNetworkStateStats();
    greeter.getNetworkStateStats = () => ({ ...state, minRelayFeeRateSatPerKvB: 12_345 });
    expect(connman.getNetworkInfo().relayfee).toBe(0.000_123_45);
    expect(new PeerManager({ minRelayFeeRate: 12_345n }).getNetworkStateStats().minRelayFeeRateSatPerKvB).toBe(12_345);
  });

  it('is there once the node is started', () => {
    const { connman } = world.make();
    expect(() => connman.getNetworkInfo()).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });
});

describe('addresses of nodes', () => {
  it('are those of the book that nobody banned, as many as are wanted, of the network that is wanted', async () => {
    const banned = '93.0.0.1';
    const addressBook = bookOf(world, [`${banned}:8333`, '94.0.0.1:8333', '[2a00::1]:8333']);
    const banMan = { isBanned: (address: unknown) => String(address) === banned, isDiscouraged: () => false };
    const { connman } = await world.node({ addressBook, banMan, noConnect: true });
    const of = (...wanted: Parameters<typeof connman.getNodeAddresses>): string[] =>
      connman.getNodeAddresses(...wanted).map(({ service }) => String(service));
    expect(of().toSorted()).toEqual(['94.0.0.1:8333', '[2a00::1]:8333']);
    expect(of(0, 'ipv6')).toEqual(['[2a00::1]:8333']);
    expect(of(1, 'ipv6')).toHaveLength(1);
    expect((await world.node()).connman.getNodeAddresses()).toEqual([]);
  });
});
