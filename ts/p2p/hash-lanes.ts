// The checksums of several short messages at a time, as WebAssembly.
//
// Calling node:crypto for a message of one or two blocks takes ten times as long as hashing it does. Here four messages
// share the vector registers, a 32-bit lane each. Plain SHA-256, of which nothing depends on what is hashed but the
// values themselves; where there is no WebAssembly with vector instructions, node:crypto does it after all.
// (FIPS 180-4; figures in bench/cases/programs/addrman.mjs)

import { SockManError } from '../util/errors/errors.ts';
import { FunctionBuilder, i32, instantiate, repeat, v128 } from './wasm.ts';
import type { Code, Local } from './wasm.ts';
import { checksum32 } from './hash.ts';

/** How many messages are hashed together. */
export const LANES = 4;

const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const STATE_WORDS = 8;
const ROUNDS = 64;
const DIGEST_BITS = 256;
/** What a block must have room for behind the message: a one-bit, in a byte of its own, and the length in bits. */
const PADDING_BYTES = 9;

// Places in the kernel's memory, in bytes. A vector holds the same word of each message.
const VECTOR_BYTES = 16;
const CONSTANTS_AT = 0;
const STATE_AT = CONSTANTS_AT + ROUNDS * 4;
const BLOCK_AT = STATE_AT + STATE_WORDS * VECTOR_BYTES;
const PAGE_COUNT = 1;

interface LaneKernel {
  /** The hash values, eight vectors, and the block, sixteen: words as numbers of the processor's byte order. */
  readonly state: Int32Array;
  readonly block: Int32Array;
  /** Mixes the block into the state. */
  compress(): void;
}

/**
 * `checksum32` of each message.
 *
 * @param messages - At most `LANES`; quick if they have one or two blocks, as many as each other. Lent for the call.
 * @param sums - Takes one number for each.
 */
export function checksums32(messages: readonly Uint8Array[], sums: Int32Array): void {
  const kernel = messages.length > 1 && laneKernel();
  const blockCount = blocksOf(messages[0]!);
  if (kernel === false || messages.some((message) => blocksOf(message) !== blockCount)) {
    for (let lane = 0; lane < messages.length; lane++) sums[lane] = checksum32(messages[lane]!);
    return;
  }
  const { block, state } = kernel;
  state.set(INITIAL_STATE);
  for (let at = 0; at < blockCount; at++) {
    for (let lane = 0; lane < messages.length; lane++) writeBlock(block, lane, messages[lane]!, at);
    kernel.compress();
  }
  block.set(state);
  block.set(DIGEST_PADDING, STATE_WORDS * LANES);
  state.set(INITIAL_STATE);
  kernel.compress();
  for (let lane = 0; lane < messages.length; lane++) sums[lane] = reversed(state[lane]!);
}

function blocksOf({ length }: Uint8Array): number {
  return Math.ceil((length + PADDING_BYTES) / BLOCK_BYTES);
}

/** Writes a block of the padded message into its lane, as big-endian words. */
function writeBlock(block: Int32Array, lane: number, message: Uint8Array, index: number): void {
  const start = index * BLOCK_BYTES;
  const { length } = message;
  for (let word = 0; word < BLOCK_WORDS; word++) {
    const at = start + word * 4;
    block[word * LANES + lane] =
      at + 4 <= length
        ? (message[at]! << 24) | (message[at + 1]! << 16) | (message[at + 2]! << 8) | message[at + 3]!
        : at > length
          ? 0
          : lastWord(message, at);
  }
  if (start + BLOCK_BYTES >= length + PADDING_BYTES) block[(BLOCK_WORDS - 1) * LANES + lane] = length * 8;
}

/** The word behind the last whole one: what is left of the message, and the one-bit. */
function lastWord(message: Uint8Array, at: number): number {
  let word = 0;
  for (let index = at; index < message.length; index++) word = (word << 8) | message[index]!;
  return ((word << 8) | 0x80) << (8 * (at + 3 - message.length));
}

function reversed(word: number): number {
  return (word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff_0000) | (word << 24);
}

/** The first 32 bits of the fractional part. */
function fraction(value: number): number {
  return Math.floor((value % 1) * 2 ** 32) | 0;
}

function firstPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/** The same words for each lane. */
function inAllLanes(words: readonly number[]): Int32Array {
  return Int32Array.from(words.flatMap((word) => Array<number>(LANES).fill(word)));
}

const INITIAL_STATE = inAllLanes(firstPrimes(STATE_WORDS).map((prime) => fraction(Math.sqrt(prime))));

/** What follows a digest in its block when it is hashed again. */
const DIGEST_PADDING = inAllLanes([0x8000_0000, 0, 0, 0, 0, 0, 0, DIGEST_BITS]);

const rotated = (x: Local, right: number): Code =>
  v128.or(v128.shrU(x.get, i32.const(right)), v128.shl(x.get, i32.const(32 - right)));
const xor = (...terms: Code[]): Code => terms.reduce((a, b) => v128.xor(a, b));
const sum = (...terms: Code[]): Code => terms.reduce((a, b) => v128.add(a, b));

/** Sixteen rounds a pass; each leaves the word of the pass after it in the place of the one it has used. */
function emitCompress(): FunctionBuilder {
  const f = new FunctionBuilder('compress', 0);
  const constants = f.local('i32');
  const state = f.locals('v128', STATE_WORDS);
  const w = f.locals('v128', BLOCK_WORDS);
  const none = i32.const(0);

  const round = (t: number): Code[] => {
    const [a, b, c, d, e, g, h, last] = state.map((_, i) => state[(i - t) & 7]!) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const word = (ahead: number): Local => w[(t + ahead) % BLOCK_WORDS]!;
    const choice = v128.xor(h.get, v128.and(e.get, v128.xor(g.get, h.get)));
    const majority = v128.or(v128.and(a.get, b.get), v128.and(c.get, v128.or(a.get, b.get)));
    const constant = v128.loadSplat(constants.get, CONSTANTS_AT + 4 * t);
    const small0 = xor(rotated(word(1), 7), rotated(word(1), 18), v128.shrU(word(1).get, i32.const(3)));
    const small1 = xor(rotated(word(14), 17), rotated(word(14), 19), v128.shrU(word(14).get, i32.const(10)));
    return [
      last.set(sum(last.get, word(0).get, constant, xor(rotated(e, 6), rotated(e, 11), rotated(e, 25)), choice)),
      d.set(v128.add(d.get, last.get)),
      last.set(sum(last.get, xor(rotated(a, 2), rotated(a, 13), rotated(a, 22)), majority)),
      word(0).set(sum(word(0).get, small0, word(9).get, small1)),
    ];
  };
  f.emit(
    state.map((value, i) => value.set(v128.load(none, STATE_AT + i * VECTOR_BYTES))),
    w.map((word, i) => word.set(v128.load(none, BLOCK_AT + i * VECTOR_BYTES))),
    repeat(
      [w.map((_, t) => round(t)), constants.set(i32.add(constants.get, i32.const(BLOCK_WORDS * 4)))],
      i32.ltU(constants.get, i32.const(ROUNDS * 4)),
    ),
    state.map((value, i) => {
      const at = STATE_AT + i * VECTOR_BYTES;
      return v128.store(none, v128.add(value.get, v128.load(none, at)), at);
    }),
  );
  return f;
}

let shared: LaneKernel | false | undefined;

/** The kernel, compiled on first use, one per thread; false if it is unavailable. Stateless between uses. */
function laneKernel(): LaneKernel | false {
  shared ??= build();
  return shared;
}

function build(): LaneKernel | false {
  try {
    const { memory, functions } = instantiate([emitCompress()], PAGE_COUNT);
    const words = (at: number, count: number): Int32Array => new Int32Array(memory.buffer, at, count);
    words(CONSTANTS_AT, ROUNDS).set(firstPrimes(ROUNDS).map((prime) => fraction(Math.cbrt(prime))));
    return {
      state: words(STATE_AT, STATE_WORDS * LANES),
      block: words(BLOCK_AT, BLOCK_WORDS * LANES),
      compress: functions['compress']!,
    };
  } catch (error) {
    if (error instanceof SockManError && error.code === 'ERR_SOCKMAN_BACKEND') return false;
    throw error;
  }
}
