import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import type { ConnectOptions, ConnectTarget } from '../../../ts/sockman/dial/connect-options.ts';
import type { DialResult } from '../../../ts/sockman/dial/dialer.ts';
import { limitSends, MemoryNetwork, splitReceives } from '../../../ts/testing.ts';
import type { MemoryPeer, MemoryPeerListener } from '../../../ts/testing.ts';
import { bytesOf } from '../../helpers/handshake.ts';
import { RecordingNode, countTimers } from '../../helpers/recording-node.ts';

const PROXY = '127.0.0.1:9050';
const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const GRANTED = '05000001000000000000';

let net: MemoryNetwork;
let node: RecordingNode;
let proxy: MemoryPeerListener;
let pendingTimers: () => number;

beforeEach(() => {
  net = new MemoryNetwork();
  pendingTimers = countTimers(net.clock);
  proxy = net.listen(PROXY);
  node = new RecordingNode({ backend: net.createBackend });
  node.startSocketsThreads();
});

afterEach(async () => {
  node.interruptNet();
  node.closeSockets();
  await net.clock.settle();
  expect(pendingTimers()).toBe(0);
  for (const peer of proxy.peers) expect(isGone(peer)).toBe(true);
});

/** Whether the node's end of a connection is closed. */
const isGone = (peer: MemoryPeer): boolean =>
  peer.hasEOF || peer.readErrno !== undefined || peer.sendErrno !== undefined;

/** A dial that shows its outcome once it has one. */
function dial(
  to: ConnectTarget,
  options: ConnectOptions = { proxy: PROXY },
): { result?: DialResult; ended: Promise<DialResult> } {
  const ended = node.connectAndMakeNodeId(to, options);
  const dialing: { result?: DialResult; ended: Promise<DialResult> } = { ended };
  void ended.then((result) => (dialing.result = result));
  return dialing;
}

/** The proxy's end of the newest connection to it. */
async function proxyEnd(): Promise<MemoryPeer> {
  await net.clock.settle();
  return proxy.peers.at(-1)!;
}

/** Takes what the node sent, which must be exactly `we`, and answers `they` (hex). */
async function converse(peer: MemoryPeer, we: string, they: string): Promise<void> {
  await net.clock.settle();
  expect(Buffer.from(peer.take()).toString('hex')).toBe(we.replaceAll(' ', ''));
  peer.send(bytesOf(they));
  await net.clock.settle();
}

