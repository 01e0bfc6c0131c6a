// How long a dial may take, and each of its steps.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { MemoryNetwork } from '../../../ts/testing.ts';
import { PROXY, ProxyStage, isGone } from '../../harness/dials/dial-stage.ts';
import { bytesOf } from '../../harness/peers/handshake.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.end());

describe('deadlines', () => {
  test.each([
    ['a direct connect', {}, 'timed-out', false],
    ['a connect to a proxy', { proxy: PROXY }, 'proxy-connect-timed-out', true],
  ])('%s takes as long as it may and not longer', async (_what, options, code, proxyFailed) => {
    stage.net.faults = { connect: () => 'silent' };
    for (const timeoutMs of [undefined, 700]) {
      const limit = timeoutMs ?? 5_000;
      const dialing = stage.dial('192.0.2.1:1', timeoutMs === undefined ? options : { ...options, timeoutMs });
      await stage.pass(limit - 1);
      expect(dialing.result).toBeUndefined();
      await stage.pass(1);
      expect(dialing.result).toMatchObject({ code, proxyFailed });
    }
  });

  test('a proxy may take 15 s for each step', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
    const peer = await stage.proxyEnd();
    for (const answer of ['0502', '0100', '05000003', '01', '61', '0000']) {
      await stage.pass(15_000);
      expect(dialing.result).toBeUndefined();
      await stage.answer(peer, answer);
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
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: { endpoint: PROXY, streamIsolation: true } });
    const peer = await stage.proxyEnd();
    await stage.answer(peer, ...answers);
    await stage.pass(19_999);
    expect(dialing.result).toBeUndefined();
    await stage.pass(1);
    expect(dialing.result).toMatchObject({ code, proxyFailed: false });
    expect(isGone(peer)).toBe(true);
  });

  test('a step has 20 s however long connecting may take', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: PROXY, timeoutMs: 60_000 });
    await stage.pass(20_000);
    expect(dialing.result).toMatchObject({ code: 'socks5-greeting-timed-out' });
  });

  test('a proxy that drips a byte a second inside one step gains no time', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 });
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0500');
    peer.send(bytesOf('05000003ff'));
    for (let second = 0; second < 19; second += 1) {
      await stage.answer(peer, '61');
      stage.net.clock.advance(1_000);
    }
    await stage.settle();
    expect(dialing.result).toBeUndefined();
    await stage.pass(1_000);
    expect(dialing.result).toMatchObject({ code: 'socks5-reply-timed-out' });
  });

  test('a proxy that never reads fails when the greeting could not be sent in 20 s', async () => {
    const narrow = new MemoryNetwork({ bufferBytes: 1, latencyMs: 1 });
    const listener = narrow.listen(PROXY);
    const other = new RecordingNode({ backend: narrow.createBackend });
    other.startSocketsThreads();
    const proxy = { endpoint: PROXY, streamIsolation: true };
    const ended = other.connectAndMakeNodeId({ host: 'h', port: 1 }, { proxy });
    while (listener.peers.length === 0) narrow.clock.advance(1);
    listener.peers[0]!.pauseReading();
    narrow.clock.advance(100);
    expect(other.stats().sentBytes).toBe(3);
    narrow.clock.advance(20_000);
    expect(await ended).toMatchObject({ code: 'socks5-greeting-timed-out' });
    await other[Symbol.asyncDispose]();
  });
});
