// Memory for received bytes, which handlers are lent and must not be able to take away.

const WASM_PAGE_BYTES = 65_536;

/**
 * Memory that cannot be detached. Handlers see it (`data.buffer`) and could transfer an ordinary buffer away: to be freed
 * under the feet of native code, or to leave a backend without room for what comes next. The buffer of a WebAssembly
 * memory cannot be detached. Where there is no WebAssembly (`--jitless`), shared memory has the same property.
 */
export function fixedMemory(bytes: number): Uint8Array {
  const { WebAssembly } = globalThis as { WebAssembly?: { Memory: new (size: object) => { buffer: ArrayBuffer } } };
  if (WebAssembly === undefined) return new Uint8Array(new SharedArrayBuffer(bytes));
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return new Uint8Array(buffer, 0, bytes);
}