const requestFor = (host: string, port: number): string => {
  const name = Buffer.from(host);
  return Buffer.concat([Uint8Array.of(5, 1, 0, 3, name.length), name, Uint8Array.of(port >> 8, port & 255)]).toString(
    'hex',
  );
};

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
    const dialing = dial(to);
    const peer = await proxyEnd();
    await converse(peer, '050100', '0500');
    await converse(peer, requestFor(host, port), GRANTED);
    expect(dialing.result).toEqual({ nodeId: 0, me: peer.remote });
    expect(node.connectionCount).toBe(1);
    expect(node.takeEvents()).toEqual([]);
    node.sendBytes(0, bytesOf('cafe'));
    peer.send(bytesOf('f00d'));
    await net.clock.settle();
    expect(Buffer.from(peer.take()).toString('hex')).toBe('cafe');
    expect(node.takeEvents()).toEqual(['data 0 f00d']);
  });

  test('knows the peer by its own address, and one dialed by name by that of the proxy', async () => {
    for (const to of [`${ONION}:8333`, { host: 'example.com', port: 1 }]) {
      dial(to);
      const peer = await proxyEnd();
      peer.send(bytesOf('0500'));
      await net.clock.settle();
      peer.send(bytesOf(GRANTED));
      await net.clock.settle();
    }
    expect(node.addressesOf(0)?.remote.toString()).toBe(`${ONION}:8333`);
    expect(node.addressesOf(1)?.remote.toString()).toBe(PROXY);
    expect(node.addressesOf(0)?.local.toString()).toMatch(/^127\.0\.0\.1:/);
  });

  test.each([1, 2, 3, 7])(
    'delivers what is behind the reply first and whole, received in pieces of %d',
    async (size) => {
      net.faults = splitReceives(size);
      const dialing = dial({ host: 'h', port: 1 });
      const peer = await proxyEnd();
      await converse(peer, '050100', '0500');
      await converse(peer, requestFor('h', 1), `${GRANTED}00010203040506070809`);
      peer.send(bytesOf('0a0b'));
      peer.end();
      expect(dialing.result?.nodeId).toBe(0);
      await net.clock.settle();
      const events = node.takeEvents();
      expect(events.at(-1)).toBe('eof 0');
      expect(
        events
          .slice(0, -1)
          .map((event) => event.replace('data 0 ', ''))
          .join(''),
      ).toBe('000102030405060708090a0b');
      expect(node.stats().receivedBytes).toBe(2 + 10 + 12);
    },
  );

  test('delivers nothing before the caller knows the node id', async () => {
    let known: number | undefined;
    const dialing = dial({ host: 'h', port: 1 });
    void dialing.ended.then((result) => (known = node.events.length === 0 ? result.nodeId : -1));
    const peer = await proxyEnd();
    peer.send(bytesOf('0500'));
    await net.clock.settle();
    peer.send(bytesOf(`${GRANTED}ff`));
    await net.clock.settle();
    expect(known).toBe(0);
    expect(node.takeEvents()).toEqual(['data 0 ff']);
  });

  test('hands early bytes to a stream that takes the connection over at once', async () => {
    const chunks: Buffer[] = [];
    const dialing = dial({ host: 'h', port: 1 });
    void dialing.ended.then((result) => node.duplex(result.nodeId!).on('data', (chunk: Buffer) => chunks.push(chunk)));
    const peer = await proxyEnd();
    peer.send(bytesOf('0500'));
    await net.clock.settle();
    peer.send(bytesOf(`${GRANTED}0102`));
    await net.clock.settle();
    peer.send(bytesOf('03'));
    await net.clock.settle();
    expect(Buffer.concat(chunks).toString('hex')).toBe('010203');
  });

  test('sends its requests whole when the kernel takes one byte at a time', async () => {
    net.faults = limitSends(1);
    const dialing = dial(
      { host: 'example.com', port: 8333 },
      { proxy: { endpoint: PROXY, credentials: { username: 'u', password: 'p' } } },
    );
    const peer = await proxyEnd();
    await converse(peer, '05020002', '0502');
    await converse(peer, '01 01 75 01 70', '0100');
    await converse(peer, requestFor('example.com', 8333), GRANTED);
    expect(dialing.result?.nodeId).toBe(0);
  });

  test('works over a Unix-domain socket, whose local end has no name', async () => {
    const listener = net.listen(Service.unix('/run/tor/socks'));
    const dialing = dial(`${ONION}:1`, { proxy: 'unix:/run/tor/socks' });
    await net.clock.settle();
    const peer = listener.peers[0]!;
    await converse(peer, '050100', '0500');
    await converse(peer, requestFor(ONION, 1), `05000004${'00'.repeat(18)}`);
    expect(dialing.result?.nodeId).toBe(0);
    expect(String((dialing.result as { me: Service }).me)).toBe('[::]:0');
  });

  test('offers new credentials for each connection with stream isolation', async () => {
    const seen: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
      const peer = await proxyEnd();
      await converse(peer, '05020002', '0502');
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

describe('a dial that fails', () => {
  test.each<[string, () => void, ConnectTarget, ConnectOptions, object]>([
    ['a refused direct connect', () => {}, '127.0.0.1:1', {}, { code: 'connection-refused', proxyFailed: false }],
    [
      'an unreachable network',
      () => (net.faults = { connect: () => 'unreachable' }),
      '192.0.2.1:1',
      {},
      { proxyFailed: false },
    ],
    [
      'a proxy that is down',
      () => proxy.close(),
      '192.0.2.1:1',
      { proxy: PROXY },
      { code: 'proxy-unreachable', proxyFailed: true },
    ],
    [
      'a bridge that is down',
      () => proxy.close(),
      `${'a'.repeat(52)}.b32.i2p`,
      { proxy: PROXY },
      { code: 'sam-unreachable', proxyFailed: true },
    ],
    [
      'an onion address without a proxy',
      () => {},
      `${ONION}:1`,
      {},
      { code: 'network-unsupported', proxyFailed: false },
    ],
    [
      'an I2P address without a bridge',
      () => {},
      `${'a'.repeat(52)}.b32.i2p`,
      {},
      { code: 'network-unsupported', proxyFailed: false },
    ],
    [
      'an I2P address with a port',
      () => {},
      `${'a'.repeat(52)}.b32.i2p:8333`,
      { proxy: PROXY },
      { code: 'i2p-port-not-zero', proxyFailed: false },
    ],
    [
      'an empty host',
      () => {},
      { host: '', port: 1 },
      { proxy: PROXY },
      { code: 'socks5-host-invalid', proxyFailed: false },
    ],
    [
      'a host of 256 bytes',
      () => {},
      { host: 'a'.repeat(256), port: 1 },
      { proxy: PROXY },
      { code: 'socks5-host-invalid' },
    ],
    ['a host with NUL', () => {}, { host: 'a\0', port: 1 }, { proxy: PROXY }, { code: 'socks5-host-invalid' }],
  ])('because of %s says so, and takes no node id', async (_what, prepare, to, options, failure) => {
    prepare();
    const dialing = dial(to, options);
    await net.clock.settle();
    expect(dialing.result).toMatchObject({ nodeId: undefined, ...failure });
    expect(pendingTimers()).toBe(0);
    net.faults = {};
    net.listen('127.0.0.1:2');
    const next = dial('127.0.0.1:2', {});
    await net.clock.settle();
    expect(next.result?.nodeId).toBe(0);
  });

  test.each(['', 'a'.repeat(256), 'a\0'])('because of its host (%#) does not touch the proxy', async (host) => {
    dial({ host, port: 1 });
    await net.clock.settle();
    expect(proxy.peers).toEqual([]);
  });

  test.each([
    ['closes at once', (peer: MemoryPeer) => peer.end(), 'socks5-greeting-closed'],
    ['resets', (peer: MemoryPeer) => (peer.reset(), proxy.peers.pop()), 'socks5-greeting-closed'],
    ['answers garbage', (peer: MemoryPeer) => peer.send('SSH-2.0-OpenSSH_9.2\r\n'), 'socks5-greeting-version'],
    ['refuses', (peer: MemoryPeer) => peer.send(bytesOf('05ff')), 'socks5-no-acceptable-method'],
    ['answers too much', (peer: MemoryPeer) => peer.send(bytesOf(`0500${GRANTED}`)), 'socks5-unasked-bytes'],
    ['answers and closes', (peer: MemoryPeer) => (peer.send(bytesOf('0500')), peer.end()), 'socks5-reply-closed'],
    ['floods', (peer: MemoryPeer) => peer.send(new Uint8Array(1_000_000)), 'socks5-greeting-version'],
  ] as const)('because the proxy %s closes its socket', async (_what, misbehave, code) => {
    const dialing = dial({ host: 'h', port: 1 });
    const peer = await proxyEnd();
    misbehave(peer);
    await net.clock.settle();
    expect(dialing.result).toMatchObject({ nodeId: undefined, code, proxyFailed: false });
    expect(isGone(peer) || code === 'socks5-greeting-closed').toBe(true);
  });

  test('with the last byte of a refusal and the end of the stream in one turn reports the refusal', async () => {
    const dialing = dial({ host: 'h', port: 1 });
    const peer = await proxyEnd();
    peer.send(bytesOf('0500'));
    await net.clock.settle();
    peer.send(bytesOf('05f0'));
    peer.end();
    await net.clock.settle();
    expect(dialing.result).toMatchObject({ code: 'tor-onion-descriptor-not-found' });
  });
});

describe('deadlines', () => {
  test.each([
    ['a direct connect', {}, 'timed-out', false],
    ['a connect to a proxy', { proxy: PROXY }, 'proxy-connect-timed-out', true],
  ])('%s takes as long as it may and not longer', async (_what, options, code, proxyFailed) => {
    net.faults = { connect: () => 'silent' };
    for (const timeoutMs of [undefined, 700]) {
      const limit = timeoutMs ?? 5_000;
      const dialing = dial('192.0.2.1:1', timeoutMs === undefined ? options : { ...options, timeoutMs });
      net.clock.advance(limit - 1);
      await net.clock.settle();
      expect(dialing.result).toBeUndefined();
      net.clock.advance(1);
      await net.clock.settle();
      expect(dialing.result).toMatchObject({ code, proxyFailed });
    }
  });

  test('a proxy may take 15 s for each step', async () => {
    const dialing = dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
    const peer = await proxyEnd();
    for (const answer of ['0502', '0100', '05000003', '01', '61', '0000']) {
      net.clock.advance(15_000);
      await net.clock.settle();
      expect(dialing.result).toBeUndefined();
      peer.send(bytesOf(answer));
      await net.clock.settle();
    }
    expect(dialing.result?.nodeId).toBe(0);
  });

  test.each([
    [[], 'socks5-greeting-timed-out'],
    [['05'], 'socks5-greeting-timed-out'],
    [['0502'], 'socks5-auth-timed-out'],
    [['0502', '0100'], 'socks5-reply-timed-out'],
    [['0502', '0100', '050000'], 'socks5-reply-timed-out'],
    [['0502', '0100', '0500000300'], 'socks5-reply-timed-out'],
  ])('a proxy that stalls after %j fails at that step, 20 s after it began', async (answers, code) => {
    const dialing = dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
    const peer = await proxyEnd();
    for (const answer of answers) {
      peer.send(bytesOf(answer));
      await net.clock.settle();
    }
    net.clock.advance(19_999);
    await net.clock.settle();
    expect(dialing.result).toBeUndefined();
    net.clock.advance(1);
    await net.clock.settle();
    expect(dialing.result).toMatchObject({ code, proxyFailed: false });
    expect(isGone(peer)).toBe(true);
  });

  test('a proxy that drips a byte a second inside one step gains no time', async () => {
    const dialing = dial({ host: 'h', port: 1 });
    const peer = await proxyEnd();
    peer.send(bytesOf('0500'));
    await net.clock.settle();
    peer.send(bytesOf('05000003ff'));
    for (let second = 0; second < 19; second += 1) {
      peer.send(bytesOf('61'));
      await net.clock.settle();
      net.clock.advance(1_000);
    }
    await net.clock.settle();
    expect(dialing.result).toBeUndefined();
    net.clock.advance(1_000);
    await net.clock.settle();
    expect(dialing.result).toMatchObject({ code: 'socks5-reply-timed-out' });
  });

  test('a proxy that never reads fails when the greeting could not be sent in 20 s', async () => {
    const narrow = new MemoryNetwork({ bufferBytes: 1 });
    const listener = narrow.listen(PROXY);
    const other = new RecordingNode({ backend: narrow.createBackend });
    other.startSocketsThreads();
    const ended = other.connectAndMakeNodeId({ host: 'h', port: 1 }, { proxy: PROXY });
    narrow.clock.advance(0);
    listener.peers[0]!.pauseReading();
    await narrow.clock.settle();
    narrow.clock.advance(20_000);
    expect(await ended).toMatchObject({ code: 'socks5-greeting-timed-out' });
    await other[Symbol.asyncDispose]();
  });
});

describe('ending a dial early', () => {
  const stages: Record<string, string[]> = {
    connecting: [],
    greeting: [],
    reply: ['0500'],
    address: ['0500', '05000003'],
  };
  for (const [stage, answers] of Object.entries(stages)) {
    const reach = async (options: ConnectOptions): Promise<ReturnType<typeof dial>> => {
      if (stage === 'connecting') net.faults = { connect: () => 'silent' };
      const dialing = dial({ host: 'h', port: 1 }, { proxy: PROXY, ...options });
      if (stage === 'connecting') return dialing;
      const peer = await proxyEnd();
      for (const answer of answers) {
        peer.send(bytesOf(answer));
        await net.clock.settle();
      }
      return dialing;
    };

    test(`by its signal works while ${stage}`, async () => {
      const controller = new AbortController();
      const dialing = await reach({ signal: controller.signal });
      controller.abort();
      expect(pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'aborted', proxyFailed: false });
    });

    test(`by interruptNet works while ${stage}`, async () => {
      const dialing = await reach({});
      node.interruptNet();
      expect(pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'interrupted', proxyFailed: false });
      await node.joinSocketsThreads();
    });

    test(`by closeSockets works while ${stage}`, async () => {
      const dialing = await reach({});
      node.closeSockets();
      expect(pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'interrupted' });
    });
  }

  test('by a signal that has fired before touches no network', async () => {
    const dialing = dial({ host: 'h', port: 1 }, { proxy: PROXY, signal: AbortSignal.abort() });
    expect(await dialing.ended).toMatchObject({ code: 'aborted' });
    expect(proxy.peers).toEqual([]);
  });

  test('by a signal that fires after success changes nothing', async () => {
    const controller = new AbortController();
    net.listen('127.0.0.1:2');
    const dialing = dial('127.0.0.1:2', { signal: controller.signal });
    await net.clock.settle();
    controller.abort();
    await net.clock.settle();
    expect(dialing.result?.nodeId).toBe(0);
    expect(node.connectionCount).toBe(1);
  });
});

