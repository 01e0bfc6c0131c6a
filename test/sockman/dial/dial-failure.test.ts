// Dials that fail: what the caller is told, what is logged, and that nothing is left.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ConnectOptions, ConnectTarget } from '../../../ts/sockman/dial/connect-options.ts';
import type { MemoryPeer } from '../../../ts/testing.ts';
import { GRANTED, ONION, PROXY, ProxyStage, isGone } from '../../harness/dials/dial-stage.ts';
import { bytesOf } from '../../harness/peers/handshake.ts';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.end());

describe('a dial that fails', () => {
  test.each<[string, () => void, ConnectTarget, ConnectOptions, object]>([
    ['a refused direct connect', () => {}, '127.0.0.1:1', {}, { code: 'connection-refused', proxyFailed: false }],
    [
      'an unreachable network',
      () => (stage.net.faults = { connect: () => 'unreachable' }),
      '192.0.2.1:1',
      {},
      { proxyFailed: false },
    ],
    [
      'a proxy that is down',
      () => stage.proxy.close(),
      '192.0.2.1:1',
      { proxy: PROXY },
      { code: 'proxy-unreachable', proxyFailed: true },
    ],
    [
      'a bridge that is down',
      () => stage.proxy.close(),
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
    const dialing = stage.dial(to, options);
    await stage.settle();
    expect(dialing.result).toMatchObject({ nodeId: undefined, ...failure });
    expect(stage.pendingTimers()).toBe(0);
    stage.net.faults = {};
    stage.net.listen('127.0.0.1:2');
    const next = stage.dial('127.0.0.1:2', {});
    await stage.settle();
    expect(next.result?.nodeId).toBe(0);
  });

  test.each(['', 'a'.repeat(256), 'a\0'])('because of its host (%#) does not touch the proxy', async (host) => {
    stage.dial({ host, port: 1 });
    await stage.settle();
    expect(stage.proxy.peers).toEqual([]);
  });

  test.each([
    ['closes at once', (peer: MemoryPeer) => peer.end(), 'socks5-greeting-closed'],
    ['resets', (peer: MemoryPeer) => (peer.reset(), stage.proxy.peers.pop()), 'socks5-greeting-closed'],
    ['answers garbage', (peer: MemoryPeer) => peer.send('SSH-2.0-OpenSSH_9.2\r\n'), 'socks5-greeting-version'],
    ['refuses', (peer: MemoryPeer) => peer.send(bytesOf('05ff')), 'socks5-no-acceptable-method'],
    ['answers too much', (peer: MemoryPeer) => peer.send(bytesOf(`0500${GRANTED}`)), 'socks5-unasked-bytes'],
    ['answers and closes', (peer: MemoryPeer) => (peer.send(bytesOf('0500')), peer.end()), 'socks5-reply-closed'],
    ['floods', (peer: MemoryPeer) => peer.send(new Uint8Array(1_000_000)), 'socks5-greeting-version'],
  ] as const)('because the proxy %s closes its socket', async (_what, misbehave, code) => {
    const dialing = stage.dial({ host: 'h', port: 1 });
    const peer = await stage.proxyEnd();
    misbehave(peer);
    await stage.settle();
    expect(dialing.result).toMatchObject({ nodeId: undefined, code, proxyFailed: false });
    expect(isGone(peer) || code === 'socks5-greeting-closed').toBe(true);
  });

  test('with the last byte of a refusal and the end of the stream in one turn reports the refusal', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 });
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0500');
    peer.send(bytesOf('05f0'));
    peer.end();
    await stage.settle();
    expect(dialing.result).toMatchObject({ code: 'tor-onion-descriptor-not-found' });
  });
});

describe('what is logged of a failure', () => {
  test.each([
    [{ isImportant: true }, 'info'],
    [{ isImportant: false }, 'debug'],
  ])('depends on importance for a refused connect (%j)', async (options, level) => {
    stage.dial('127.0.0.1:1', options);
    await stage.settle();
    expect(stage.node.log.filter((line) => line.includes('failed'))).toEqual([
      expect.stringMatching(new RegExp(`^${level}: connect to 127\\.0\\.0\\.1:1 failed: connection refused`)),
    ]);
  });

  test.each([true, false])('is always info for a proxy that is down (important: %s)', async (isImportant) => {
    stage.proxy.close();
    stage.dial('192.0.2.1:1', { proxy: PROXY, isImportant });
    await stage.settle();
    expect(stage.node.log.filter((line) => line.includes('failed'))).toEqual([
      expect.stringMatching(
        /^info: connect to 192\.0\.2\.1:1 through 127\.0\.0\.1:9050 failed: the proxy cannot be reached/,
      ),
    ]);
  });

  test.each([true, false])('is always debug for a peer that does not answer (important: %s)', async (isImportant) => {
    stage.net.faults = { connect: () => 'silent' };
    stage.dial('192.0.2.1:1', { isImportant });
    await stage.pass(5_000);
    expect(stage.node.log.filter((line) => line.includes('failed'))).toEqual([
      'debug: connect to 192.0.2.1:1 failed: timed out',
    ]);
  });

  test('is nothing for a proxy whose answer to the request does not come, as Tor does all day', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: PROXY, isImportant: true });
    await stage.answer(await stage.proxyEnd(), '0500');
    await stage.pass(20_000);
    expect(dialing.result).toMatchObject({ code: 'socks5-reply-timed-out' });
    expect(stage.node.log.filter((line) => line.includes('failed'))).toEqual([]);
  });

  test('is one line without credentials when the proxy refuses them', async () => {
    stage.dial(
      { host: 'h\nx', port: 1 },
      { proxy: { endpoint: PROXY, credentials: { username: 'alice', password: 'secret' } } },
    );
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0502', '0101');
    const failures = stage.node.log.filter((line) => line.includes('failed'));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/^error: [\x20-\x7e]+$/);
    expect(stage.node.log.join()).not.toContain('secret');
  });
});
