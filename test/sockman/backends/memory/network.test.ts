// What the memory network does beyond the contract of a backend: time, addresses, queues, descriptors, peers by hand.

import { describe, expect, it } from 'vitest';
import { Service } from '../../../../ts/netaddr/service.ts';
import { DEFAULT_BUFFER_BYTES, MemoryNetwork } from '../../../../ts/sockman/backends/memory.ts';
import type { MemoryNetworkOptions } from '../../../../ts/sockman/backends/memory.ts';
import { CONNECT_TIMED_OUT_MS } from '../../../../ts/sockman/backends/memory/tcp-handshake.ts';
import type { BackendOptions } from '../../../../ts/sockman/backends/backend.ts';
import { EADDRINUSE, EAFNOSUPPORT, ECONNREFUSED, ECONNRESET, EMFILE, EPIPE } from '../../../../ts/util/errors/errno.ts';
import { Station, plainListen } from '../../../../ts/sockman/conformance/station.ts';

const AT = Service.parse('203.0.113.5:8333');

function stationIn(net: MemoryNetwork, options: Partial<BackendOptions> = {}): Station {
  return new Station(net.createBackend, options).start();
}

/** A listening station and a peer connected to it. */
function connected(options: MemoryNetworkOptions = {}, settings: Partial<BackendOptions> = {}) {
  const net = new MemoryNetwork(options);
  const station = stationIn(net, settings);
  const { handle: listener } = station.listen(AT);
  const peer = net.connect(AT);
  net.clock.runUntilIdle();
  const server = station.accepted[0]!.handle;
  return { net, station, listener, peer, server };
}

