// ChaCha20 and Poly1305 (RFC 8439) for short inputs, as WebAssembly.
//
// `node:crypto` needs several microseconds to set up a cipher, ten times what a 100-byte packet costs in C. This kernel
// has no set-up: four ChaCha20 blocks at a time in vector lanes (one holds the Poly1305 key, three the keystream of 192
// bytes) and Poly1305 over five 26-bit limbs. No branch and no address depends on a secret. Long inputs belong to
// OpenSSL, see `aead.ts`.

import { FunctionBuilder, i32, i64, instantiate, repeat, v128 } from '../wasm.ts';
import type { Code, Local } from '../wasm.ts';

// Places in the kernel's memory, in bytes.
export const KEY_AT = 0;
export const NONCE_AT = 32;
/** Poly1305: the accumulator, five 64-bit limbs, then r, five 64-bit limbs. */
const ACCUMULATOR_AT = 64;
const R_AT = 112;
export const TAG_AT = 160;
/** Keystream as it comes out of `blocks4`; the first 32 bytes are the Poly1305 key when it starts at counter 0. */
export const STREAM_AT = 256;
/** ChaCha20 blocks come four at a time. */
export const STREAM_STEP_BYTES = 256;
/**
 * Longest text the memory has room for, in bytes. Setting up an OpenSSL cipher costs about 7 microseconds; from about
 * here on its wider vector code makes up for that. (bench/cases/programs/p2p-v2.mjs)
 */
export const MAX_SHORT_TEXT_BYTES = 4_096;
/** The text that is worked on in place, with room behind it for padding, lengths and tag. */
export const TEXT_AT = STREAM_AT + MAX_SHORT_TEXT_BYTES + STREAM_STEP_BYTES;
const PAGE_COUNT = 1;

/** The functions; addresses are offsets into `memory`. The whole memory is scratch, valid until the next use. */
export interface ChaChaKernel {
  readonly memory: Uint8Array;
  readonly view: DataView;
  /** The memory from `TEXT_AT` on. */
  readonly text: Uint8Array;
  /**
   * Writes the keystream blocks `counter` to `counter + 3` under the key and nonce in memory to `to`. A carry out of the
   * counter goes into the first nonce word.
   */
  blocks4(counter: number, to: number): void;
  /** Exclusive-ors keystream from `stream` into `text`, whole 16-byte steps up to `end`. At least one step. */
  xor(text: number, end: number, stream: number): void;
  /** Starts Poly1305 with the r half of the 32-byte key at `STREAM_AT`. */
  polyStart(): void;
  /** Absorbs the 16-byte blocks from `from` up to `end`, at least one. `highBit` is 1, or 0 for a padded last block. */
  polyBlocks(from: number, end: number, highBit: number): void;
  /** Adds the s half of the key at `STREAM_AT` and writes the tag to `TAG_AT`. */
  polyFinish(): void;
}

const LIMB_BITS = 26n;
const LIMB_MASK = i64.const((1n << LIMB_BITS) - 1n);

