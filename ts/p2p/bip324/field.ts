// Arithmetic modulo p = 2^256 - 2^32 - 977, the field of secp256k1, as WebAssembly.
//
// BigInt takes about 0.4 microseconds for one product, five times this kernel, and its time depends on the numbers.
// Here a number is nine limbs of 29 bits, little-endian, each in an unsigned 32-bit cell of the kernel's memory, and is
// named by the offset of its first cell (a `Slot`). Operations run in constant time: no branch and no address depends
// on a value. Every operation takes and leaves weakly reduced numbers: below 2^256 plus a little, not necessarily below
// p, limbs not more than a little above 29 bits. Only `normalize` makes the representation unique.
//
// Curve constants: SEC 2 (version 2.0), section 2.4.1.

import { FunctionBuilder, i32, i64, instantiate, repeat, v128 } from '../wasm.ts';
import type { Code, Local } from '../wasm.ts';

/** A field element: the offset of its limbs in the kernel's memory, in bytes. */
export type Slot = number;

/** Three slots that lie together. */
export type Entry = readonly [Slot, Slot, Slot];

export const FIELD_BYTES = 32;

const LIMB_COUNT = 9;
const LIMB_BITS = 29;
const LIMB_MASK = (1 << LIMB_BITS) - 1;
/** Bits of the top limb below 2^256. */
const TOP_BITS = 256 - (LIMB_COUNT - 1) * LIMB_BITS;
const TOP_MASK = (1 << TOP_BITS) - 1;
const SLOT_BYTES = 4 * LIMB_COUNT;
const PAGE_COUNT = 1;

export const FIELD_PRIME = 2n ** 256n - 2n ** 32n - 977n;
/** 2^256 mod p, as 2^29 · `FOLD_HIGH` + `FOLD_LOW`. */
const FOLD_HIGH = 2n ** 3n;
const FOLD_LOW = 977n;
/** 2^261 mod p, likewise: what a limb past the ninth is worth at the place nine limbs below. */
const WRAP_HIGH = 2n ** 8n;
const WRAP_LOW = 977n * 2n ** 5n;

/** A multiple of p above anything that `addScaled` can subtract: at most 255 times a number below 2 p. */
const POSITIVE = FIELD_PRIME * 512n;

/** Entries of a table that `select` reads. */
export const TABLE_ENTRY_COUNT = 16;
/** Distance between the entries of a table: three slots, rounded up to whole vectors. */
const ENTRY_BYTES = Math.ceil((3 * SLOT_BYTES) / 16) * 16;

const mask29 = i64.const(LIMB_MASK);
const loadLimb = (slot: Local, i: number): Code => i64.load32(slot.get, 4 * i);
const sum = (terms: readonly Code[]): Code => terms.reduce((a, b) => i64.add(a, b));

/**
 * Carries signed 64-bit columns of weight 2^(29 i), whose value is not negative, into weakly reduced limbs. What is at
 * and above 2^256 is folded back to the bottom.
 */
function settle(c: readonly Local[], over: Local): Code {
  const top = c[LIMB_COUNT - 1]!;
  const carryFrom = (i: number): Code => [
    c[i + 1]!.set(i64.add(c[i + 1]!.get, i64.shrS(c[i]!.get, i64.const(LIMB_BITS)))),
    c[i]!.set(i64.and(c[i]!.get, mask29)),
  ];
  return [
    c.slice(0, -1).map((_, i) => carryFrom(i)),
    over.set(i64.shrS(top.get, i64.const(TOP_BITS))),
    top.set(i64.and(top.get, i64.const(TOP_MASK))),
    c[0]!.set(i64.add(c[0]!.get, i64.mul(over.get, i64.const(FOLD_LOW)))),
    c[1]!.set(i64.add(c[1]!.get, i64.mul(over.get, i64.const(FOLD_HIGH)))),
    // The fold adds at most 2^50 to the lowest limb; three steps leave at most one bit to the fourth.
    [0, 1, 2].map(carryFrom),
  ];
}

