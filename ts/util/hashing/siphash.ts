// SipHash-2-4 with 64-bit result: a keyed hash for tables and choices that a peer must not be able to steer.
//
// Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012). Not for signatures or for secrets that outlive the
// process. 64-bit words are pairs of 32-bit halves, low half first: several times as quick as bigint.

import { SockManError } from '../errors/errors.ts';

// Where the halves of the four state words are.
const V0 = 0;
const V1 = 2;
const V2 = 4;
const V3 = 6;

/** "somepseudorandomlygeneratedbytes", eight bytes for each state word, low half first. */
const INITIAL_STATE: readonly number[] = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
];

const BLOCK_ROUNDS = 2;
const FINAL_ROUNDS = 4;

/**
 * Hashes what is written to it, in any pieces. One object serves many messages: `reset` keeps the key.
 *
 * @example new SipHash(k0, k1).writeUint64(id).write(bytes).finalize()
 */
export class SipHash {
  /** The state that the key alone makes, the state now, and room to finish in. */
  readonly #keyed = new Int32Array(8);
  readonly #state: Int32Array;
  readonly #finished = new Int32Array(8);
  /** Where a block is put together. */
  readonly #block = new Uint8Array(8);
  readonly #result = new Uint32Array(2);
  #byteCount = 0;

  /**
   * @param k0 - First half of the key, a 64-bit number: bytes 0 to 7 of the key read little-endian.
   * @param k1 - Second half: bytes 8 to 15.
   */
  constructor(k0: bigint, k1: bigint) {
    const keyed = this.#keyed;
    keyed.set(INITIAL_STATE);
    for (const at of [V0, V2]) {
      keyed[at]! ^= lowHalf(k0);
      keyed[at + 1]! ^= highHalf(k0);
    }
    for (const at of [V1, V3]) {
      keyed[at]! ^= lowHalf(k1);
      keyed[at + 1]! ^= highHalf(k1);
    }
    this.#state = keyed.slice();
  }

  /** Starts a new message under the same key. */
  reset(): this {
    this.#state.set(this.#keyed);
    this.#byteCount = 0;
    return this;
  }

  /** Goes on from where another hash is, with its key, until the next `reset`: for many messages that begin alike. */
  copyFrom(other: SipHash): this {
    this.#state.set(other.#state);
    this.#block.set(other.#block);
    this.#byteCount = other.#byteCount;
    return this;
  }

  /** Adds bytes. */
  write(bytes: Uint8Array): this {
    const block = this.#block;
    let used = this.#byteCount & 7;
    let index = 0;
    while (index < bytes.length) {
      if (used === 0 && bytes.length - index >= 8) {
        compress(this.#state, halfAt(bytes, index), halfAt(bytes, index + 4));
        index += 8;
        continue;
      }
      block[used++] = bytes[index++]!;
      if (used < 8) continue;
      compress(this.#state, halfAt(block, 0), halfAt(block, 4));
      used = 0;
    }
    this.#byteCount += bytes.length;
    return this;
  }

  /**
   * Adds a 64-bit number as eight little-endian bytes.
   *
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: the bytes before it are not a multiple of eight.
   */
  writeUint64(value: bigint): this {
    if ((this.#byteCount & 7) !== 0) {
      throw new SockManError('ERR_SOCKMAN_STATE', `writeUint64 after ${this.#byteCount} bytes, not a multiple of 8`);
    }
    compress(this.#state, lowHalf(value), highHalf(value));
    this.#byteCount += 8;
    return this;
  }

  /** The hash of what was written so far. Changes nothing: more can be written, and the next call counts it all. */
  finalize(): bigint {
    const halves = this.finalizeHalves(this.#result);
    return (BigInt(halves[1]!) << 32n) | BigInt(halves[0]!);
  }

  /**
   * The hash as `finalize` has it, as two unsigned 32-bit numbers, low half first.
   *
   * @param target - Where to put them, and what is returned.
   */
  finalizeHalves(target: Uint32Array = new Uint32Array(2)): Uint32Array {
    // The last block holds what is left of the message, zeros, and the byte count modulo 256.
    this.#block.fill(0, this.#byteCount & 7);
    const low = halfAt(this.#block, 0);
    const high = halfAt(this.#block, 4) | (this.#byteCount << 24);
    const state = this.#finished;
    state.set(this.#state);
    compress(state, low, high);
    state[V2]! ^= 0xff;
    sipRounds(state, FINAL_ROUNDS);
    target[0] = state[V0]! ^ state[V1]! ^ state[V2]! ^ state[V3]!;
    target[1] = state[V0 + 1]! ^ state[V1 + 1]! ^ state[V2 + 1]! ^ state[V3 + 1]!;
    return target;
  }
}

function lowHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function highHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** Four bytes as a little-endian number, in two's complement. */
function halfAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** Takes one block of the message into the state. */
function compress(state: Int32Array, low: number, high: number): void {
  state[V3]! ^= low;
  state[V3 + 1]! ^= high;
  sipRounds(state, BLOCK_ROUNDS);
  state[V0]! ^= low;
  state[V0 + 1]! ^= high;
}

/** The rounds of the paper's figure 2.1, on locals: the state is read and written once for all of them. */
function sipRounds(state: Int32Array, rounds: number): void {
  let v0l = state[V0]!;
  let v0h = state[V0 + 1]!;
  let v1l = state[V1]!;
  let v1h = state[V1 + 1]!;
  let v2l = state[V2]!;
  let v2h = state[V2 + 1]!;
  let v3l = state[V3]!;
  let v3h = state[V3 + 1]!;
  let old: number;

  for (let round = 0; round < rounds; round++) {
    // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
    v0l = (v0l + v1l) | 0;
    v0h = (v0h + v1h + carry(v0l, v1l)) | 0;
    old = v1h;
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    v1l = ((v1l << 13) | (old >>> 19)) ^ v0l;
    old = v0h;
    v0h = v0l;
    v0l = old;

    // v2 += v3; v3 = rotl(v3, 16) ^ v2
    v2l = (v2l + v3l) | 0;
    v2h = (v2h + v3h + carry(v2l, v3l)) | 0;
    old = v3h;
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = ((v3l << 16) | (old >>> 16)) ^ v2l;

    // v0 += v3; v3 = rotl(v3, 21) ^ v0
    v0l = (v0l + v3l) | 0;
    v0h = (v0h + v3h + carry(v0l, v3l)) | 0;
    old = v3h;
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = ((v3l << 21) | (old >>> 11)) ^ v0l;

    // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
    v2l = (v2l + v1l) | 0;
    v2h = (v2h + v1h + carry(v2l, v1l)) | 0;
    old = v1h;
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    v1l = ((v1l << 17) | (old >>> 15)) ^ v2l;
    old = v2h;
    v2h = v2l;
    v2l = old;
  }

  state[V0] = v0l;
  state[V0 + 1] = v0h;
  state[V1] = v1l;
  state[V1 + 1] = v1h;
  state[V2] = v2l;
  state[V2 + 1] = v2h;
  state[V3] = v3l;
  state[V3 + 1] = v3h;
}

/** What adding two low halves carries into the high ones, seen from the sum and either addend. */
function carry(sum: number, addend: number): number {
  return sum >>> 0 < addend >>> 0 ? 1 : 0;
}