function emitBlocks4(): FunctionBuilder {
  const f = new FunctionBuilder('blocks4', 2);
  const [counter, to] = f.params as [Local, Local];
  const x = f.locals('v128', 16);
  const counters = f.local('v128');
  const overflow = f.local('v128');
  const round = f.local('i32');
  const lanes = v128.const(0, 1, 2, 3);
  const none = i32.const(0);

  const initial: Code[] = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574].map((word) => v128.splat(i32.const(word)));
  for (let i = 0; i < 8; i++) initial.push(v128.loadSplat(none, KEY_AT + 4 * i));
  initial.push(counters.get, v128.sub(v128.loadSplat(none, NONCE_AT), overflow.get));
  for (let i = 1; i < 3; i++) initial.push(v128.loadSplat(none, NONCE_AT + 4 * i));

  f.emit(counters.set(v128.add(v128.splat(counter.get), lanes)));
  f.emit(overflow.set(v128.ltU(counters.get, lanes)));
  f.emit(x.map((word, i) => word.set(initial[i]!)));

  const bytesOf = (rotation: number): number[] =>
    Array.from({ length: 16 }, (_, i) => (i & 12) | ((i - rotation / 8) & 3));
  const rotate = (value: Local, left: number): Code =>
    left % 8 === 0
      ? value.set(v128.shuffle(value.get, value.get, bytesOf(left)))
      : value.set(v128.or(v128.shl(value.get, i32.const(left)), v128.shrU(value.get, i32.const(32 - left))));
  const quarterRound = (a: number, b: number, c: number, d: number): Code => {
    const half = (p: Local, q: Local, r: Local, left: number): Code => [
      p.set(v128.add(p.get, q.get)),
      r.set(v128.xor(r.get, p.get)),
      rotate(r, left),
    ];
    const [A, B, C, D] = [x[a]!, x[b]!, x[c]!, x[d]!];
    return [half(A, B, D, 16), half(C, D, B, 12), half(A, B, D, 8), half(C, D, B, 7)];
  };
  const columns = [0, 1, 2, 3].map((i) => quarterRound(i, i + 4, i + 8, i + 12));
  const diagonals = [0, 1, 2, 3].map((i) => quarterRound(i, 4 + ((i + 1) & 3), 8 + ((i + 2) & 3), 12 + ((i + 3) & 3)));
  f.emit(
    round.set(i32.const(10)),
    repeat([columns, diagonals, round.set(i32.sub(round.get, i32.const(1)))], round.get),
    x.map((word, i) => word.set(v128.add(word.get, initial[i]!))),
  );

  // Lane k of word i belongs to block k: transpose each group of four words and store 16 bytes to each block.
  const pick = (...words: number[]): number[] => words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte));
  const t = f.locals('v128', 4);
  for (let group = 0; group < 16; group += 4) {
    const [a, b, c, d] = x.slice(group, group + 4).map((word) => word.get) as [Code, Code, Code, Code];
    const [ab01, ab23, cd01, cd23] = t as [Local, Local, Local, Local];
    f.emit(
      ab01.set(v128.shuffle(a, b, pick(0, 4, 1, 5))),
      ab23.set(v128.shuffle(a, b, pick(2, 6, 3, 7))),
      cd01.set(v128.shuffle(c, d, pick(0, 4, 1, 5))),
      cd23.set(v128.shuffle(c, d, pick(2, 6, 3, 7))),
      v128.store(to.get, v128.shuffle(ab01.get, cd01.get, pick(0, 1, 4, 5)), 4 * group),
      v128.store(to.get, v128.shuffle(ab01.get, cd01.get, pick(2, 3, 6, 7)), 4 * group + 64),
      v128.store(to.get, v128.shuffle(ab23.get, cd23.get, pick(0, 1, 4, 5)), 4 * group + 128),
      v128.store(to.get, v128.shuffle(ab23.get, cd23.get, pick(2, 3, 6, 7)), 4 * group + 192),
    );
  }
  return f;
}

function emitXor(): FunctionBuilder {
  const f = new FunctionBuilder('xor', 3);
  const [text, end, stream] = f.params as [Local, Local, Local];
  f.emit(
    repeat(
      [
        v128.store(text.get, v128.xor(v128.load(text.get), v128.load(stream.get))),
        stream.set(i32.add(stream.get, i32.const(16))),
        text.set(i32.add(text.get, i32.const(16))),
      ],
      i32.ltU(text.get, end.get),
    ),
  );
  return f;
}

const loadLimbs = (limbs: readonly Local[], at: number): Code =>
  limbs.map((limb, i) => limb.set(i64.load(i32.const(0), at + 8 * i)));
const storeLimbs = (limbs: readonly Local[], at: number): Code =>
  limbs.map((limb, i) => i64.store(i32.const(0), limb.get, at + 8 * i));

/** The five limbs of the 128-bit number `high · 2^64 + low`, without anything above bit 127. */
function splitLimbs(low: Code, high: Code): Code[] {
  const limb = (value: Code): Code => i64.and(value, LIMB_MASK);
  return [
    limb(low),
    limb(i64.shrU(low, i64.const(26))),
    limb(i64.or(i64.shrU(low, i64.const(52)), i64.shl(high, i64.const(12)))),
    limb(i64.shrU(high, i64.const(14))),
    i64.shrU(high, i64.const(40)),
  ];
}

/** Moves what is above 26 bits in each limb to the next, and from the last, times 5, to the first: 2^130 = 5. */
function carry(h: readonly Local[], over: Local): Code {
  // The first limb is visited again at the end, since the last one may have sent it more than 26 bits.
  return [0, 1, 2, 3, 4, 0].map((i) => {
    const limb = h[i]!;
    const next = h[(i + 1) % 5]!;
    return [
      over.set(i64.shrU(limb.get, i64.const(LIMB_BITS))),
      limb.set(i64.and(limb.get, LIMB_MASK)),
      next.set(i64.add(next.get, i === 4 ? i64.mul(over.get, i64.const(5)) : over.get)),
    ];
  });
}

function emitPolyStart(): FunctionBuilder {
  const f = new FunctionBuilder('polyStart', 0);
  const r = f.locals('i64', 5);
  const zero = f.locals('i64', 5);
  const half = (at: number, clamp: bigint): Code => i64.and(i64.load(i32.const(0), at), i64.const(clamp));
  const limbs = splitLimbs(half(STREAM_AT, 0x0ffffffc0fffffffn), half(STREAM_AT + 8, 0x0ffffffc0ffffffcn));
  f.emit(
    r.map((limb, i) => limb.set(limbs[i]!)),
    storeLimbs(r, R_AT),
    storeLimbs(zero, ACCUMULATOR_AT),
  );
  return f;
}

