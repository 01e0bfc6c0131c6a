import { describe, expect, it } from 'vitest';
import { Service } from '../../../../ts/netaddr/service.ts';
import { CONNECT_TIMED_OUT_MS } from '../../../../ts/sockman/backends/memory/tcp-handshake.ts';
import { seededRandom } from '../../../../ts/sockman/backends/memory/seeded-random.ts';
import {
  MemoryNetwork,
  combineFaults,
  failConnects,
  limitSends,
  randomFaults,
  splitReceives,
} from '../../../../ts/testing.ts';
import type { AcceptFault, FaultScript, FaultSite } from '../../../../ts/testing.ts';
import { ECONNRESET } from '../../../../ts/util/errors/errno.ts';
import { Station } from '../../../../ts/sockman/conformance/station.ts';

const AT = Service.parse('203.0.113.5:8333');

function connected(faults: FaultScript) {
  const net = new MemoryNetwork({ faults });
  const station = new Station(net.createBackend).start();
  const { handle: listener } = station.listen(AT);
  const peer = net.connect(AT);
  net.clock.runUntilIdle();
  const server = station.accepted[0]?.handle ?? 0;
  return { net, station, listener, peer, server };
}

describe('fault scripts', () => {
  it('split what is received one byte at a time, one byte a turn', () => {
    const { net, station, server, peer } = connected(splitReceives(1));
    const turns = station.turnCount;
    peer.send('slowly');
    peer.end();
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual([...Array<string>(6).fill('data 1'), 'eof']);
    expect(station.of(server).text).toBe('slowly');
    expect(station.turnCount - turns).toBe(7);
  });

  it('split what is received at sizes that repeat', () => {
    const { net, station, server, peer } = connected(splitReceives(3, 1));
    peer.send('0123456789');
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['data 3', 'data 1', 'data 3', 'data 1', 'data 2']);
  });

  it('refuse and shorten sends, and tell of room each time', () => {
    const { net, station, server, peer } = connected(limitSends(0, 3));
    const data = Buffer.from('0123456789');
    let offset = 0;
    const sendOn = (): void => {
      offset += station.send(server, data.subarray(offset));
    };
    station.onRecord = () => {
      if (offset < data.length) sendOn();
    };
    sendOn();
    expect(offset).toBe(0);
    net.clock.runUntilIdle();
    expect(peer.takeText()).toBe('0123456789');
    // Eight calls took 0, 3, 0, 3, 0, 3, 0 and 1 bytes; all but the last were short.
    expect(station.of(server).count('writable')).toBe(7);
  });

  it('break a connection in a send or a receive, for both ends', () => {
    const sending = connected({ send: ({ count }) => (count === 1 ? 'reset' : undefined) });
    expect(sending.station.send(sending.server, 'one')).toBe(3);
    expect(sending.station.send(sending.server, 'two')).toBe(-ECONNRESET);
    sending.net.clock.runUntilIdle();
    expect(sending.station.of(sending.server).events).toEqual(['ECONNRESET']);
    expect(sending.peer.readErrno).toBe(ECONNRESET);
    expect(sending.peer.takeText()).toBe('one');

    const receiving = connected({ receive: () => 'reset' });
    receiving.peer.send('lost');
    receiving.net.clock.runUntilIdle();
    expect(receiving.station.of(receiving.server).events).toEqual(['ECONNRESET']);
    expect(receiving.peer.readErrno).toBe(ECONNRESET);
  });

  it('fail connects in every way there is, each in its time', () => {
    const net = new MemoryNetwork({
      faults: failConnects('refused', 'unreachable', 'timed-out', 'silent', undefined),
      latencyMs: 10,
    });
    net.listen(AT);
    const station = new Station(net.createBackend).start();
    const clients = Array.from({ length: 6 }, () => station.connect(AT));
    const events = (): string[] => clients.map((handle) => station.of(handle).events.join());
    net.clock.advance(20);
    expect(events()).toEqual([
      'connected ECONNREFUSED',
      'connected EHOSTUNREACH',
      '',
      '',
      'connected 0',
      'connected 0',
    ]);
    net.clock.advance(CONNECT_TIMED_OUT_MS - 21);
    expect(events()[2]).toBe('');
    net.clock.advance(1);
    expect(events()[2]).toBe('connected ETIMEDOUT');
    net.clock.advance(3_600_000);
    expect(events()[3]).toBe('');
    station.backend.close(clients[3]!);
  });

  it('run accepts out of what they need, which is told at each attempt', () => {
    let fault: AcceptFault | undefined = 'ENOBUFS';
    const { net, station, listener } = connected({ accept: () => fault });
    expect(station.accepted).toEqual([]);
    expect(station.of(listener).events).toEqual(['exhausted ENOBUFS']);
    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.of(listener).events).toEqual(['exhausted ENOBUFS', 'exhausted ENOBUFS']);
    fault = undefined;
    station.backend.setAccepting(listener, true);
    net.clock.runUntilIdle();
    expect(station.accepted).toHaveLength(1);
    fault = 'ENFILE';
    net.connect(AT);
    net.clock.runUntilIdle();
    expect(station.of(listener).events).toEqual(['exhausted ENOBUFS', 'exhausted ENOBUFS', 'exhausted ENFILE']);
  });

  it('delay what is sent, and keep its order', () => {
    const delays = [50, 0, 20];
    const { net, station, server, peer } = connected({ latencyMs: ({ count }) => delays[count] ?? 0 });
    net.clock.runUntilIdle();
    // The first trips of the accepted end were its SYN-ACK and nothing else so far.
    const startMs = net.clock.now();
    station.send(server, 'a');
    station.send(server, 'b');
    net.clock.advance(0);
    expect(peer.takeText()).toBe('a');
    net.clock.runUntilIdle();
    expect(peer.takeText()).toBe('b');
    expect(net.clock.now() - startMs).toBe(20);
  });

  it('are told where, how often and when they are asked', () => {
    const sites: FaultSite[] = [];
    const { net, station, server, peer } = connected({
      receive(site) {
        sites.push(site);
        return undefined;
      },
    });
    net.clock.advance(1_000);
    peer.send('1');
    net.clock.runUntilIdle();
    peer.send('2');
    net.clock.runUntilIdle();
    const local = station.backend.addressOf(server, 'local');
    expect(sites.map(({ count, nowMs }) => [count, nowMs])).toEqual([
      [0, 1_000],
      [1, 1_000],
    ]);
    expect(sites[0]).toMatchObject({ local, remote: peer.local });
    expect(sites[0]!.random()).toBeLessThan(1);
  });

  it('never touch a peer played by hand', () => {
    const faults = randomFaults({ reset: 1, connectFailure: 1 });
    const net = new MemoryNetwork({ faults });
    const listener = net.listen(AT);
    const peer = net.connect(AT);
    peer.send('untouched');
    net.clock.runUntilIdle();
    expect(listener.peers[0]!.takeText()).toBe('untouched');
  });

  it('can be replaced while the network runs', () => {
    const { net, station, server, peer } = connected({});
    net.faults = splitReceives(1);
    peer.send('ab');
    net.clock.runUntilIdle();
    net.faults = {};
    peer.send('cd');
    net.clock.runUntilIdle();
    expect(station.of(server).events).toEqual(['data 1', 'data 1', 'data 2']);
  });

  it('combine: the first answer holds', () => {
    const combined = combineFaults(
      failConnects('refused'),
      { connect: () => 'unreachable', send: () => 7 },
      limitSends(1),
    );
    const site: FaultSite = { local: undefined, remote: AT, count: 0, nowMs: 0, random: () => 0 };
    expect(combined.connect!(site)).toBe('refused');
    expect(combined.connect!({ ...site, count: 1 })).toBe('unreachable');
    expect(combined.send!(site)).toBe(7);
    expect(combined.receive!(site)).toBeUndefined();
    expect(combined.accept!(site)).toBeUndefined();
    expect(combined.latencyMs!(site)).toBeUndefined();
  });
});

