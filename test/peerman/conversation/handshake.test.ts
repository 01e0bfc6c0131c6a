import { describe, expect, it } from 'vitest';

import type { ConnectionType } from '../../../ts/connman/node/connection-types.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { PeerLab, versionMessage } from '../../harness/peers/peer-lab.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

const MAIN_VECTOR =
  '81110100090800000000000000f1536500000000090000000000000000000000000000000000ffff01020304208d' +
  '0908000000000000000000000000000000000000000000000000' +
  '08070605040302010f2f736f636b6d616e3a302e312e302f0000000001';
const ANONYMOUS_VECTOR =
  '80110100' + '00'.repeat(68) + '0807060504030201' + '0e2f70796e6f64653a302e302e312f' + '00'.repeat(5);
const NONCE = 0x0102030405060708n;

describe('our version', () => {
  it('is the vector, byte for byte', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: false });
    lab.manager.setBestBlock(0, 0);
    const peer = lab.connect({
      type: 'outbound-full-relay',
      address: '1.2.3.4:8333',
      addrServices: 9n,
      ourServices: 0x809n,
      nonce: NONCE,
    });
    lab.settle();
    expect(peer.received.map(({ raw }) => toHex(raw))).toEqual([MAIN_VECTOR]);
  });

  it('of a private broadcast tells nothing', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: false });
    lab.manager.setBestBlock(800_000, 1_700_000_000);
    const peer = lab.connect({ type: 'private-broadcast', addrServices: 9n, ourServices: 0x809n, nonce: NONCE });
    lab.settle();
    expect(peer.received.map(({ raw }) => toHex(raw))).toEqual([ANONYMOUS_VECTOR]);
  });

  it.each([
    ['not routable', '10.0.0.1:8333'],
    ['an onion address', 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:8333'],
    ['one of our proxies', '9.9.9.9:9050'],
  ])('leaves out an address that is %s', (_what, address) => {
    const lab = new PeerLab();
    lab.proxies.add('9.9.9.9');
    const peer = lab.connect({ type: 'manual', address });
    lab.settle();
    expect(toHex(peer.got('version')[0]!.raw.subarray(28, 46))).toBe('00'.repeat(18));
  });

  const wants: [ConnectionType, boolean, boolean][] = [
    ['inbound', false, true],
    ['outbound-full-relay', false, true],
    ['manual', false, true],
    ['addr-fetch', false, true],
    ['block-relay-only', false, false],
    ['feeler', false, false],
    ['outbound-full-relay', true, false],
  ];
  it.each(wants)('on a connection of type %s, blocks-only %s, has the relay flag %s', (type, blocksOnly, relay) => {
    const lab = new PeerLab({ ignoreIncomingTxs: blocksOnly });
    const peer = lab.connect({ type });
    if (type === 'inbound') peer.sendVersion();
    lab.settle();
    expect(peer.got('version')[0]!.relay).toBe(relay);
  });

  it('asks a peer with the relay permission for transactions even when blocks-only', () => {
    const lab = new PeerLab({ ignoreIncomingTxs: true });
    const peer = lab.connect({ permissions: ['relay'] }).sendVersion();
    lab.settle();
    expect(peer.got('version')[0]!.relay).toBe(true);
  });
});

