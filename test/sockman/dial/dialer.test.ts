// What all dials have in common, whichever way they go.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Service } from '../../../ts/netaddr/service.ts';
import type { ConnectOptions, ConnectTarget } from '../../../ts/sockman/dial/connect-options.ts';
import { GRANTED, PROXY, ProxyStage, isGone } from '../../harness/dials/dial-stage.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.end());

describe('the steps of a dial', () => {
  test('are told as they begin, where they must be awaited', async () => {
    const steps: string[] = [];
    stage.dial({ host: 'h', port: 1 }, { proxy: PROXY, onStep: (step) => void steps.push(step) });
    const peer = await stage.proxyEnd();
    await stage.answer(peer, '0500', GRANTED);
    expect(steps).toEqual(['connecting to 127.0.0.1:9050', 'SOCKS5 method choice', 'SOCKS5 reply']);
  });

  const allSteps = [
    'connecting to 127.0.0.1:9050',
    'SOCKS5 method choice',
    'SOCKS5 authentication',
    'SOCKS5 reply',
    'SOCKS5 bound name length',
    'SOCKS5 bound address',
    'SOCKS5 bound port',
  ];
  test.each(allSteps)('may be the last one that somebody wants to hear: %s', async (last) => {
    const controller = new AbortController();
    const steps: string[] = [];
    const dialing = stage.dial(
      { host: 'h', port: 1 },
      {
        proxy: { endpoint: PROXY, streamIsolation: true },
        signal: controller.signal,
        onStep: (step) => {
          steps.push(step);
          if (step === last) controller.abort();
        },
      },
    );
    await stage.settle();
    const peer = stage.proxy.peers[0];
    if (peer !== undefined) await stage.answer(peer, '0502', '0100', '05000003', '01', '61');
    expect(dialing.result).toMatchObject({ code: 'aborted' });
    expect(steps).toEqual(allSteps.slice(0, allSteps.indexOf(last) + 1));
    expect(peer === undefined || isGone(peer)).toBe(true);
    expect(stage.pendingTimers()).toBe(0);
  });

  test('disturb no dial when the listener throws', async () => {
    const errors: unknown[] = [];
    const other = new RecordingNode({
      backend: stage.net.createBackend,
      onCallbackError: (error, where) => void errors.push([error, where]),
    });
    other.startSocketsThreads();
    stage.net.listen('127.0.0.1:2');
    const ended = other.connectAndMakeNodeId('127.0.0.1:2', {
      onStep: () => {
        throw 'boom';
      },
    });
    await stage.settle();
    expect(await ended).toMatchObject({ nodeId: 0 });
    expect(errors).toEqual([['boom', 'onStep']]);
    await other[Symbol.asyncDispose]();
  });
});

test.each([
  ['directly', '127.0.0.1:2'],
  ['through a proxy', PROXY],
])('our end is nowhere, and not the peer, when the system does not name it: %s', async (_way, at) => {
  const other = new RecordingNode({
    backend: (options) => {
      const backend = stage.net.createBackend(options);
      const addressOf = backend.addressOf.bind(backend);
      backend.addressOf = (handle, end) => (end === 'local' ? undefined : addressOf(handle, end));
      return backend;
    },
  });
  other.startSocketsThreads();
  if (at !== PROXY) stage.net.listen(at);
  const ended = other.connectAndMakeNodeId('127.0.0.1:2', at === PROXY ? { proxy: PROXY } : {});
  if (at === PROXY) await stage.answer(await stage.proxyEnd(), '0500', GRANTED);
  await stage.settle();
  expect(String(((await ended) as { me: Service }).me)).toBe('[::]:0');
  expect(other.log.filter((line) => line.startsWith('warn'))).toEqual([expect.stringContaining(at)]);
  await other[Symbol.asyncDispose]();
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
      'stream isolation that is neither on nor off',
      '127.0.0.1:1',
      { proxy: { endpoint: PROXY, streamIsolation: 1 } },
      'ERR_SOCKMAN_INVALID_ARG',
    ],
    ['a session of its own, or not', i2p, { proxy: PROXY, forceTransientI2P: 'yes' }, 'ERR_SOCKMAN_INVALID_ARG'],
    ['importance that is neither', '127.0.0.1:1', { isImportant: 0 }, 'ERR_SOCKMAN_INVALID_ARG'],
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
    await expect(stage.node.connectAndMakeNodeId(to as ConnectTarget, options as ConnectOptions)).rejects.toMatchObject(
      {
        code,
      },
    );
    expect(stage.proxy.peers).toEqual([]);
  });
});

test('two hundred dials at a time do not wait for each other', async () => {
  stage.net.faults = { connect: ({ count }) => (count % 2 === 0 ? 'silent' : undefined) };
  stage.net.listen('192.0.2.1:1');
  const dials = Array.from({ length: 200 }, () => stage.dial('192.0.2.1:1', {}));
  await stage.settle();
  expect(dials.filter(({ result }) => result?.nodeId !== undefined)).toHaveLength(100);
  await stage.pass(5_000);
  expect(dials.filter(({ result }) => result?.nodeId === undefined)).toHaveLength(100);
  expect(new Set(dials.map(({ result }) => result?.nodeId)).size).toBe(101);
});
