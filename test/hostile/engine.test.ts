// The native engine, called by hand with what TypeScript would never pass: errors and refusals, never a crash.

import { describe, expect, it } from 'vitest';
import { loadAddon } from '../../native/load.cjs';
import type { Addon, Engine } from '../../native/load.cjs';
import { EBADF } from '../../ts/util/errors/errno.ts';

const loaded = loadAddon();
const SETTINGS = [65_536, 64, 1, 0, 0, 0];
const INVALID = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as unknown as Error;

function makeEngine(addon: Addon): Engine {
  const [records, slab, exchange] = [new Int32Array(2048), new Uint8Array(3 * 65_536), new Int32Array(37)];
  return new addon.Engine(records, slab, exchange, Int32Array.from(SETTINGS), '');
}

const WRONG: unknown[] = [undefined, null, true, -1, NaN, 2 ** 40, 1.5, 'text', 5n, Symbol('s'), {}, [], () => {}];
const ARRAYS: unknown[] = [
  new Uint8Array(0),
  new Float64Array(5),
  new Int32Array(1),
  new DataView(new ArrayBuffer(8)),
  new ArrayBuffer(8),
  new SharedArrayBuffer(8),
  detached(),
];

function detached(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
}

describe.skipIf(!loaded.ok)(`the engine ${loaded.ok ? '' : `(skipped: ${loaded.reason})`}`, () => {
  const { addon } = loaded as { addon: Addon };
  const methods = Object.getOwnPropertyNames(addon.Engine.prototype).filter((name) => name !== 'constructor');
  const bound = ['send', 'receive', 'sendLent', 'setReceiving', 'localAddress', 'remoteAddress', 'close'] as const;

  it('has the methods that these tests are about', () => {
    expect(methods.length).toBeGreaterThanOrEqual(9);
    const engine = makeEngine(addon);
    for (const name of bound) expect(typeof engine[name]).toBe('function');
    engine.destroy();
  });

  it.each(methods)('refuses a wrong receiver for %s', (name) => {
    const method = (addon.Engine.prototype as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
    for (const receiver of [undefined, null, 5, {}, [], addon, Object.create(addon.Engine.prototype), new Map()]) {
      expect(() => method.call(receiver, 1, 2, 3)).toThrow(TypeError);
    }
  });

  it('serves the engine that a bound method was taken from, whatever it is called on', () => {
    const engine = makeEngine(addon);
    expect(Reflect.apply(engine.send, {}, [1, new Uint8Array(1), false])).toBe(0);
    expect(Reflect.apply(engine.receive, null, [1])).toBeLessThan(0);
    expect(Reflect.apply(engine.remoteAddress, addon, [])).toBeUndefined();
    expect(Reflect.apply(engine.setReceiving, undefined, [1, true])).toBeUndefined();
    expect(Reflect.apply(engine.close, new Map(), [1])).toBeUndefined();
    engine.destroy();
  });

  it('cannot be made without its memory, its settings and a poller that exists', () => {
    const good: unknown[] = [
      new Int32Array(2048),
      new Uint8Array(3 * 65_536),
      new Int32Array(37),
      Int32Array.from(SETTINGS),
      '',
    ];
    const Loose = addon.Engine as unknown as new (...args: unknown[]) => Engine;
    for (let argument = 0; argument < 4; argument++) {
      for (const value of [...WRONG, ...ARRAYS]) {
        expect(() => new Loose(...good.with(argument, value))).toThrow();
      }
    }
    expect(() => new Loose(...good.with(2, new Int32Array(36)))).toThrowError(INVALID);
    expect(() => new Loose(...good.with(4, 'select'))).toThrowError(
      expect.objectContaining({ code: 'ERR_SOCKMAN_BACKEND' }),
    );
    expect(() => new Loose()).toThrow();
    expect(() => Reflect.apply(Loose, undefined, good)).toThrowError(INVALID);
  });

  it.each([...methods, ...bound])('takes anything for the arguments of %s', (name) => {
    const engine = makeEngine(addon) as unknown as Record<string, (...args: unknown[]) => unknown>;
    const all = [...WRONG, ...ARRAYS];
    for (const first of all) {
      for (const second of all) {
        try {
          engine[name]!(first, second, second, first, second);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }
    }
    engine['destroy']!();
  });

  it('knows no handle that was never given out, on a live engine and a destroyed one', () => {
    const engine = makeEngine(addon);
    for (const destroy of [false, true]) {
      if (destroy) engine.destroy();
      for (const handle of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
        expect(engine.send(handle, new Uint8Array(1), false)).toBe(0);
        expect(engine.receive(handle)).toBeLessThan(0);
        expect(engine.shutdownSend(handle)).toBeLessThan(0);
        expect(engine.countersOf(handle, new Float64Array(5))).toBe(false);
        expect(engine.tcpInfoOf(handle, new Float64Array(5))).toBe(false);
        engine.close(handle);
        engine.reset(handle);
        engine.setReceiving(handle, true);
        engine.setAccepting(handle, false);
      }
      engine.stop();
    }
  });

  it('has no address for a handle that was never given out, nor bytes to send outside the slab', () => {
    const exchange = new Int32Array(37);
    const engine = new addon.Engine(
      new Int32Array(2048),
      new Uint8Array(3 * 65_536),
      exchange,
      Int32Array.from(SETTINGS),
      '',
    );
    for (const handle of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) {
      exchange.set([handle, 0, 5], 2);
      expect(engine.sendLent()).toBe(0);
      for (const name of ['localAddress', 'remoteAddress'] as const) {
        exchange[4] = 5;
        engine[name]();
        expect(exchange[4]).toBe(0);
      }
    }
    for (const [offset, length] of [
      [-1, 1],
      [0, -1],
      [3 * 65_536, 1],
      [1, 3 * 65_536],
      [2 ** 31 - 1, 2 ** 31 - 1],
    ] as const) {
      exchange.set([0, offset, length], 2);
      expect(() => engine.sendLent()).toThrow(INVALID);
    }
    engine.destroy();
  });

  it('opens nothing once it is destroyed', () => {
    const exchange = new Int32Array(37);
    const slab = new Uint8Array(3 * 65_536);
    const engine = new addon.Engine(new Int32Array(2048), slab, exchange, Int32Array.from(SETTINGS), addon.pollers[0]!);
    engine.destroy();
    // IPv4 (4), port 0, no scope, 127.0.0.1: see native/core/address.h.
    const anyPort = Uint8Array.of(4, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1);
    expect(engine.listen(anyPort, 1, false, false)).toBe(-1);
    expect(exchange[1]).toBe(EBADF);
    expect(engine.start(() => true)).toBeUndefined();
  });

  it('takes no object for an engine because of its prototype', () => {
    const impostor = Object.setPrototypeOf({}, addon.Engine.prototype) as Engine;
    expect(() => impostor.close(1)).toThrow(TypeError);
  });
});