describe("the peer's version", () => {
  const whole = encodeMessage({ ...versionMessage(1_700_000_000), userAgent: '/sockman:0.1.0/' }).payload;

  function offer(payload: Uint8Array): boolean {
    const lab = new PeerLab();
    const peer = lab.connect().sendRaw('version', payload);
    lab.settle();
    expect(peer.isGone).toBe(false);
    const isTaken = peer.types.includes('version');
    expect(peer.types).toEqual(isTaken ? ['version', 'wtxidrelay', 'sendaddrv2', 'verack'] : []);
    return isTaken;
  }

  it('may end where its optional fields begin, and nowhere else', () => {
    expect(whole.length).toBe(101);
    const taken = Array.from({ length: 102 }, (_, length) => length).filter((length) =>
      offer(whole.subarray(0, length)),
    );
    expect(taken).toEqual([46, 80, 96, 100, 101]);
  });

  it('that ends early has defaults', () => {
    const lab = new PeerLab();
    const peer = lab.connect().sendRaw('version', whole.subarray(0, 46));
    lab.settle();
    expect(peer.node.relaysTxs).toBe(true);
    expect(peer.node.cleanSubVer).toBe('');
  });

  it('may have a user agent of 256 bytes, not of 257, and bytes behind it all', () => {
    const agent = (length: number): Uint8Array =>
      Buffer.concat([whole.subarray(0, 80), fromHex(length === 256 ? 'fd0001' : 'fd0101'), Buffer.alloc(length, 'a')]);
    expect(offer(agent(256))).toBe(true);
    expect(offer(agent(257))).toBe(false);
    expect(offer(Buffer.concat([whole, Buffer.alloc(10)]))).toBe(true);
  });

  it('has a relay byte that counts as true when it is not 0, and no negative time', () => {
    const payload = Uint8Array.from(whole);
    payload[100] = 2;
    payload.fill(0xff, 12, 20);
    const lab = new PeerLab();
    const peer = lab.connect().sendRaw('version', payload);
    lab.settle();
    expect(peer.node.relaysTxs).toBe(true);
    expect(peer.stats.timeOffsetSeconds).toBe(-1_700_000_000);
  });

  it('has a user agent of safe characters, whatever was sent', () => {
    const lab = new PeerLab();
    const evil = Buffer.concat([whole.subarray(0, 80), Buffer.from('\u000e/a"b\'<c>\n\x7f(d)/', 'latin1')]);
    const peer = lab.connect().sendRaw('version', evil);
    lab.settle();
    expect(peer.node.cleanSubVer).toBe('/abc(d)/');
  });

  it('is taken once', () => {
    const lab = new PeerLab();
    const peer = lab.connectReady();
    const before = peer.take().length;
    expect(before).toBeGreaterThan(0);
    peer.sendVersion({ services: 0n, userAgent: '/other/' });
    lab.settle();
    expect(peer.node.cleanSubVer).toBe('/lab:1.0/');
    expect(peer.stats.services).toBe(9n);
    expect(peer.types).toEqual([]);
  });

  it('that does not decode may be followed by one that does', () => {
    const lab = new PeerLab();
    const peer = lab.connect().sendRaw('version', whole.subarray(0, 47)).sendVersion();
    lab.settle();
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
  });

  it('ends the connection below 31800', () => {
    const lab = new PeerLab();
    const old = lab.connect().sendVersion({ protocolVersion: 31_799 });
    const oldest = lab.connect().sendVersion({ protocolVersion: 31_800 });
    lab.settle();
    expect(old.isGone).toBe(true);
    expect(old.types).toEqual([]);
    expect(oldest.types).toEqual(['version', 'verack']);
  });

  it('with a nonce of our own is from ourselves', () => {
    const lab = new PeerLab();
    lab.ownNonces.add(77n);
    const inbound = lab.connect().sendVersion();
    const outbound = lab.connect({ type: 'manual' }).sendVersion();
    lab.settle();
    expect(inbound.node.disconnectReason).toBe('connected to self');
    expect(inbound.types).toEqual([]);
    expect(outbound.isGone).toBe(false);
  });

  it('tells us our address: believed of inbound peers, if routable', () => {
    const lab = new PeerLab();
    const seeing = (address: string) => ({ receiver: { services: 0n, service: Service.parse(address) } });
    const inbound = lab.connect().sendVersion(seeing('8.8.8.8:1000'));
    lab.connect().sendVersion(seeing('10.0.0.1:1000'));
    lab.connect({ type: 'manual' }).sendVersion(seeing('8.8.4.4:1000'));
    lab.settle();
    expect(lab.seen).toEqual(['8.8.8.8:1000']);
    expect(inbound.node.addrLocal?.toString()).toBe('8.8.8.8:1000');
  });
});