describe('MemoryNetwork', () => {
  it('lets nothing happen before its clock runs', () => {
    const net = new MemoryNetwork();
    const station = stationIn(net);
    station.listen(AT);
    const peer = net.connect(AT);
    peer.send('hello');
    expect(station.turnCount).toBe(0);
    expect(peer.isConnected).toBe(false);
    net.clock.runUntilIdle();
    expect(peer.isConnected).toBe(true);
    expect(station.of(station.accepted[0]!.handle).text).toBe('hello');
  });

  it('takes its latency for each trip: one and a half round trips to accept', () => {
    const net = new MemoryNetwork({ latencyMs: 40 });
    const station = stationIn(net);
    station.listen(AT);
    const peer = net.connect(AT);
    net.clock.advance(79);
    expect(peer.isConnected).toBe(false);
    net.clock.advance(1);
    expect(peer.isConnected).toBe(true);
    peer.send('ping');
    net.clock.advance(39);
    expect(station.accepted).toEqual([]);
    net.clock.advance(1);
    const { handle } = station.accepted[0]!;
    expect(station.of(handle).text).toBe('ping');
    expect(station.backend.tcpInfoOf(handle)).toMatchObject({ roundTripMs: 80, unsentBytes: 0 });
    station.send(handle, 'pong');
    expect(station.backend.tcpInfoOf(handle)).toMatchObject({ unsentBytes: 4 });
    net.latencyMs = 1_000;
    station.send(handle, '!');
    net.clock.advance(40);
    expect(peer.takeText()).toBe('pong');
    net.clock.runUntilIdle();
    expect(peer.takeText()).toBe('!');
    expect(net.clock.now()).toBe(1_120);
  });

  it('lets backends and peers use any address, and names both ends', () => {
    const net = new MemoryNetwork();
    const station = stationIn(net);
    station.listen(AT);
    const peer = net.connect('203.0.113.5:8333', Service.parse('198.51.100.7:0'));
    net.clock.runUntilIdle();
    const { handle } = station.accepted[0]!;
    expect(station.backend.addressOf(handle, 'remote')?.toString()).toBe(peer.local?.toString());
    expect(peer.local?.address.toString()).toBe('198.51.100.7');
    expect(peer.remote?.toString()).toBe(AT.toString());
    expect(peer.local?.port).toBeGreaterThan(0);
  });

  it('prefers the listener that fits best', () => {
    const net = new MemoryNetwork();
    const [exact, any4, dual] = [stationIn(net), stationIn(net), stationIn(net)];
    exact.listen(Service.parse('10.0.0.1:1'));
    expect(any4.backend.listen(Service.parse('0.0.0.0:1'), plainListen)).toMatchObject({ errno: EADDRINUSE });
    any4.listen(Service.parse('0.0.0.0:2'));
    expect(dual.backend.listen(Service.parse('[::]:2'), { ...plainListen, dualStack: true })).toMatchObject({
      errno: EADDRINUSE,
    });
    dual.listen(Service.parse('[::]:3'), { dualStack: true });
    for (const to of ['10.0.0.1:1', '10.0.0.2:2', '10.0.0.2:3', '[2001:db8::1]:3', '0.0.0.0:2']) net.connect(to);
    net.clock.runUntilIdle();
    expect([exact, any4, dual].map((station) => station.accepted.length)).toEqual([1, 2, 2]);
  });

  it('refuses addresses that no socket can have, and ends of different families', () => {
    const station = stationIn(new MemoryNetwork());
    const onion = Service.parse('pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:1');
    expect(station.backend.listen(onion, plainListen)).toMatchObject({ errno: EAFNOSUPPORT });
    expect(station.backend.connect(onion, {})).toMatchObject({ errno: EAFNOSUPPORT });
    const mixed = station.backend.connect(AT, { localAddress: Service.parse('[::1]:0') });
    expect(mixed).toMatchObject({ errno: EAFNOSUPPORT });
  });

  it('gives no two connections the same two ends', () => {
    const net = new MemoryNetwork();
    net.listen(AT);
    const from = Service.parse('10.0.0.9:7777');
    const first = net.connect(AT, from);
    expect(() => net.connect(AT, from)).toThrow(expect.objectContaining({ code: 'EADDRNOTAVAIL' }));
    net.clock.runUntilIdle();
    first.close();
    net.connect(AT, from);
    net.clock.runUntilIdle();
  });

  it('drops SYNs while the backlog is full, and lets them in when there is room', () => {
    const net = new MemoryNetwork();
    const station = stationIn(net);
    const { handle: listener } = station.listen(AT, { backlog: 2 });
    station.backend.setAccepting(listener, false);
    const peers = [1, 2, 3].map(() => net.connect(AT));
    net.clock.runUntilIdle();
    expect(peers.map((peer) => peer.isConnected)).toEqual([true, true, false]);
    net.clock.advance(999);
    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.accepted).toHaveLength(2);
    net.clock.advance(1);
    expect(peers[2]!.isConnected).toBe(true);
    expect(station.accepted).toHaveLength(3);
  });

  it('lets a connect to a full backlog time out in the end', () => {
    const net = new MemoryNetwork();
    const full = stationIn(net);
    const { handle: listener } = full.listen(AT, { backlog: 1 });
    full.backend.setAccepting(listener, false);
    net.connect(AT);
    const station = stationIn(net);
    const client = station.connect(AT);
    net.clock.advance(CONNECT_TIMED_OUT_MS - 1);
    expect(station.of(client).events).toEqual([]);
    net.clock.advance(1);
    expect(station.of(client).events).toEqual(['connected ETIMEDOUT']);
  });

  it('resets what waits in the queue of a listener that closes', () => {
    const net = new MemoryNetwork();
    const station = stationIn(net);
    const { handle: listener } = station.listen(AT);
    station.backend.setAccepting(listener, false);
    const peer = net.connect(AT);
    net.clock.runUntilIdle();
    station.backend.close(listener);
    net.clock.runUntilIdle();
    expect(peer.readErrno).toBe(ECONNRESET);
    const late = net.connect(AT);
    net.clock.runUntilIdle();
    expect(late.connectErrno).toBe(ECONNREFUSED);
  });

  it('runs out of descriptors at the limit, and says so at each attempt', () => {
    const net = new MemoryNetwork({ descriptorLimit: 3 });
    const station = stationIn(net);
    const { handle: listener } = station.listen(AT);
    for (let count = 0; count < 4; count++) net.connect(AT);
    net.clock.runUntilIdle();
    expect(station.accepted).toHaveLength(2);
    expect(station.of(listener).events).toEqual(['exhausted EMFILE']);
    expect(station.backend.connect(AT, {})).toMatchObject({ ok: false, errno: EMFILE });
    expect(station.backend.listen(AT, plainListen)).toMatchObject({ ok: false, errno: EMFILE });

    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.of(listener).count('exhausted EMFILE')).toBe(2);

    station.backend.close(station.accepted[0]!.handle);
    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.accepted).toHaveLength(3);
    expect(station.of(listener).count('exhausted EMFILE')).toBe(3);

    net.descriptorLimit = 100;
    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.accepted).toHaveLength(4);
  });

  it('gives descriptors back, whatever way a socket ends', () => {
    const net = new MemoryNetwork({ descriptorLimit: 2 });
    const station = stationIn(net);
    station.listen(AT);
    const refused = (): void => {
      const client = station.connect(Service.parse('203.0.113.5:1'));
      net.clock.runUntilIdle();
      expect(station.of(client).events).toEqual(['connected ECONNREFUSED']);
    };
    for (let round = 0; round < 3; round++) refused();
    for (const end of ['close', 'reset'] as const) {
      const peer = net.connect(AT);
      net.clock.runUntilIdle();
      station.backend[end](station.accepted.at(-1)!.handle);
      net.clock.runUntilIdle();
      peer.close();
    }
    refused();
    const aborted = station.connect(AT);
    station.backend.close(aborted);
    net.clock.runUntilIdle();
    refused();
    expect(station.accepted).toHaveLength(2);
  });

  it('stops a writer after two buffers full when nobody reads, and goes on byte for byte', () => {
    const { net, station, server, peer } = connected({ bufferBytes: 1000 });
    peer.pauseReading();
    let taken = 0;
    const next = (): Uint8Array => Uint8Array.from({ length: 300 }, (_, index) => (taken + index) & 0xff);
    for (let sent = 1; sent > 0;) {
      sent = station.send(server, next());
      taken += sent;
      net.clock.runUntilIdle();
    }
    expect(taken).toBe(2000);
    peer.resumeReading();
    net.clock.runUntilIdle();
    const bytes = peer.take();
    expect(bytes).toHaveLength(2000);
    expect(bytes.every((byte, index) => byte === (index & 0xff))).toBe(true);
    expect(station.send(server, next())).toBe(300);
  });

  it('has buffers of the sizes the backend asks for', () => {
    const { net, station, server, peer } = connected({}, { sendBufferBytes: 10, receiveBufferBytes: 20 });
    station.setReceiving(server, false);
    peer.pauseReading();
    expect(station.send(server, new Uint8Array(100))).toBe(10);
    peer.send(new Uint8Array(DEFAULT_BUFFER_BYTES + 100));
    net.clock.runUntilIdle();
    expect(peer.unsentBytes).toBe(100 - 20);
    peer.resumeReading();
    expect(peer.receivedBytes).toBe(10);
  });

  it('lets bytes that came before an RST be read', () => {
    const { net, station, server, peer } = connected();
    station.setReceiving(server, false);
    peer.send('last words');
    net.clock.runUntilIdle();
    peer.reset();
    net.clock.runUntilIdle();
    station.setReceiving(server, true);
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['data 10', 'ECONNRESET']);
    expect(station.send(server, 'x')).toBe(-ECONNRESET);
  });

  it('keeps an end that was received the end, whatever comes after it', () => {
    const { net, station, server, peer } = connected();
    station.setReceiving(server, false);
    peer.end();
    net.clock.runUntilIdle();
    peer.reset();
    net.clock.runUntilIdle();
    station.setReceiving(server, true);
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['eof']);
    expect(station.send(server, 'x')).toBe(-EPIPE);
  });

  it('answers with RST what is sent to a closed end', () => {
    const { net, station, server, peer } = connected();
    station.backend.close(server);
    net.clock.runUntilIdle();
    expect(peer.hasEOF).toBe(true);
    peer.send('anyone?');
    net.clock.runUntilIdle();
    peer.send('hello?');
    expect(peer.sendErrno).toBe(EPIPE);
  });

  it('overtakes unsent bytes with an RST, but not those under way', () => {
    const { net, station, server, peer } = connected({ bufferBytes: 100, latencyMs: 10 });
    peer.send(new Uint8Array(150));
    net.clock.advance(5);
    peer.reset();
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['data 100', 'ECONNRESET']);
  });

  it('breaks nothing when two ends of one backend talk to each other', () => {
    const net = new MemoryNetwork();
    const station = stationIn(net);
    station.listen(AT);
    const client = station.connect(AT);
    net.clock.runUntilIdle();
    station.send(client, 'to myself');
    net.clock.runUntilIdle();
    expect(station.of(station.accepted[0]!.handle).text).toBe('to myself');
  });

  it('refuses settings that make no sense', () => {
    const outOfRange = expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' });
    for (const options of [{ bufferBytes: 0 }, { bufferBytes: 1.5 }, { latencyMs: -1 }, { latencyMs: NaN }]) {
      expect(() => new MemoryNetwork(options)).toThrow(outOfRange);
    }
    for (const descriptorLimit of [-1, NaN, 'many' as never]) {
      expect(() => new MemoryNetwork({ descriptorLimit })).toThrow(outOfRange);
      expect(() => (new MemoryNetwork().descriptorLimit = descriptorLimit)).toThrow(outOfRange);
    }
    expect(() => new MemoryNetwork({ seed: 0.5 })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
    const net = new MemoryNetwork();
    expect(() => (net.latencyMs = Infinity)).toThrow(outOfRange);
    expect(() => net.connect('nonsense')).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    expect(() => net.connect('unix:/nobody')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    net.listen(AT);
    expect(() => net.listen(AT)).toThrow(expect.objectContaining({ errno: -EADDRINUSE }));
  });
});

