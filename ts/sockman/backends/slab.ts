// Memory that native code fills or handlers are lent, and that cannot be detached.

const WASM_PAGE_BYTES = 65_536;

/** Most sockets that the native engine receives from in one turn. */
const KEPT_VIEWS = 64;

/** Memory for received bytes, and the views of it that are lent to callbacks. */
export class Slab {
  readonly bytes: Uint8Array;
  /** Read once: V8 does not inline the getter of `bytes.buffer` into its callers, and `view` runs for each message. */
  readonly #buffer: ArrayBufferLike;
  /** The last view that was lent, and its offset. */
  lent: Uint8Array | undefined;
  lentOffset = 0;
  /**
   * Views by their order in a turn. Messages of one size lie at the same places in each turn, and their views need not be made
   * anew: a handler that keeps one sees other bytes in it in any case.
   */
  readonly #views: Uint8Array[];
  #nextView = 0;

  constructor(length: number) {
    this.#buffer = fixedMemory(length);
    this.bytes = new Uint8Array(this.#buffer, 0, length);
    this.#views = Array.from({ length: KEPT_VIEWS }, () => this.bytes);
  }

  /** A view to lend. Made with `new`: `subarray` costs more, because it looks up a species first. */
  view(offset: number, length: number): Uint8Array {
    this.lentOffset = offset;
    // The bytes of a turn begin at the front: its first view is most likely that of the turn before.
    if (offset === 0) this.#nextView = 0;
    const at = this.#nextView++ % KEPT_VIEWS;
    const kept = this.#views[at]!;
    if (kept.byteOffset === offset && kept.length === length) return (this.lent = kept);
    return (this.lent = this.#views[at] = new Uint8Array(this.#buffer, offset, length));
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