/** Reduces the seventeen columns of a product into the lowest nine, which become the limbs. */
function reduce(columns: readonly Local[], over: Local): Code {
  const low = columns.slice(0, LIMB_COUNT);
  const high = columns.slice(LIMB_COUNT);
  // Cut the upper columns to 29 bits first: only then is there room to multiply them by the 15 bits of 2^261 mod p.
  const cut = high.map((column, i): Code => {
    const carried = i64.shrU(column.get, i64.const(LIMB_BITS));
    const next = high[i + 1];
    return [
      next === undefined ? over.set(carried) : next.set(i64.add(next.get, carried)),
      column.set(i64.and(column.get, mask29)),
    ];
  });
  const wrapped = [...high, over];
  const terms = (i: number): Code[] => {
    const list = [low[i]!.get, i64.mul(wrapped[i]!.get, i64.const(WRAP_LOW))];
    if (i > 0) list.push(i64.mul(wrapped[i - 1]!.get, i64.const(WRAP_HIGH)));
    // The high part of the last column belongs one place above the top limb: 29 bits up, in the top limb itself.
    if (i === LIMB_COUNT - 1) list.push(i64.mul(over.get, i64.const(WRAP_HIGH << BigInt(LIMB_BITS))));
    return list;
  };
  return [cut, low.map((limb, i) => limb.set(sum(terms(i)))), settle(low, over)];
}

const storeLimbs = (to: Local, limbs: readonly Local[]): Code =>
  limbs.map((limb, i) => i64.store32(to.get, limb.get, 4 * i));

/** The index pairs whose product belongs to column `k`. */
const pairsOf = (k: number): [number, number][] =>
  Array.from({ length: LIMB_COUNT }, (_, i): [number, number] => [i, k - i]).filter(
    ([, j]) => j >= 0 && j < LIMB_COUNT,
  );

function emitMultiply(): FunctionBuilder {
  const f = new FunctionBuilder('multiply', 3);
  const [to, a, b] = f.params as [Local, Local, Local];
  const x = f.locals('i64', LIMB_COUNT);
  const y = f.locals('i64', LIMB_COUNT);
  const columns = f.locals('i64', 2 * LIMB_COUNT - 1);
  f.emit(
    x.map((limb, i) => limb.set(loadLimb(a, i))),
    y.map((limb, i) => limb.set(loadLimb(b, i))),
    columns.map((column, k) => column.set(sum(pairsOf(k).map(([i, j]) => i64.mul(x[i]!.get, y[j]!.get))))),
    reduce(columns, f.local('i64')),
    storeLimbs(to, columns.slice(0, LIMB_COUNT)),
  );
  return f;
}

function emitSquare(): FunctionBuilder {
  const f = new FunctionBuilder('square', 3);
  const [to, a, count] = f.params as [Local, Local, Local];
  const x = f.locals('i64', LIMB_COUNT);
  const columns = f.locals('i64', 2 * LIMB_COUNT - 1);
  const column = (k: number): Code => {
    const products = pairsOf(k)
      .filter(([i, j]) => i < j)
      .map(([i, j]) => i64.mul(x[i]!.get, x[j]!.get));
    const doubled = products.length === 0 ? [] : [i64.shl(sum(products), i64.const(1))];
    const middle = k % 2 === 0 ? [i64.mul(x[k / 2]!.get, x[k / 2]!.get)] : [];
    return sum([...doubled, ...middle]);
  };
  f.emit(
    x.map((limb, i) => limb.set(loadLimb(a, i))),
    repeat(
      [
        columns.map((local, k) => local.set(column(k))),
        reduce(columns, f.local('i64')),
        x.map((limb, i) => limb.set(columns[i]!.get)),
        count.set(i32.sub(count.get, i32.const(1))),
      ],
      count.get,
    ),
    storeLimbs(to, x),
  );
  return f;
}

