import { afterEach, describe, expect, it, vi } from 'vitest';

import { FunctionBuilder, i32, i64, instantiate, repeat } from '../../ts/p2p/wasm.ts';
import type { Local } from '../../ts/p2p/wasm.ts';

afterEach(() => vi.unstubAllGlobals());

describe('instantiate', () => {
  it('builds functions that run', () => {
    const f = new FunctionBuilder('powersOfThree', 2);
    const [at, end] = f.params as [Local, Local];
    const value = f.local('i64');
    f.emit(
      value.set(i64.const(1)),
      repeat(
        [
          i64.store(at.get, value.get),
          value.set(i64.mul(value.get, i64.const(3))),
          at.set(i32.add(at.get, i32.const(8))),
        ],
        i32.ltU(at.get, end.get),
      ),
    );
    const { memory, functions } = instantiate([f], 1);
    functions['powersOfThree']!(0, 8 * 41);
    const view = new DataView(memory.buffer);
    for (let i = 0; i < 41; i++) expect(view.getBigUint64(8 * i, true)).toBe(BigInt.asUintN(64, 3n ** BigInt(i)));
  });

  it('encodes constants of every size and sign', () => {
    const values = [0n, 63n, 64n, -64n, -65n, 2n ** 31n, -(2n ** 31n), 2n ** 63n - 1n, -(2n ** 63n)];
    const f = new FunctionBuilder('constants', 0);
    values.forEach((value, i) => f.emit(i64.store(i32.const(8 * i), i64.const(value))));
    const { memory, functions } = instantiate([f], 1);
    functions['constants']!();
    const view = new DataView(memory.buffer);
    values.forEach((value, i) => expect(view.getBigInt64(8 * i, true)).toBe(value));
  });

  it('says so when the engine has no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(() => instantiate([], 1)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_BACKEND' }));
  });
});