function emitPolyBlocks(): FunctionBuilder {
  const f = new FunctionBuilder('polyBlocks', 3);
  const [from, end, highBit] = f.params as [Local, Local, Local];
  const h = f.locals('i64', 5);
  const r = f.locals('i64', 5);
  const r5 = f.locals('i64', 5);
  const product = f.locals('i64', 5);
  const [low, high, top, over] = f.locals('i64', 4) as [Local, Local, Local, Local];

  const block = splitLimbs(low.get, high.get);
  // Column i of h · r. What lands above limb 4 comes back times 5, hence r5.
  const column = (i: number): Code =>
    h
      .map((limb, j) => i64.mul(limb.get, j <= i ? r[i - j]!.get : r5[5 + i - j]!.get))
      .reduce((sum, term) => i64.add(sum, term));
  f.emit(
    loadLimbs(h, ACCUMULATOR_AT),
    loadLimbs(r, R_AT),
    r5.map((limb, i) => limb.set(i64.mul(r[i]!.get, i64.const(5)))),
    top.set(i64.shl(i64.extendU(highBit.get), i64.const(24))),
    repeat(
      [
        low.set(i64.load(from.get)),
        high.set(i64.load(from.get, 8)),
        h.map((limb, i) => limb.set(i64.add(limb.get, i === 4 ? i64.or(block[i]!, top.get) : block[i]!))),
        product.map((limb, i) => limb.set(column(i))),
        h.map((limb, i) => limb.set(product[i]!.get)),
        carry(h, over),
        from.set(i32.add(from.get, i32.const(16))),
      ],
      i32.ltU(from.get, end.get),
    ),
    storeLimbs(h, ACCUMULATOR_AT),
  );
  return f;
}

function emitPolyFinish(): FunctionBuilder {
  const f = new FunctionBuilder('polyFinish', 0);
  const h = f.locals('i64', 5);
  const g = f.locals('i64', 5);
  const [over, keep, low, sum] = f.locals('i64', 4) as [Local, Local, Local, Local];
  const select = (i: number): Code =>
    i64.xor(h[i]!.get, i64.and(i64.xor(h[i]!.get, g[i]!.get), i64.xor(keep.get, i64.const(-1))));
  const shifted = (i: number, bits: number): Code =>
    bits < 0 ? i64.shrU(h[i]!.get, i64.const(-bits)) : bits === 0 ? h[i]!.get : i64.shl(h[i]!.get, i64.const(bits));
  const none = i32.const(0);
  f.emit(
    loadLimbs(h, ACCUMULATOR_AT),
    // Twice around makes every limb 26 bits: h < 2^130.
    carry(h, over),
    carry(h, over),
    // g = h - p = h + 5 - 2^130. If that is negative (`keep` is all ones), h was already reduced.
    over.set(i64.const(5)),
    g.map((limb, i) => [
      limb.set(i64.add(h[i]!.get, over.get)),
      over.set(i64.shrU(limb.get, i64.const(LIMB_BITS))),
      limb.set(i64.and(limb.get, LIMB_MASK)),
    ]),
    keep.set(i64.sub(over.get, i64.const(1))),
    h.map((limb, i) => limb.set(select(i))),
    // tag = (h + s) mod 2^128, as two halves; the carry of the low half is recovered from its top bits.
    low.set(i64.or(i64.or(shifted(0, 0), shifted(1, 26)), shifted(2, 52))),
    sum.set(i64.add(low.get, i64.load(none, STREAM_AT + 16))),
    i64.store(none, sum.get, TAG_AT),
    over.set(
      i64.shrU(
        i64.or(
          i64.and(low.get, i64.load(none, STREAM_AT + 16)),
          i64.and(i64.or(low.get, i64.load(none, STREAM_AT + 16)), i64.xor(sum.get, i64.const(-1))),
        ),
        i64.const(63),
      ),
    ),
    low.set(i64.or(i64.or(shifted(2, -12), shifted(3, 14)), shifted(4, 40))),
    i64.store(none, i64.add(i64.add(low.get, i64.load(none, STREAM_AT + 24)), over.get), TAG_AT + 8),
  );
  return f;
}

let shared: ChaChaKernel | undefined;

/**
 * The kernel, compiled on first use. It is stateless between uses (each runs to its end within one call), so one per
 * thread is enough.
 */
export function chaChaKernel(): ChaChaKernel {
  shared ??= build();
  return shared;
}

function build(): ChaChaKernel {
  const functions = [emitBlocks4(), emitXor(), emitPolyStart(), emitPolyBlocks(), emitPolyFinish()];
  const kernel = instantiate(functions, PAGE_COUNT);
  const { memory } = kernel;
  return {
    memory,
    view: new DataView(memory.buffer),
    text: memory.subarray(TEXT_AT),
    ...(kernel.functions as unknown as Omit<ChaChaKernel, 'memory' | 'view' | 'text'>),
  };
}
