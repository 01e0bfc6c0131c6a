// Memory that native code fills or handlers are lent, and that cannot be detached.

const WASM_PAGE_BYTES = 65_536;

/** Memory for received bytes, and the views of it that are lent to callbacks. */
export class Slab {
  readonly bytes: Uint8Array;
  /** Read once: V8 does not inline the getter of `bytes.buffer` into its callers, and `view` runs for each message. */
  readonly #buffer: ArrayBufferLike;
  /** The last view that was lent, and its offset. */
  lent: Uint8Array | undefined;
  lentOffset = 0;

  constructor(length: number) {
    this.#buffer = fixedMemory(length);
    this.bytes = new Uint8Array(this.#buffer, 0, length);
  }

  /** A view to lend. Made anew each time: `subarray` costs more, because it looks up a species first. */
  view(offset: number, length: number): Uint8Array {
    this.lentOffset = offset;
    return (this.lent = new Uint8Array(this.#buffer, offset, length));
  }
}

/** Words of 32 bits for native code to fill. */
export function undetachableWords(length: number): Int32Array {
  return new Int32Array(fixedMemory(length * Int32Array.BYTES_PER_ELEMENT), 0, length);
}

/**
 * Memory that cannot be detached. Handlers see it (`data.buffer`) and could transfer an ordinary buffer away, which would
 * free it while native code uses it, or leave a backend without room for the next bytes. The buffer of a WebAssembly memory
 * cannot be detached. Where there is no WebAssembly (`--jitless`), shared memory has the same property.
 */
function fixedMemory(bytes: number): ArrayBufferLike {
  const { WebAssembly } = globalThis as { WebAssembly?: { Memory: new (size: object) => { buffer: ArrayBuffer } } };
  if (WebAssembly === undefined) return new SharedArrayBuffer(bytes);
  const pages = Math.ceil(bytes / WASM_PAGE_BYTES);
  return new WebAssembly.Memory({ initial: pages, maximum: pages }).buffer;
}