function emitAddScaled(): FunctionBuilder {
  const f = new FunctionBuilder('addScaled', 4);
  const [to, a, b, scale] = f.params as [Local, Local, Local, Local];
  const factor = f.local('i64');
  const c = f.locals('i64', LIMB_COUNT);
  const positive = limbsOf(POSITIVE);
  f.emit(
    factor.set(i64.extendS(scale.get)),
    c.map((limb, i) => limb.set(sum([loadLimb(a, i), i64.mul(loadLimb(b, i), factor.get), i64.const(positive[i]!)]))),
    settle(c, f.local('i64')),
    storeLimbs(to, c),
  );
  return f;
}

function emitNormalize(): FunctionBuilder {
  const f = new FunctionBuilder('normalize', 1);
  const [slot] = f.params as [Local];
  const v = f.locals('i64', LIMB_COUNT);
  const t = f.locals('i64', LIMB_COUNT);
  const [over, above] = f.locals('i64', 2) as [Local, Local];
  const carryInto = (limb: Local, value: Code, i: number): Code => [
    limb.set(i64.add(value, over.get)),
    over.set(i64.shrU(limb.get, i64.const(i === LIMB_COUNT - 1 ? TOP_BITS : LIMB_BITS))),
    i === LIMB_COUNT - 1 ? [] : limb.set(i64.and(limb.get, mask29)),
  ];
  const fold = [FOLD_LOW, FOLD_HIGH];
  f.emit(
    v.map((limb, i) => carryInto(limb, loadLimb(slot, i), i)),
    over.set(i64.const(0)),
    // t = v + 2^256 - p. It reaches 2^256 exactly when v is not below p, and is then v - p above that bit.
    t.map((limb, i) => carryInto(limb, i64.add(v[i]!.get, i64.const(fold[i] ?? 0n)), i)),
    t[LIMB_COUNT - 1]!.set(i64.and(t[LIMB_COUNT - 1]!.get, i64.const(TOP_MASK))),
    above.set(i64.sub(i64.const(0), over.get)),
    v.map((limb, i) => limb.set(i64.xor(limb.get, i64.and(i64.xor(limb.get, t[i]!.get), above.get)))),
    storeLimbs(slot, v),
  );
  return f;
}

/** Copies entry `index` of a table, reading every entry so that the index does not show in the time or the cache. */
function emitSelect(): FunctionBuilder {
  const f = new FunctionBuilder('select', 3);
  const [to, table, index] = f.params as [Local, Local, Local];
  const entry = f.local('i32');
  const wanted = f.local('v128');
  const found = f.locals('v128', ENTRY_BYTES / 16);
  f.emit(
    repeat(
      [
        wanted.set(v128.splat(i32.sub(i32.const(0), i32.eq(entry.get, index.get)))),
        found.map((part, i) => part.set(v128.or(part.get, v128.and(wanted.get, v128.load(table.get, 16 * i))))),
        table.set(i32.add(table.get, i32.const(ENTRY_BYTES))),
        entry.set(i32.add(entry.get, i32.const(1))),
      ],
      i32.ltU(entry.get, i32.const(TABLE_ENTRY_COUNT)),
    ),
    found.map((part, i) => v128.store(to.get, part.get, 16 * i)),
  );
  return f;
}

/** Cuts 32 little-endian bytes into limbs. */
function emitUnpack(): FunctionBuilder {
  const f = new FunctionBuilder('unpack', 2);
  const [to, bytes] = f.params as [Local, Local];
  const piece = (i: number): Code =>
    i64.shrU(i64.load(bytes.get, (LIMB_BITS * i) >> 3), i64.const((LIMB_BITS * i) & 7));
  f.emit(
    Array.from({ length: LIMB_COUNT }, (_, i) =>
      i64.store32(to.get, i64.and(piece(i), i64.const(i === LIMB_COUNT - 1 ? TOP_MASK : LIMB_MASK)), 4 * i),
    ),
  );
  return f;
}