describe('what is logged of a failure', () => {
  test.each([
    [{ isImportant: true }, 'info'],
    [{ isImportant: false }, 'debug'],
  ])('depends on importance for a refused connect (%j)', async (options, level) => {
    dial('127.0.0.1:1', options);
    await net.clock.settle();
    expect(node.log.filter((line) => line.includes('failed'))).toEqual([
      expect.stringMatching(new RegExp(`^${level}: connect to 127\\.0\\.0\\.1:1 failed: connection refused`)),
    ]);
  });

  test('is one line without credentials when the proxy refuses them', async () => {
    dial(
      { host: 'h\nx', port: 1 },
      { proxy: { endpoint: PROXY, credentials: { username: 'alice', password: 'secret' } } },
    );
    const peer = await proxyEnd();
    peer.send(bytesOf('0502'));
    await net.clock.settle();
    peer.send(bytesOf('0101'));
    await net.clock.settle();
    const failures = node.log.filter((line) => line.includes('failed'));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^error: [\x20-\x7e]+$/);
    expect(node.log.join()).not.toContain('secret');
  });
});

describe('the steps of a dial', () => {
  test('are told as they begin, where they must be awaited', async () => {
    const steps: string[] = [];
    dial({ host: 'h', port: 1 }, { proxy: PROXY, onStep: (step) => void steps.push(step) });
    const peer = await proxyEnd();
    peer.send(bytesOf('0500'));
    await net.clock.settle();
    peer.send(bytesOf(GRANTED));
    await net.clock.settle();
    expect(steps).toEqual(['connecting to 127.0.0.1:9050', 'SOCKS5 method choice', 'SOCKS5 reply']);
  });

  test('disturb no dial when the listener throws', async () => {
    const errors: unknown[] = [];
    const other = new RecordingNode({
      backend: net.createBackend,
      onCallbackError: (error, where) => void errors.push([error, where]),
    });
    other.startSocketsThreads();
    net.listen('127.0.0.1:2');
    const ended = other.connectAndMakeNodeId('127.0.0.1:2', {
      onStep: () => {
        throw 'boom';
      },
    });
    await net.clock.settle();
    expect(await ended).toMatchObject({ nodeId: 0 });
    expect(errors).toEqual([['boom', 'onStep']]);
    await other[Symbol.asyncDispose]();
  });
});