describe('the order of the handshake', () => {
  it('lets an inbound peer speak first', () => {
    const lab = new PeerLab();
    const peer = lab.connect();
    lab.pass(1_000);
    expect(peer.types).toEqual([]);
    peer.sendVersion();
    lab.settle();
    expect(peer.take().map(({ type }) => type)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
    lab.pass(30_000);
    expect(peer.types).toEqual([]);
    peer.send({ type: 'verack' });
    lab.settle();
    expect(peer.types).toEqual(['ping']);
  });

  it('answers an outbound peer that speaks first behind our version', () => {
    const lab = new PeerLab();
    const peer = lab.connect({ type: 'manual' }).shakeHands();
    lab.settle();
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'ping']);
  });

  it.each<[ConnectionType, readonly string[]]>([
    ['outbound-full-relay', ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr']],
    ['manual', ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr']],
    ['addr-fetch', ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr']],
    ['block-relay-only', ['version', 'wtxidrelay', 'sendaddrv2', 'verack']],
    ['feeler', ['version', 'wtxidrelay', 'sendaddrv2', 'verack']],
    ['private-broadcast', ['version', 'verack']],
    ['inbound', ['version', 'wtxidrelay', 'sendaddrv2', 'verack']],
  ])('is, on a connection of type %s, %s', (type, expected) => {
    const lab = new PeerLab();
    const peer = lab.connect({ type }).sendVersion();
    lab.settle();
    expect(peer.types).toEqual(expected);
    expect(peer.isGone).toBe(type === 'feeler');
  });

  it.each([
    [31_800, ['version', 'verack', 'getaddr', 'ping']],
    [60_000, ['version', 'verack', 'getaddr', 'ping']],
    [60_001, ['version', 'verack', 'getaddr', 'ping']],
    [70_011, ['version', 'verack', 'getaddr', 'ping']],
    [70_012, ['version', 'verack', 'getaddr', 'ping']],
    [70_013, ['version', 'verack', 'getaddr', 'ping', 'feefilter']],
    [70_014, ['version', 'verack', 'getaddr', 'sendcmpct', 'ping', 'feefilter']],
    [70_015, ['version', 'verack', 'getaddr', 'sendcmpct', 'ping', 'feefilter']],
    [70_016, ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'sendcmpct', 'ping', 'feefilter']],
    [70_017, ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'sendcmpct', 'ping', 'feefilter']],
    [80_000, ['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'sendcmpct', 'ping', 'feefilter']],
  ])('with a peer of version %i is %s', (protocolVersion, expected) => {
    const hooks = { onTx() {}, onChainMessage() {}, minFeeRate: () => 1_000n };
    const lab = new PeerLab({ hooks });
    const peer = lab.connectReady({ type: 'outbound-full-relay', version: { protocolVersion } });
    expect(peer.types).toEqual(expected);
    expect(peer.node.commonVersion).toBe(Math.min(protocolVersion, 70_017));
    expect(peer.got('ping')[0]!.nonce === undefined).toBe(protocolVersion <= 60_000);
  });

  it('announces ourselves to an outbound peer right after its verack and the ping', () => {
    const lab = new PeerLab();
    lab.isListening = true;
    lab.localService = Service.parse('5.6.7.8:8333');
    const peer = lab.connectReady({ type: 'outbound-full-relay' });
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack', 'getaddr', 'ping', 'addrv2']);
  });

  it('ignores a verack, ping or getaddr before version, and a ping before verack', () => {
    const lab = new PeerLab();
    const peer = lab.connect();
    peer.send({ type: 'verack' }, { type: 'ping', nonce: 5n }, { type: 'getaddr' });
    peer.sendVersion().send({ type: 'ping', nonce: 6n });
    lab.settle();
    expect(peer.types).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
    expect(peer.node.isSuccessfullyConnected).toBe(false);
    expect(peer.isGone).toBe(false);
  });

  it('ignores a second verack and a payload in the first', () => {
    let readyCount = 0;
    const lab = new PeerLab({ hooks: { onPeerReady: () => void readyCount++ } });
    const peer = lab.connect().sendVersion().sendRaw('verack', new Uint8Array(100)).send({ type: 'verack' });
    lab.settle();
    expect(readyCount).toBe(1);
    expect(peer.node.isSuccessfullyConnected).toBe(true);
    expect(peer.isGone).toBe(false);
  });
});