/** Joins the limbs of a normalized number to 32 little-endian bytes. */
function emitPack(): FunctionBuilder {
  const f = new FunctionBuilder('pack', 2);
  const [bytes, from] = f.params as [Local, Local];
  for (let word = 0; word < 4; word++) {
    const parts: Code[] = [];
    for (let i = 0; i < LIMB_COUNT; i++) {
      const shift = LIMB_BITS * i - 64 * word;
      if (shift <= -LIMB_BITS || shift >= 64) continue;
      const limb = loadLimb(from, i);
      parts.push(shift < 0 ? i64.shrU(limb, i64.const(-shift)) : i64.shl(limb, i64.const(shift)));
    }
    f.emit(
      i64.store(
        bytes.get,
        parts.reduce((a, b) => i64.or(a, b)),
        8 * word,
      ),
    );
  }
  return f;
}

/** The limbs of a constant; what does not fit nine limbs stays in the top one. */
function limbsOf(value: bigint): bigint[] {
  return Array.from({ length: LIMB_COUNT }, (_, i) => {
    const shifted = value >> BigInt(LIMB_BITS * i);
    return i === LIMB_COUNT - 1 ? shifted : shifted & BigInt(LIMB_MASK);
  });
}

interface FieldKernel {
  multiply(to: Slot, a: Slot, b: Slot): void;
  square(to: Slot, a: Slot, count: number): void;
  addScaled(to: Slot, a: Slot, b: Slot, scale: number): void;
  normalize(slot: Slot): void;
  select(to: Slot, table: Slot, index: number): void;
  unpack(to: Slot, bytes: number): void;
  pack(bytes: number, from: Slot): void;
}

/**
 * The field. Operands may be the same slot in any combination. Results of one calculation stay in their slots until they
 * are overwritten: an owner allocates its slots once and uses them within one synchronous call.
 */
export class Field {
  readonly zero: Slot;
  readonly one: Slot;
  readonly #memory: Uint8Array;
  readonly #kernel: FieldKernel;
  /** Where `unpack` and `pack` find their 32 bytes; room for the last limb's eight-byte load. */
  readonly #bytesAt = 0;
  #allocated = 64;
  readonly #powers: Slot[];

  constructor() {
    const { memory, functions } = instantiate(
      [emitMultiply(), emitSquare(), emitAddScaled(), emitNormalize(), emitSelect(), emitUnpack(), emitPack()],
      PAGE_COUNT,
    );
    this.#memory = memory;
    this.#kernel = functions as unknown as FieldKernel;
    this.zero = this.constant(0n);
    this.one = this.constant(1n);
    this.#powers = this.allocate(7);
  }

  /** Reserves fresh slots, for as long as the field lives. They hold zero. */
  allocate(count: number): Slot[] {
    return Array.from({ length: count }, () => {
      const slot = this.#allocated;
      this.#allocated += SLOT_BYTES;
      return slot;
    });
  }

  /** Reserves room for entries of three slots each, for `select`. */
  allocateEntries(count: number): Entry[] {
    return Array.from({ length: count }, () => {
      const at = this.#allocated;
      this.#allocated += ENTRY_BYTES;
      return [at, at + SLOT_BYTES, at + 2 * SLOT_BYTES] as const;
    });
  }

  /**
   * Copies one of `TABLE_ENTRY_COUNT` entries without showing which.
   *
   * @param to - An entry of its own.
   * @param table - Allocated in one call, in order.
   */
  select(to: Entry, table: readonly Entry[], index: number): void {
    this.#kernel.select(to[0], table[0]![0], index);
  }

  /** A fresh slot with a number from 0 to p - 1. */
  constant(value: bigint): Slot {
    const [slot] = this.allocate(1) as [Slot];
    this.fromBytes(slot, Buffer.from(value.toString(16).padStart(2 * FIELD_BYTES, '0'), 'hex'));
    return slot;
  }

  /** Reads 32 big-endian bytes, from `offset` on. A number from p up is taken modulo p. */
  fromBytes(to: Slot, bytes: Uint8Array, offset = 0): void {
    for (let i = 0; i < FIELD_BYTES; i++) this.#memory[this.#bytesAt + i] = bytes[offset + FIELD_BYTES - 1 - i]!;
    this.#kernel.unpack(to, this.#bytesAt);
  }