/** Seeded traffic over seeded faults: everything that is reported, with its time. */
function logOf(seed: number): string[] {
  const log: string[] = [];
  const faults = randomFaults({
    connectFailure: 0.1,
    acceptFailure: 0.1,
    wouldBlock: 0.2,
    shortSend: 0.3,
    shortReceive: 0.5,
    reset: 0.01,
    delay: 0.5,
  });
  const net = new MemoryNetwork({ seed, faults, bufferBytes: 3_000, latencyMs: 20 });
  const random = seededRandom(seed);
  const stations = ['a', 'b'].map((name) => {
    const station = new Station(net.createBackend).start();
    station.onRecord = (handle, flags) => {
      log.push(`${net.clock.now()} ${name} ${handle} ${flags} ${station.of(handle).events.at(-1) ?? 'accepted'}`);
      if (flags === 128) station.backend.setAccepting(handle, true);
      else if (random() < 0.6) station.send(handle, new Uint8Array(Math.floor(random() * 5_000)));
      else if (random() < 0.1) station.backend.shutdownSend(handle);
      else if (random() < 0.05) station.backend.close(handle);
    };
    return station;
  });
  stations[0]!.listen(AT);
  for (let round = 0; round < 40; round++) {
    stations[1]!.connect(AT);
    net.clock.advance(30);
  }
  net.clock.advance(2_000);
  for (const { backend } of stations) backend.destroy();
  net.clock.runUntilIdle();
  return log;
}

describe('a memory network', () => {
  it('gives the same events for the same seed, and others for another', () => {
    const logs = [1, 2, 3].map(logOf);
    for (const log of logs) expect(log.length).toBeGreaterThan(100);
    expect([1, 2, 3].map(logOf)).toEqual(logs);
    expect(logs[0]).not.toEqual(logs[1]);
    expect(logs[1]).not.toEqual(logs[2]);
  });

  it('delivers every byte under every odds that break nothing', () => {
    for (let seed = 1; seed <= 25; seed++) {
      const faults = randomFaults({ wouldBlock: 0.3, shortSend: 0.5, shortReceive: 0.5, delay: 0.5 });
      const net = new MemoryNetwork({ seed, faults, bufferBytes: 1 + ((seed * 97) % 5_000) });
      const listening = new Station(net.createBackend).start();
      const dialing = new Station(net.createBackend).start();
      listening.listen(AT);
      const client = dialing.connect(AT);
      const data = Uint8Array.from({ length: 20_000 }, (_, index) => (index * 31 + seed) & 0xff);
      let offset = 0;
      dialing.onRecord = () => {
        if (offset === data.length) return;
        offset += dialing.send(client, data.subarray(offset));
        if (offset === data.length) dialing.backend.shutdownSend(client);
      };
      net.clock.runUntilIdle();
      const { handle } = listening.accepted[0]!;
      expect(listening.of(handle).bytes.equals(data), `seed ${seed}`).toBe(true);
      expect(listening.of(handle).events.at(-1)).toBe('eof');
      expect(net.clock.isIdle).toBe(true);
    }
  });
});
