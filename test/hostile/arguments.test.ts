// A table of hostile values for every argument of every public method: the documented error or result, never a crash.

import { describe, expect, it } from 'vitest';
import { MAX_NODE_IDS } from '../../ts/sockman/arguments.ts';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { describeEachBackend } from '../harness/backends.ts';
import type { Probe } from '../harness/probe.ts';
import { noise } from '../harness/peers/noise.ts';
import { until } from '../harness/until.ts';

const INVALID = 'ERR_SOCKMAN_INVALID_ARG';
const RANGE = 'ERR_SOCKMAN_OUT_OF_RANGE';

/** Values that nobody should pass. */
const HOSTILE: [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a boolean', true],
  ['a string', 'hello'],
  ['an empty string', ''],
  ['a bigint', 5n],
  ['a symbol', Symbol('hostile')],
  ['a function', () => {}],
  ['an object', {}],
  ['an object without a prototype', Object.create(null)],
  ['an array', [1, 2, 3]],
  ['a date', new Date(0)],
  [
    'an object that throws when it is made a string',
    {
      toString() {
        throw new Error('hostile');
      },
    },
  ],
  ['a proxy that throws', new Proxy({}, { get: () => raise(), has: () => raise(), getPrototypeOf: () => raise() })],
];

function raise(): never {
  throw new TypeError('hostile proxy');
}

/** Methods that take a node id first. */
const BY_NODE_ID: [string, (probe: Probe, id: never) => unknown][] = [
  ['closeConnection', (probe, id) => probe.closeConnection(id)],
  ['resetConnection', (probe, id) => probe.resetConnection(id)],
  ['shutdownSend', (probe, id) => probe.shutdownSend(id)],
  ['sendBytes', (probe, id) => probe.sendBytes(id, new Uint8Array(1))],
  ['sendBytesMany', (probe, id) => probe.sendBytesMany([id], new Uint8Array(1))],
  ['wake', (probe, id) => probe.wake(id)],
  ['duplex', (probe, id) => probe.duplex(id)],
  ['addressesOf', (probe, id) => probe.addressesOf(id)],
  ['countersOf', (probe, id) => probe.countersOf(id)],
  ['tcpInfoOf', (probe, id) => probe.tcpInfoOf(id)],
];

const BY_ADDRESS: [string, (probe: Probe, address: never) => unknown][] = [
  ['bindAndStartListening', (probe, address) => probe.bindAndStartListening(address)],
  ['stopListening', (probe, address) => probe.stopListening(address)],
  ['pauseAccepting', (probe, address) => probe.pauseAccepting(address)],
  ['resumeAccepting', (probe, address) => probe.resumeAccepting(address)],
];

function codeOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'no error';
}

