// The group of secp256k1, as far as ElligatorSwift and Diffie-Hellman need it: multiples of the generator and of a
// point given by its X coordinate, and of the results only X.
//
// Points are projective, (X : Y : Z) with x = X/Z and y = Y/Z, and added by complete formulas: one sequence of field
// operations that is right for every pair of points, equal, opposite or neutral. So there is no special case to miss,
// none to branch on, and multiplication takes the same steps for every scalar: digits of four bits, one table look-up
// that reads the whole table, one addition. OpenSSL through `node:crypto` does the same in about 0.5 ms and checks keys
// with two further multiplications; this takes a quarter of one. (bench/cases/programs/p2p-v2.mjs; the tests compare both)
//
// Formulas: Renes, Costello, Batina, "Complete addition formulas for prime order elliptic curves", 2016, for a = 0.
// Generator and order: SEC 2 (version 2.0), section 2.4.1.

import { FIELD_BYTES, TABLE_ENTRY_COUNT } from './field.ts';
import type { Entry, Field, Slot } from './field.ts';

/** The number of points; a private key is 1..order-1. */
export const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const GENERATOR_X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;
const GENERATOR_Y = 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n;
/** The curve is y^2 = x^3 + 7; the addition formulas use three times that number. */
const CURVE_B = 7n;
const THREE_B = 21;

const SCALAR_BITS = 256;
const DIGIT_BITS = 4;
/** Distance between the four bits that make one digit of the comb. */
const COMB_SPACING = SCALAR_BITS / DIGIT_BITS;

export class Curve {
  readonly field: Field;
  readonly #b: Slot;
  readonly #t: Slot[];
  readonly #sum: Entry;
  readonly #picked: Entry;
  readonly #base: Entry;
  /** Multiples 0..15 of the point being multiplied. */
  readonly #window: Entry[];
  /** Sums of 2^192 G, 2^128 G, 2^64 G and G, one for each choice of the four. */
  readonly #comb: Entry[];

