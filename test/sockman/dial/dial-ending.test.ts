// Dials that are ended before they end.

import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { ConnectOptions } from '../../../ts/sockman/dial/connect-options.ts';
import { EAGAIN } from '../../../ts/util/errors/errno.ts';
import { PROXY, ProxyStage } from '../../harness/dials/dial-stage.ts';
import type { Dialing } from '../../harness/dials/dial-stage.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.end());

describe('ending a dial early', () => {
  const moments: Record<string, string[]> = {
    connecting: [],
    greeting: [],
    reply: ['0500'],
    address: ['0500', '05000003'],
  };
  for (const [moment, answers] of Object.entries(moments)) {
    const reach = async (options: ConnectOptions): Promise<Dialing> => {
      if (moment === 'connecting') stage.net.faults = { connect: () => 'silent' };
      const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: PROXY, ...options });
      if (moment === 'connecting') return dialing;
      const peer = await stage.proxyEnd();
      await stage.answer(peer, ...answers);
      return dialing;
    };

    test(`by its signal works while ${moment}`, async () => {
      const controller = new AbortController();
      const dialing = await reach({ signal: controller.signal });
      controller.abort();
      expect(stage.pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'aborted', proxyFailed: false });
    });

    test(`by interruptNet works while ${moment}`, async () => {
      const dialing = await reach({});
      stage.node.interruptNet();
      expect(stage.pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'interrupted', proxyFailed: false });
      await stage.node.joinSocketsThreads();
    });

    test(`by closeSockets works while ${moment}`, async () => {
      const dialing = await reach({});
      stage.node.closeSockets();
      expect(stage.pendingTimers()).toBe(0);
      expect(await dialing.ended).toMatchObject({ nodeId: undefined, code: 'interrupted' });
    });
  }

  // Only a real kernel has such a queue (unix-queue.test.ts); here its answer is enough.
  test.each(['signal', 'interruptNet', 'closeSockets'])('by %s works while a full queue is tried again', async (by) => {
    let tries = 0;
    const other = new RecordingNode({
      backend: (options) => {
        const backend = stage.net.createBackend(options);
        backend.connect = () => ((tries += 1), { ok: false, syscall: 'connect', errno: EAGAIN });
        return backend;
      },
    });
    other.startSocketsThreads();
    const controller = new AbortController();
    const ended = other.connectAndMakeNodeId('unix:/queue', { signal: controller.signal });
    await stage.pass(10);
    expect(tries).toBe(2);
    if (by === 'signal') controller.abort();
    else other[by as 'interruptNet' | 'closeSockets']();
    expect(stage.pendingTimers()).toBe(0);
    expect(await ended).toMatchObject({ code: by === 'signal' ? 'aborted' : 'interrupted' });
    await stage.pass(1_000);
    expect(tries).toBe(2);
    await other[Symbol.asyncDispose]();
  });

  test('by a signal that has fired before touches no network', async () => {
    const dialing = stage.dial({ host: 'h', port: 1 }, { proxy: PROXY, signal: AbortSignal.abort() });
    expect(await dialing.ended).toMatchObject({ code: 'aborted' });
    expect(stage.proxy.peers).toEqual([]);
  });

  test('where its failure is logged changes nothing: it failed once', async () => {
    const lines: string[] = [];
    const interrupt = (line: string): void => {
      if (lines.push(line) < 5) other.interruptNet();
    };
    const other = new RecordingNode({
      backend: stage.net.createBackend,
      logger: { debug() {}, info: interrupt, warn: interrupt, error: interrupt },
    });
    other.startSocketsThreads();
    const ended = other.connectAndMakeNodeId('127.0.0.1:1', { isImportant: true });
    await stage.settle();
    expect(await ended).toMatchObject({ code: 'connection-refused' });
    expect(lines).toHaveLength(1);
    expect(other.stats().dialFailures).toBe(1);
    await other[Symbol.asyncDispose]();
  });

  test('leaves no listener on its signal, as a success does', async () => {
    const { signal } = new AbortController();
    stage.net.listen('127.0.0.1:2');
    const dials = ['127.0.0.1:2', '127.0.0.1:1'].map((to) => stage.dial(to, { signal }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await stage.settle();
    expect(dials.map(({ result }) => result?.nodeId)).toEqual([0, undefined]);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('by a signal that fires after success changes nothing', async () => {
    const controller = new AbortController();
    stage.net.listen('127.0.0.1:2');
    const dialing = stage.dial('127.0.0.1:2', { signal: controller.signal });
    await stage.settle();
    controller.abort();
    await stage.settle();
    expect(dialing.result?.nodeId).toBe(0);
    expect(stage.node.connectionCount).toBe(1);
  });
});
