// Dials through a SOCKS5 proxy that end well: what is said, who gets which bytes, and under which address.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { ConnectTarget } from '../../../ts/sockman/dial/connect-options.ts';
import { MemoryNetwork, limitSends, splitReceives } from '../../../ts/testing.ts';
import { GRANTED, ONION, PROXY, ProxyStage, requestFor } from '../../harness/dials/dial-stage.ts';
import { bytesOf } from '../../harness/peers/handshake.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.end());

describe('a dial through SOCKS5', () => {
  test.each<[string, ConnectTarget, string, number]>([
    ['a name', { host: 'example.com', port: 8333 }, 'example.com', 8333],
    ['an IPv4 address', '192.0.2.1:8333', '192.0.2.1', 8333],
    ['an IPv6 address, without brackets', '[2001:db8::1]:8333', '2001:db8::1', 8333],
    ['an IPv6 address with its scope', Service.parse('[fe80::1%3]:1'), 'fe80::1%3', 1],
    [
      'a CJDNS address',
      new Service(new NetAddress('cjdns', new Uint8Array(16).fill(0xfc)), 1),
      'fcfc:fcfc:fcfc:fcfc:fcfc:fcfc:fcfc:fcfc',
      1,
    ],
    ['an onion address', `${ONION}:8333`, ONION, 8333],
    ['a name that only looks like an onion address', { host: 'wrong.onion', port: 1 }, 'wrong.onion', 1],
  ])('to %s gives a connection', async (_what, to, host, port) => {
    const dialing = stage.dial(to);
    const peer = await stage.proxyEnd();
    await stage.converse(peer, '050100', '0500');
    await stage.converse(peer, requestFor(host, port), GRANTED);
    expect(dialing.result).toEqual({ nodeId: 0, me: peer.remote });
    expect(stage.node.connectionCount).toBe(1);
    expect(stage.node.takeEvents()).toEqual([]);
    stage.node.sendBytes(0, bytesOf('cafe'));
    await stage.answer(peer, 'f00d');
    expect(Buffer.from(peer.take()).toString('hex')).toBe('cafe');
    expect(stage.node.takeEvents()).toEqual(['data 0 f00d']);
  });

  test('knows the peer by its own address, and one dialed by name by that of the proxy', async () => {
    for (const to of [`${ONION}:8333`, { host: 'example.com', port: 1 }]) {
      stage.dial(to);
      const peer = await stage.proxyEnd();
      await stage.answer(peer, '0500', GRANTED);
    }
    expect(stage.node.addressesOf(0)?.remote.toString()).toBe(`${ONION}:8333`);
    expect(stage.node.addressesOf(1)?.remote.toString()).toBe(PROXY);
    expect(stage.node.addressesOf(0)?.local.toString()).toMatch(/^127\.0\.0\.1:/);
  });

  test.each([1, 2, 3, 7])(
    'delivers what is behind the reply first and whole, received in pieces of %d',
    async (size) => {
      stage.net.faults = splitReceives(size);
      const dialing = stage.dial({ host: 'h', port: 1 });
      const peer = await stage.proxyEnd();
      await stage.converse(peer, '050100', '0500');
      await stage.converse(peer, requestFor('h', 1), `${GRANTED}00010203040506070809`);
      peer.send(bytesOf('0a0b'));
      peer.end();
      expect(dialing.result?.nodeId).toBe(0);
      await stage.settle();
      const events = stage.node.takeEvents();
      expect(events.at(-1)).toBe('eof 0');
      expect(
        events
          .slice(0, -1)
          .map((event) => event.replace('data 0 ', ''))
          .join(''),
      ).toBe('000102030405060708090a0b');
      expect(stage.node.stats().receivedBytes).toBe(2 + 10 + 12);
    },
  );

  test('keeps what is behind the reply while others receive', async () => {
    stage.dial({ host: 'h', port: 1 });
    const first = await stage.proxyEnd();
    await stage.answer(first, '0500', GRANTED);
    stage.dial({ host: 'h', port: 1 });
    const second = await stage.proxyEnd();
    await stage.answer(second, '0500');
    // Turn after turn, before the new connection may be told of anything.
    second.send(bytesOf(`${GRANTED}aaaa`));
    stage.net.clock.advance(0);
    first.send(bytesOf('bb'.repeat(20)));
    stage.net.clock.advance(0);
    await stage.settle();
    expect(stage.node.takeEvents()).toEqual([`data 0 ${'bb'.repeat(20)}`, 'data 1 aaaa']);
  });

  test('delivers nothing before the caller knows the node id', async () => {
    let known: number | undefined;
    const dialing = stage.dial({ host: 'h', port: 1 });
    void dialing.ended.then((result) => (known = stage.node.events.length === 0 ? result.nodeId : -1));
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0500', `${GRANTED}ff`);
    expect(known).toBe(0);
    expect(stage.node.takeEvents()).toEqual(['data 0 ff']);
  });

  test('hands early bytes to a stream that takes the connection over at once', async () => {
    const chunks: Buffer[] = [];
    const dialing = stage.dial({ host: 'h', port: 1 });
    void dialing.ended.then((result) =>
      stage.node.duplex(result.nodeId!).on('data', (chunk: Buffer) => chunks.push(chunk)),
    );
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0500', `${GRANTED}0102`);
    await stage.answer(peer, '03');
    expect(Buffer.concat(chunks).toString('hex')).toBe('010203');
  });

  test('sends its requests whole when the kernel takes one byte at a time', async () => {
    stage.net.faults = limitSends(1);
    const dialing = stage.dial(
      { host: 'example.com', port: 8333 },
      { proxy: { endpoint: PROXY, credentials: { username: 'u', password: 'p' } } },
    );
    const peer = await stage.proxyEnd();
    await stage.converse(peer, '05020002', '0502');
    await stage.converse(peer, '01 01 75 01 70', '0100');
    await stage.converse(peer, requestFor('example.com', 8333), GRANTED);
    expect(dialing.result?.nodeId).toBe(0);
  });

  test('sends its requests whole and in order to a proxy that answers before it has read them', async () => {
    const narrow = new MemoryNetwork({ bufferBytes: 1, latencyMs: 1 });
    const listener = narrow.listen(PROXY);
    const node = new RecordingNode({ backend: narrow.createBackend });
    node.startSocketsThreads();
    const proxy = { endpoint: PROXY, credentials: { username: 'u', password: 'p' } };
    const ended = node.connectAndMakeNodeId({ host: 'h', port: 1 }, { proxy });
    while (listener.peers.length === 0) narrow.clock.advance(1);
    const peer = listener.peers[0]!;
    peer.pauseReading();
    peer.send(bytesOf('0502'));
    narrow.clock.advance(100);
    expect(node.stats()).toMatchObject({ sentBytes: 3, receivedBytes: 2 });
    peer.resumeReading();
    narrow.clock.advance(100);
    expect(Buffer.from(peer.take()).toString('hex')).toBe('050200020101750170');
    peer.send(bytesOf('0100'));
    narrow.clock.advance(100);
    peer.send(bytesOf(GRANTED));
    narrow.clock.advance(100);
    expect(await ended).toMatchObject({ nodeId: 0 });
    await node[Symbol.asyncDispose]();
  });

  test('works over a Unix-domain socket, whose local end has no name', async () => {
    const listener = stage.net.listen(Service.unix('/run/tor/socks'));
    const dialing = stage.dial(`${ONION}:1`, { proxy: 'unix:/run/tor/socks' });
    await stage.settle();
    const peer = listener.peers[0]!;
    await stage.converse(peer, '050100', '0500');
    await stage.converse(peer, requestFor(ONION, 1), `05000004${'00'.repeat(18)}`);
    expect(dialing.result?.nodeId).toBe(0);
    expect(String((dialing.result as { me: Service }).me)).toBe('[::]:0');
  });

  test('gives the credentials that were there when it began, whatever the caller puts into them since', async () => {
    const credentials = { username: 'u', password: 'p' };
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, credentials } });
    Object.assign(credentials, { username: 'other', password: 'x'.repeat(300) });
    const peer = await stage.proxyEnd();
    await stage.converse(peer, '05020002', '0502');
    await stage.converse(peer, '01 01 75 01 70', '0100');
    await stage.answer(peer, GRANTED);
    expect(dialing.result?.nodeId).toBe(0);
  });

  test('offers new credentials for each connection with stream isolation', async () => {
    const seen: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      stage.dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
      const peer = await stage.proxyEnd();
      await stage.converse(peer, '05020002', '0502');
      const auth = Buffer.from(peer.take());
      const user = auth.subarray(2, 2 + auth[1]!).toString();
      expect(auth).toEqual(
        Buffer.concat([
          Uint8Array.of(1, user.length),
          Buffer.from(user),
          Uint8Array.of(user.length),
          Buffer.from(user),
        ]),
      );
      seen.push(user);
    }
    const prefixes = new Set(seen.map((user) => user.slice(0, 17)));
    expect([...prefixes]).toEqual([expect.stringMatching(/^[0-9a-f]{16}-$/)]);
    expect(seen.map((user) => user.slice(17))).toEqual(['0', '1', '2']);
  });
});