  constructor(field: Field) {
    this.field = field;
    this.#b = field.constant(CURVE_B);
    this.#t = field.allocate(10);
    [this.#sum, this.#picked, this.#base] = field.allocateEntries(3) as [Entry, Entry, Entry];
    this.#window = field.allocateEntries(TABLE_ENTRY_COUNT);
    this.#comb = field.allocateEntries(TABLE_ENTRY_COUNT);
    this.#setNeutral(this.#window[0]!);
    this.#fillComb();
  }

  /**
   * Finds a point with a given X coordinate.
   *
   * @param x - Not changed.
   * @param y - Receives the Y that is a square, if there is one, otherwise rubbish. Not `x`.
   * @returns Whether x is on the curve. Not for secrets.
   */
  liftX(x: Slot, y: Slot): boolean {
    const { field } = this;
    const [right, check] = this.#t as [Slot, Slot];
    field.square(right, x);
    field.multiply(right, right, x);
    field.add(right, right, this.#b);
    field.rootCandidate(y, right);
    field.square(check, y);
    return field.areEqual(check, right, check);
  }

  /** The X coordinate of scalar · G; the scalar is 32 big-endian bytes, 1..order-1. */
  multiplyGenerator(scalar: Uint8Array): Uint8Array {
    this.#setNeutral(this.#sum);
    for (let i = COMB_SPACING - 1; i >= 0; i--) {
      let digit = 0;
      for (let bit = i; bit < SCALAR_BITS; bit += COMB_SPACING) {
        digit = (digit >> 1) | (((scalar[FIELD_BYTES - 1 - (bit >> 3)]! >> (bit & 7)) & 1) << (DIGIT_BITS - 1));
      }
      this.#double(this.#sum);
      this.field.select(this.#picked, this.#comb, digit);
      this.#add(this.#sum, this.#sum, this.#picked);
    }
    return this.#takeX();
  }

  /** The X coordinate of scalar · (x, y), for a point on the curve; scalar as above. */
  multiply(x: Slot, y: Slot, scalar: Uint8Array): Uint8Array {
    const { field } = this;
    field.copy(this.#base[0], x);
    field.copy(this.#base[1], y);
    field.copy(this.#base[2], field.one);
    for (let i = 1; i < TABLE_ENTRY_COUNT; i++) this.#add(this.#window[i]!, this.#window[i - 1]!, this.#base);

    this.#setNeutral(this.#sum);
    for (const byte of scalar) {
      this.#addDigit(byte >> DIGIT_BITS);
      this.#addDigit(byte & (TABLE_ENTRY_COUNT - 1));
    }
    return this.#takeX();
  }

  #addDigit(digit: number): void {
    for (let i = 0; i < DIGIT_BITS; i++) this.#double(this.#sum);
    this.field.select(this.#picked, this.#window, digit);
    this.#add(this.#sum, this.#sum, this.#picked);
  }

  #fillComb(): void {
    const { field } = this;
    const [x, y, z] = this.#sum;
    field.copy(x, field.constant(GENERATOR_X));
    field.copy(y, field.constant(GENERATOR_Y));
    field.copy(z, field.one);
    this.#setNeutral(this.#comb[0]!);
    for (let row = 1; row < TABLE_ENTRY_COUNT; row *= 2) {
      for (let i = 0; i < row; i++) this.#add(this.#comb[row + i]!, this.#comb[i]!, this.#sum);
      for (let i = 0; i < COMB_SPACING; i++) this.#double(this.#sum);
    }
  }

  #setNeutral([x, y, z]: Entry): void {
    this.field.copy(x, this.field.zero);
    this.field.copy(y, this.field.one);
    this.field.copy(z, this.field.zero);
  }

  /** Converts the sum to its X coordinate and forgets it. */
  #takeX(): Uint8Array {
    const { field } = this;
    const [x, , z] = this.#sum;
    field.invert(z, z);
    field.multiply(x, x, z);
    const bytes = new Uint8Array(FIELD_BYTES);
    field.toBytes(x, bytes);
    this.#setNeutral(this.#sum);
    this.#setNeutral(this.#picked);
    return bytes;
  }

  /** r = p + q. `r` may be `p` or `q`. */
  #add([rx, ry, rz]: Entry, [px, py, pz]: Entry, [qx, qy, qz]: Entry): void {
    const { field } = this;
    const [xx, yy, zz, xy, yz, xz, plus, minus, a, b] = this.#t as Slots10;
    field.multiply(xx, px, qx);
    field.multiply(yy, py, qy);
    field.multiply(zz, pz, qz);
    this.#crossProduct(xy, px, py, qx, qy, a);
    this.#crossProduct(yz, py, pz, qy, qz, a);
    this.#crossProduct(xz, px, pz, qx, qz, a);
    field.addScaled(plus, yy, zz, THREE_B);
    field.addScaled(minus, yy, zz, -THREE_B);
    // X = xy · minus - 3b · yz · xz
    field.multiply(a, xy, minus);
    field.multiply(b, yz, xz);
    field.addScaled(rx, a, b, -THREE_B);
    // Y = plus · minus + 3 · 3b · xx · xz
    field.multiply(a, plus, minus);
    field.multiply(b, xx, xz);
    field.addScaled(ry, a, b, 3 * THREE_B);
    // Z = yz · plus + 3 · xx · xy
    field.multiply(a, yz, plus);
    field.multiply(b, xx, xy);
    field.addScaled(rz, a, b, 3);
  }

  /** to = p1 · q2 + p2 · q1. */
  #crossProduct(to: Slot, p1: Slot, p2: Slot, q1: Slot, q2: Slot, scratch: Slot): void {
    this.field.multiply(to, p1, q2);
    this.field.multiply(scratch, p2, q1);
    this.field.add(to, to, scratch);
  }

  /** p = p + p. */
  #double([x, y, z]: Entry): void {
    const { field } = this;
    const [yy, zz, xy, yz, plus, minus] = this.#t as Slots10;
    field.square(yy, y);
    field.square(zz, z);
    field.multiply(xy, x, y);
    field.multiply(yz, y, z);
    field.addScaled(plus, yy, zz, THREE_B);
    field.addScaled(minus, yy, zz, -3 * THREE_B);
    // X = 2 · xy · minus
    field.multiply(x, xy, minus);
    field.add(x, x, x);
    // Y = plus · minus + 8 · 3b · yy · zz
    field.multiply(y, plus, minus);
    field.multiply(zz, zz, yy);
    field.addScaled(y, y, zz, 8 * THREE_B);
    // Z = 8 · yy · yz
    field.multiply(z, yy, yz);
    field.addScaled(z, field.zero, z, 8);
  }
}

type Slots10 = [Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot];