describe('misuse', () => {
  const i2p = `${'a'.repeat(52)}.b32.i2p`;
  test.each<[string, unknown, unknown, string]>([
    ['a name without a proxy', { host: 'h', port: 1 }, {}, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a host that is no string', { host: 1, port: 1 }, { proxy: PROXY }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a port that is no number', { host: 'h', port: '1' }, { proxy: PROXY }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a port of -1', { host: 'h', port: -1 }, { proxy: PROXY }, 'ERR_SOCKMAN_OUT_OF_RANGE'],
    ['a port of 65,536', { host: 'h', port: 65_536 }, { proxy: PROXY }, 'ERR_SOCKMAN_OUT_OF_RANGE'],
    ['a port of 1.5', { host: 'h', port: 1.5 }, { proxy: PROXY }, 'ERR_SOCKMAN_OUT_OF_RANGE'],
    ['a Unix-domain target behind a proxy', 'unix:/x', { proxy: PROXY }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a proxy that is no address', '127.0.0.1:1', { proxy: 'localhost' }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a proxy that is null', '127.0.0.1:1', { proxy: null }, 'ERR_SOCKMAN_INVALID_ARG'],
    [
      'both kinds of credentials',
      '127.0.0.1:1',
      { proxy: { endpoint: PROXY, streamIsolation: true, credentials: { username: 'a', password: 'b' } } },
      'ERR_SOCKMAN_INVALID_ARG',
    ],
    [
      'credentials that are null',
      '127.0.0.1:1',
      { proxy: { endpoint: PROXY, credentials: null } },
      'ERR_SOCKMAN_INVALID_ARG',
    ],
    [
      'an empty user name',
      '127.0.0.1:1',
      { proxy: { endpoint: PROXY, credentials: { username: '', password: 'b' } } },
      'ERR_SOCKMAN_OUT_OF_RANGE',
    ],
    [
      'session options of two lines',
      i2p,
      { proxy: { endpoint: PROXY, sessionOptions: 'a\nb' } },
      'ERR_SOCKMAN_INVALID_ARG',
    ],
    ['a step listener that is no function', '127.0.0.1:1', { onStep: 1 }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['a timeout of 0', '127.0.0.1:1', { timeoutMs: 0 }, 'ERR_SOCKMAN_OUT_OF_RANGE'],
    ['options that are null', '127.0.0.1:1', null, 'ERR_SOCKMAN_INVALID_ARG'],
  ])('%s is thrown, before any system call', async (_what, to, options, code) => {
    await expect(node.connectAndMakeNodeId(to as ConnectTarget, options as ConnectOptions)).rejects.toMatchObject({
      code,
    });
    expect(proxy.peers).toEqual([]);
  });
});

test('two hundred dials at a time do not wait for each other', async () => {
  net.faults = { connect: ({ count }) => (count % 2 === 0 ? 'silent' : undefined) };
  net.listen('192.0.2.1:1');
  const dials = Array.from({ length: 200 }, () => dial('192.0.2.1:1', {}));
  await net.clock.settle();
  expect(dials.filter(({ result }) => result?.nodeId !== undefined)).toHaveLength(100);
  net.clock.advance(5_000);
  await net.clock.settle();
  expect(dials.filter(({ result }) => result?.nodeId === undefined)).toHaveLength(100);
  expect(new Set(dials.map(({ result }) => result?.nodeId)).size).toBe(101);
});