describe('MemoryPeer', () => {
  it('plays a server for a backend that dials', () => {
    const net = new MemoryNetwork();
    const listener = net.listen();
    const station = stationIn(net);
    const client = station.connect(listener.bound);
    net.clock.runUntilIdle();
    const [peer] = listener.peers;
    peer!.send('220 ready');
    station.send(client, 'HELO');
    net.clock.runUntilIdle();
    expect(peer!.takeText()).toBe('HELO');
    expect(station.of(client).text).toBe('220 ready');
    listener.close();
    const late = station.connect(listener.bound);
    net.clock.runUntilIdle();
    expect(station.of(late).events).toEqual(['connected ECONNREFUSED']);
  });

  it('takes what it read in pieces', () => {
    const { net, station, server, peer } = connected();
    station.send(server, 'header|body');
    net.clock.runUntilIdle();
    expect(Buffer.from(peer.take(7)).toString()).toBe('header|');
    expect(peer.receivedBytes).toBe(4);
    expect(peer.takeText()).toBe('body');
    expect(peer.take()).toHaveLength(0);
  });

  it('half-closes once all was sent, and goes on reading', () => {
    const { net, station, server, peer } = connected({ bufferBytes: 10 });
    peer.send('more than one buffer holds');
    peer.end();
    peer.send('ignored');
    net.clock.runUntilIdle();
    expect(station.of(server).text).toBe('more than one buffer holds');
    expect(station.of(server).events.at(-1)).toBe('eof');
    station.send(server, 'bye');
    station.backend.close(server);
    net.clock.runUntilIdle();
    expect(peer.takeText()).toBe('bye');
    expect(peer.hasEOF).toBe(true);
  });

  it('resets when it closes with bytes unread', () => {
    const { net, station, server, peer } = connected();
    peer.pauseReading();
    station.send(server, 'unread');
    net.clock.runUntilIdle();
    peer.close();
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['ECONNRESET']);
  });

  it('can be waited for where the network runs by itself', async () => {
    const net = new MemoryNetwork({ autoRun: true });
    const listener = net.listen('unix:/run/test');
    const peer = net.connect('unix:/run/test');
    peer.send('over a path');
    const other = await listener.peerNumber(1);
    await other.until(() => other.receivedBytes === 11);
    expect(other.takeText()).toBe('over a path');
    expect(other.local?.toString()).toBe('unix:/run/test');
    expect(other.remote).toBeUndefined();
  });
});