describeEachBackend('hostile arguments', (stage) => {
  describe.each(BY_NODE_ID)('%s', (_name, call) => {
    it.each(HOSTILE)('refuses %s for a node id', async (_title, value) => {
      const { probe } = await stage.connected();
      expect(codeOf(() => call(probe, value as never))).toBe(INVALID);
      expect(probe.connectionCount).toBe(1);
    });
  });

  describe.each(BY_ADDRESS)('%s', (name, call) => {
    it.each(HOSTILE)('refuses %s for an address', (title, value) => {
      // All listeners is what leaving the address out means.
      if (value === undefined && name !== 'bindAndStartListening') return;
      const code = codeOf(() => call(stage.probe(), value as never));
      if (title === 'a proxy that throws') expect(code).not.toBe('no error');
      else expect(code).toBe(INVALID);
    });

    it.each([
      '127.0.0.1',
      '127.0.0.1:65536',
      '127.0.0.1:-1',
      '[::1',
      'localhost:80',
      'unix:',
      `unix:/${'x'.repeat(200)}`,
    ])('refuses the text %s', (text) => {
      expect(codeOf(() => call(stage.probe(), text as never))).toBe(INVALID);
    });

    it.each([-1, 65_536, 1.5, NaN])('refuses the port %d', (port) => {
      const foreign = { address: '127.0.0.1', port, toString: () => '127.0.0.1:1' };
      expect(codeOf(() => call(stage.probe(), foreign as never))).toBe(RANGE);
    });
  });

  it.each(HOSTILE)('refuses %s for bytes', async (title, value) => {
    const { probe, nodeId } = await stage.connected();
    for (const call of [
      () => probe.sendBytes(nodeId, value as never),
      () => probe.sendBytesMany([nodeId], value as never),
    ]) {
      if (title === 'a proxy that throws') expect(call).toThrow(TypeError);
      else expect(codeOf(call)).toBe(INVALID);
    }
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['a number', 5],
    ['a string', '01'],
    ['a function', () => {}],
    ['a set', new Set([0])],
  ])('refuses %s for a list of node ids', async (_title, ids) => {
    const { probe } = await stage.connected();
    expect(codeOf(() => probe.sendBytesMany(ids as never, new Uint8Array(1)))).toBe(INVALID);
  });

  it.each([-1, 1.5, NaN, Infinity, MAX_NODE_IDS + 1, 2 ** 40])('refuses a list of %d node ids', async (length) => {
    const { probe } = await stage.connected();
    expect(codeOf(() => probe.sendBytesMany({ length }, new Uint8Array(1)))).toBe(RANGE);
  });

  it('takes a list of as many node ids as there can be connections', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const ids = new Int32Array(MAX_NODE_IDS).fill(99);
    ids[MAX_NODE_IDS - 1] = nodeId;
    expect(probe.sendBytesMany(ids, Buffer.from('last'))[MAX_NODE_IDS - 1]).toBe(4);
    await until('the bytes', () => peer.bytes.toString() === 'last');
  });

  it.each(HOSTILE)('refuses %s for a destination, a proxy, a local address and a signal', async (_title, value) => {
    const probe = stage.probe();
    const rejects = async (call: () => Promise<unknown>): Promise<void> => {
      await expect(call()).rejects.toBeInstanceOf(TypeError);
    };
    await rejects(() => probe.connectAndMakeNodeId(value as never));
    if (value === undefined) return;
    await rejects(() => probe.connectAndMakeNodeId('127.0.0.1:1', { localAddress: value as never }));
    await rejects(() => probe.connectAndMakeNodeId('127.0.0.1:1', { signal: value as never }));
    await rejects(() => probe.connectAndMakeNodeId('127.0.0.1:1', { proxy: value as never }));
    expect(probe.stats()).toMatchObject({ dialed: 0, dialFailures: 0 });
  });

  it.each([0, -1, 1.5, NaN, 2 ** 31])('refuses a timeout of %d ms', async (timeoutMs) => {
    await expect(stage.probe().connectAndMakeNodeId('127.0.0.1:1', { timeoutMs })).rejects.toMatchObject({
      code: RANGE,
    });
  });

  it('needs a proxy for a name', async () => {
    const probe = stage.probe();
    const named = probe.connectAndMakeNodeId({ host: 'example.org', port: 80 });
    await expect(named).rejects.toMatchObject({ code: INVALID });
    const proxied = probe.connectAndMakeNodeId({ host: 'example.org', port: 65_536 }, { proxy: '127.0.0.1:1' });
    await expect(proxied).rejects.toMatchObject({ code: RANGE });
  });

  describe('buffers', () => {
    it('refuses a detached one', async () => {
      const { probe, nodeId } = await stage.connected();
      const bytes = new Uint8Array(8);
      structuredClone(bytes, { transfer: [bytes.buffer] });
      expect(codeOf(() => probe.sendBytes(nodeId, bytes))).toBe(INVALID);
      expect(codeOf(() => probe.sendBytesMany([nodeId], bytes))).toBe(INVALID);
    });

    it('sends shared memory as it stands', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      const bytes = new Uint8Array(new SharedArrayBuffer(5));
      bytes.set(Buffer.from('share'));
      expect(probe.sendBytes(nodeId, bytes)).toBe(5);
      expect([...probe.sendBytesMany([nodeId], bytes)]).toEqual([5]);
      await until('the bytes', () => peer.bytes.toString() === 'shareshare');
    });

    it('sends what a resizable buffer holds now, and nothing where it shrank away', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      const Resizable = ArrayBuffer as unknown as new (
        bytes: number,
        options: object,
      ) => ArrayBuffer & {
        resize(bytes: number): void;
      };
      const buffer = new Resizable(4, { maxByteLength: 8 });
      const all = new Uint8Array(buffer);
      const tail = new Uint8Array(buffer, 2, 2);
      all.set(Buffer.from('abcd'));
      expect(probe.sendBytes(nodeId, all)).toBe(4);
      buffer.resize(3);
      expect(probe.sendBytes(nodeId, all)).toBe(3);
      expect(probe.sendBytes(nodeId, tail)).toBe(0);
      buffer.resize(8);
      expect(probe.sendBytes(nodeId, all)).toBe(8);
      await until('the bytes', () => peer.receivedBytes === 15);
      expect(peer.bytes.subarray(0, 7).toString()).toBe('abcdabc');
    });

    it('survives a handler that transfers the lent memory away, or fails to', async () => {
      const { probe, peer, nodeId } = await stage.connected();
      probe.on.eventGotData = (_id, data) => {
        structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
      };
      peer.send('x');
      await until('the byte', () => probe.text(nodeId) === 'x');
      delete probe.on.eventGotData;
      peer.send(noise(1, 500_000));
      await until('the rest', () => probe.receivedBytes(nodeId) === 500_001);
      expect(probe.bytes(nodeId).subarray(1).equals(noise(1, 500_000))).toBe(true);
    });
  });

  describe('options', () => {
    const LIMITS: [keyof SockManOptions, number, number][] = [
      ['receiveChunkBytes', 1, 16 * 1024 * 1024],
      ['acceptBatch', 1, 512],
      ['backlog', 1, 65_535],
      ['keepAliveSeconds', 0, 32_767],
      ['receiveBufferBytes', 0, 2 ** 30],
      ['sendBufferBytes', 0, 2 ** 30],
      ['connectTimeoutMs', 1, 2 ** 31 - 1],
    ];

    it.each(LIMITS)('takes %s from %i to %i, and nothing beyond', async (name, min, max) => {
      for (const value of [min, max]) {
        // Buffers of a GiB are the kernel's to cut; in memory they would only be a number.
        const probe = stage.probe({ [name]: value });
        const { peer, nodeId } = await stage.another(probe, stage.listen(probe));
        peer.send('x');
        await until('the byte', () => probe.text(nodeId) === 'x');
      }
      for (const value of [min - 1, max + 1, min + 0.5, NaN, Infinity]) {
        expect(codeOf(() => stage.idleProbe({ [name]: value }))).toBe(RANGE);
      }
      for (const value of ['1', null, true, {}]) {
        expect(codeOf(() => stage.idleProbe({ [name]: value }))).toBe(INVALID);
      }
    });

    it.each(['reusePort', 'dualStack', 'noDelay', 'poisonReceivedBytes'])('takes only booleans for %s', (name) => {
      for (const value of [0, 1, 'true', null, {}]) {
        expect(codeOf(() => stage.idleProbe({ [name]: value }))).toBe(INVALID);
      }
    });

    it('refuses what is no name for the start, which is then still to come', () => {
      for (const name of [5, null, {}, Symbol('name')]) {
        const probe = stage.idleProbe();
        expect(codeOf(() => probe.startSocketsThreads({ name: name as never }))).toBe(INVALID);
        probe.startSocketsThreads({ name: 'second' });
      }
    });

    it('refuses a logger without all of its methods', () => {
      const { log } = console;
      for (const logger of [{}, { debug: log, info: log, warn: log }, { debug: log, info: log, warn: log, error: 5 }]) {
        expect(codeOf(() => stage.idleProbe({ logger: logger as never }))).toBe(INVALID);
      }
    });

    it.each(['backend', 'poller', 'onCallbackError', 'logger'])('refuses unknown values of %s', (name) => {
      for (const value of [0, 'windows', null, {}]) {
        expect(codeOf(() => stage.idleProbe({ [name]: value }))).toBe(INVALID);
      }
    });

    it('refuses what is no object for options of the constructor and of the start', () => {
      for (const value of [null, 5, 'fast']) {
        expect(codeOf(() => createSockMan({ eventGotData: () => {} }, value as never))).toBe(INVALID);
        expect(codeOf(() => stage.idleProbe().startSocketsThreads(value as never))).toBe(INVALID);
      }
    });
  });
});