  /** Writes the number, normalized in its slot, as 32 big-endian bytes from `offset` on. */
  toBytes(slot: Slot, bytes: Uint8Array, offset = 0): void {
    this.#kernel.normalize(slot);
    this.#kernel.pack(this.#bytesAt, slot);
    for (let i = 0; i < FIELD_BYTES; i++) bytes[offset + FIELD_BYTES - 1 - i] = this.#memory[this.#bytesAt + i]!;
  }

  multiply(to: Slot, a: Slot, b: Slot): void {
    this.#kernel.multiply(to, a, b);
  }

  /** Squares `count` times, at least once. */
  square(to: Slot, a: Slot, count = 1): void {
    this.#kernel.square(to, a, count);
  }

  /** to = a + scale · b, with an integer scale from -255 to 255. */
  addScaled(to: Slot, a: Slot, b: Slot, scale: number): void {
    this.#kernel.addScaled(to, a, b, scale);
  }

  add(to: Slot, a: Slot, b: Slot): void {
    this.#kernel.addScaled(to, a, b, 1);
  }

  subtract(to: Slot, a: Slot, b: Slot): void {
    this.#kernel.addScaled(to, a, b, -1);
  }

  copy(to: Slot, from: Slot): void {
    this.#memory.copyWithin(to, from, from + SLOT_BYTES);
  }

  /** Whether the number is 0. Normalizes it. Not for secrets. */
  isZero(slot: Slot): boolean {
    this.#kernel.normalize(slot);
    for (let i = 0; i < SLOT_BYTES; i++) if (this.#memory[slot + i] !== 0) return false;
    return true;
  }

  /** Whether two slots hold the same number. Overwrites `scratch`. Not for secrets. */
  areEqual(a: Slot, b: Slot, scratch: Slot): boolean {
    this.subtract(scratch, a, b);
    return this.isZero(scratch);
  }

  /** to = 1 / a, and 0 for 0. */
  invert(to: Slot, a: Slot): void {
    const [ones2, tail] = this.#leadingOnes(a);
    this.#squareAndMultiply(tail, tail, 5, a);
    this.#squareAndMultiply(tail, tail, 3, ones2);
    this.#squareAndMultiply(to, tail, 2, a);
  }

  /** to = a^((p+1)/4): the root of a that is itself a square, if a has roots at all. The caller squares it to know. */
  rootCandidate(to: Slot, a: Slot): void {
    const [ones2, tail] = this.#leadingOnes(a);
    this.#squareAndMultiply(tail, tail, 6, ones2);
    this.square(to, tail, 2);
  }

  /**
   * Both exponents, p - 2 and (p+1)/4, begin with 223 ones, a zero and 22 ones in binary: that power of a. The chain
   * doubles runs of ones, since a^(2^n - 1) squared m times, times a^(2^m - 1), is a^(2^(n+m) - 1).
   */
  #leadingOnes(a: Slot): [ones2: Slot, result: Slot] {
    const [x2, x3, x11, x22, x44, run] = this.#powers as [Slot, Slot, Slot, Slot, Slot, Slot];
    this.#squareAndMultiply(x2, a, 1, a);
    this.#squareAndMultiply(x3, x2, 1, a);
    this.#squareAndMultiply(run, x3, 3, x3);
    this.#squareAndMultiply(run, run, 3, x3);
    this.#squareAndMultiply(x11, run, 2, x2);
    this.#squareAndMultiply(x22, x11, 11, x11);
    this.#squareAndMultiply(x44, x22, 22, x22);
    this.#squareAndMultiply(run, x44, 44, x44);
    this.#squareAndMultiply(run, run, 88, run);
    this.#squareAndMultiply(run, run, 44, x44);
    this.#squareAndMultiply(run, run, 3, x3);
    this.#squareAndMultiply(run, run, 23, x22);
    return [x2, run];
  }

  /** to = a^(2^count) · b. */
  #squareAndMultiply(to: Slot, a: Slot, count: number, b: Slot): void {
    const scratch = this.#powers[6]!;
    this.#kernel.square(scratch, a, count);
    this.#kernel.multiply(to, scratch, b);
  }
}
