// ElligatorSwift (BIP 324): public keys of secp256k1 as 64 bytes that look random, and Diffie-Hellman over them.
//
// An encoding is `u || t`, two big-endian numbers. Every 64-byte string decodes to an X coordinate; a fresh encoding of
// a key is chosen at random among about 2^256.
//
// Everything a private key goes through takes constant time (`curve.ts`, `field.ts`), as far as the engine's compiler and
// the processor's multiplier preserve that, which is not guaranteed. The mapping does not: it branches on encodings and X
// coordinates of public keys, which are public. Keys are overwritten after use, but a garbage collector may have copied them
// before. The private keys of BIP 324 live for one handshake, and a peer sees one time measurement of each; code that keeps
// a key longer should weigh that.
//
// Source: BIP 324, "ElligatorSwift encoding of curve X coordinates"; SwiftEC (Chavez-Saab, Rodriguez-Henriquez,
// Tibouchi, 2022).

import { invalidArg } from '../../util/errors/errors.ts';
import { Curve, GROUP_ORDER } from './curve.ts';
import { FIELD_BYTES, FIELD_PRIME, Field } from './field.ts';
import type { Slot } from './field.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';

/** Length of an encoded public key, in bytes. */
export const ELLSWIFT_BYTES = 64;
export const PRIVATE_KEY_BYTES = 32;

/** A source of random bytes: `randomBytes` of `node:crypto`, or a seeded one in tests. Must be cryptographic in use. */
export type RandomBytes = (byteCount: number) => Uint8Array;

/** A key pair for one handshake. Its user overwrites the private key afterwards. */
export interface EllSwiftKeyPair {
  /** 32 bytes, big-endian, 1..order-1. */
  readonly privateKey: Uint8Array;
  /** 64 bytes. */
  readonly publicKey: Uint8Array;
}

/** The root of -3 that is itself a square. */
const ROOT_OF_MINUS_3 = 0x0a2d2ba93507f1df233770c2a797962cc61f6d15da14ecd47d8d27ae1cd5f852n;
const HALF = (FIELD_PRIME + 1n) / 2n;
const modP = (value: bigint): bigint => ((value % FIELD_PRIME) + FIELD_PRIME) % FIELD_PRIME;

/** Bits of the case number: which formula, and which sign of each root. */
const CASE_COUNT = 8;
const CASE_SECOND_FORMULA = 2;
const CASE_OTHER_ROOT = 1;
const CASE_NEGATE = 4;

/** The mapping and its slots. One per thread is enough, since each call runs to its end. */
class EllSwift {
  readonly curve: Curve;
  readonly #field: Field;
  readonly #seven: Slot;
  /** (c - 1)/2 and (-c - 1)/2 of the decoding; their negatives serve the inverse. */
  readonly #c1: Slot;
  readonly #c2: Slot;
  readonly #half: Slot;
  readonly #u: Slot;
  readonly #t: Slot;
  readonly #x: Slot;
  readonly #y: Slot;
  readonly #scratch: Slot[];

  constructor() {
    const field = new Field();
    this.#field = field;
    this.curve = new Curve(field);
    this.#seven = field.constant(7n);
    this.#c1 = field.constant(modP((ROOT_OF_MINUS_3 - 1n) * HALF));
    this.#c2 = field.constant(modP((-ROOT_OF_MINUS_3 - 1n) * HALF));
    this.#half = field.constant(HALF);
    [this.#u, this.#t, this.#x, this.#y] = field.allocate(4) as [Slot, Slot, Slot, Slot];
    this.#scratch = field.allocate(8);
  }

  decode(encoding: Uint8Array): Uint8Array {
    this.#decodePoint(encoding);
    const x = new Uint8Array(FIELD_BYTES);
    this.#field.toBytes(this.#x, x);
    return x;
  }

  ecdhXOnly(encoding: Uint8Array, privateKey: Uint8Array): Uint8Array {
    this.#decodePoint(encoding);
    return this.curve.multiply(this.#x, this.#y, privateKey);
  }

  encode(x: Uint8Array, random: RandomBytes): Uint8Array {
    const encoding = new Uint8Array(ELLSWIFT_BYTES);
    // A quarter of all draws succeed. Each draws both numbers anew: anything else would not be uniform.
    for (;;) {
      const draw = random(FIELD_BYTES + 1);
      const u = draw.subarray(0, FIELD_BYTES);
      const t = this.inverse(x, u, draw[FIELD_BYTES]! % CASE_COUNT);
      if (t === undefined) continue;
      encoding.set(u);
      encoding.set(t, FIELD_BYTES);
      return encoding;
    }
  }

  /** Some t with which u encodes x, or none; u = 0 has none. */
  inverse(x: Uint8Array, u: Uint8Array, caseNumber: number): Uint8Array | undefined {
    const field = this.#field;
    field.fromBytes(this.#x, x);
    field.fromBytes(this.#u, u);
    if (field.isZero(this.#u)) return undefined;
    const [g, s, v, w, a] = this.#scratch as Slots;
    this.#cubePlus7(g, this.#u);
    const found =
      (caseNumber & CASE_SECOND_FORMULA) === 0
        ? this.#firstFormula(s, v, g)
        : this.#secondFormula(s, v, g, (caseNumber & CASE_OTHER_ROOT) !== 0);
    if (!found || !this.#root(w, s)) return undefined;

    // BIP 324 has t = -w (c3 u + v) or w (c4 u + v), and both negated; with c3 = -c1 and c4 = -c2 that is w (c1 u - v)
    // or -w (c2 u - v).
    field.multiply(a, this.#u, (caseNumber & CASE_OTHER_ROOT) === 0 ? this.#c1 : this.#c2);
    field.subtract(a, a, v);
    field.multiply(a, a, w);
    const isNegated = ((caseNumber & CASE_NEGATE) !== 0) !== ((caseNumber & CASE_OTHER_ROOT) !== 0);
    if (isNegated) field.subtract(a, field.zero, a);
    const t = new Uint8Array(FIELD_BYTES);
    field.toBytes(a, t);
    return t;
  }

  /** v = x and s = -g / (u^2 + u v + v^2), where x1 or x2 of the decoding shall give x. */
  #firstFormula(s: Slot, v: Slot, g: Slot): boolean {
    const field = this.#field;
    const [a, y] = [this.#scratch[4]!, this.#y];
    field.add(a, this.#x, this.#u);
    field.subtract(a, field.zero, a);
    // Then x3 of the decoding would be taken for another value first.
    if (this.curve.liftX(a, y)) return false;
    // u^2 + u v + v^2 = (u + v)^2 - u v, and a is -(u + v).
    field.copy(v, this.#x);
    field.square(a, a);
    field.multiply(s, this.#u, v);
    field.subtract(a, a, s);
    field.invert(a, a);
    field.multiply(s, a, g);
    field.subtract(s, field.zero, s);
    return true;
  }

  /** s = x - u and v = (r/s - u) / 2 with r^2 = -s (4 g + 3 s u^2), where x3 shall give x. */
  #secondFormula(s: Slot, v: Slot, g: Slot, mustDiffer: boolean): boolean {
    const field = this.#field;
    const [a, r] = [this.#scratch[4]!, this.#scratch[5]!];
    field.subtract(s, this.#x, this.#u);
    if (field.isZero(s)) return false;
    field.square(a, this.#u);
    field.multiply(a, a, s);
    field.addScaled(a, field.zero, a, 3);
    field.addScaled(a, a, g, 4);
    field.multiply(a, a, s);
    field.subtract(a, field.zero, a);
    if (!this.#root(r, a)) return false;
    // With r = 0 both roots are the same, and only one of the two cases may have it.
    if (mustDiffer && field.isZero(r)) return false;
    field.invert(a, s);
    field.multiply(v, r, a);
    field.subtract(v, v, this.#u);
    field.multiply(v, v, this.#half);
    return true;
  }

  /** Decodes into #x, with a matching #y. */
  #decodePoint(encoding: Uint8Array): void {
    const field = this.#field;
    const [u, t, x, y] = [this.#u, this.#t, this.#x, this.#y];
    field.fromBytes(u, encoding);
    field.fromBytes(t, encoding, FIELD_BYTES);
    if (field.isZero(u)) field.copy(u, field.one);
    if (field.isZero(t)) field.copy(t, field.one);

    const [g, s, sum, d, inverse, a, b] = this.#scratch as Slots;
    this.#cubePlus7(g, u);
    field.square(s, t);
    field.add(sum, g, s);
    if (field.isZero(sum)) {
      field.addScaled(s, field.zero, s, 4);
      field.add(sum, g, s);
    }
    // One inversion for both divisors: d = 3 s u^2 and sum = g + s.
    field.square(d, u);
    field.multiply(d, d, s);
    field.addScaled(d, field.zero, d, 3);
    field.multiply(a, d, sum);
    field.invert(inverse, a);

    // x3 = u - sum^2 / d
    field.square(a, sum);
    field.multiply(a, a, sum);
    field.multiply(a, a, inverse);
    field.subtract(x, u, a);
    if (this.curve.liftX(x, y)) return;

    // x2 = u (c1 s + c2 g) / sum
    field.multiply(a, this.#c1, s);
    field.multiply(b, this.#c2, g);
    field.add(a, a, b);
    field.multiply(a, a, u);
    field.multiply(a, a, d);
    field.multiply(x, a, inverse);
    if (this.curve.liftX(x, y)) return;

    // x1 = -(x2 + u), on the curve whenever the others are not.
    field.add(x, x, u);
    field.subtract(x, field.zero, x);
    this.curve.liftX(x, y);
  }

  #cubePlus7(to: Slot, u: Slot): void {
    this.#field.square(to, u);
    this.#field.multiply(to, to, u);
    this.#field.add(to, to, this.#seven);
  }

  /** root = the square root of a that is itself a square; false when there is none. */
  #root(root: Slot, a: Slot): boolean {
    const check = this.#scratch[7]!;
    this.#field.rootCandidate(root, a);
    this.#field.square(check, root);
    return this.#field.areEqual(check, a, check);
  }
}

type Slots = [Slot, Slot, Slot, Slot, Slot, Slot, Slot];

let shared: EllSwift | undefined;

/** Compiled on first use. */
function ellSwift(): EllSwift {
  shared ??= new EllSwift();
  return shared;
}

function requireBytes(name: string, bytes: Uint8Array, byteCount: number): void {
  if (!isBytes(bytes) || bytes.length !== byteCount) {
    throw invalidArg(name, `${byteCount} bytes`, isBytes(bytes) ? `${bytes.length} bytes` : bytes);
  }
}

const ORDER_BYTES = Buffer.from(GROUP_ORDER.toString(16), 'hex');
const ZERO_BYTES = Buffer.alloc(PRIVATE_KEY_BYTES);

/** Compares bytes, since a number or a string made of a key could not be overwritten afterwards. */
function isPrivateKey(bytes: Uint8Array): boolean {
  return Buffer.compare(bytes, ORDER_BYTES) < 0 && Buffer.compare(bytes, ZERO_BYTES) > 0;
}

/**
 * Makes a key pair. About 0.2 ms.
 *
 * @param random - Draws 32 bytes for the private key, which are overwritten, then 33 bytes for each attempt to encode,
 *   four on average.
 */
export function createKeyPair(random: RandomBytes): EllSwiftKeyPair {
  let draw = random(PRIVATE_KEY_BYTES);
  while (!isPrivateKey(draw)) draw = random(PRIVATE_KEY_BYTES);
  const privateKey = Uint8Array.from(draw); // No Buffer: a `slice` of it would be overwritten along with it.
  draw.fill(0);
  return { privateKey, publicKey: encodePublicKey(privateKey, random) };
}

/**
 * Encodes the public key of a private key, differently each time.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not 32 bytes of a number 1..order-1.
 */
export function encodePublicKey(privateKey: Uint8Array, random: RandomBytes): Uint8Array {
  requirePrivateKey(privateKey);
  return encodeX(ellSwift().curve.multiplyGenerator(privateKey), random);
}

/**
 * Encodes the X coordinate of a point.
 *
 * @param x - 32 big-endian bytes, on the curve; otherwise no encoding may ever be found.
 */
export function encodeX(x: Uint8Array, random: RandomBytes): Uint8Array {
  requireBytes('x', x, FIELD_BYTES);
  return ellSwift().encode(x, random);
}

/** Decodes 64 bytes, any, to the 32-byte X coordinate they stand for: `XSwiftEC` of BIP 324. */
export function decodeX(encoding: Uint8Array): Uint8Array {
  requireBytes('encoding', encoding, ELLSWIFT_BYTES);
  return ellSwift().decode(encoding);
}

/**
 * `XSwiftECInv` of BIP 324: the t with which u encodes x.
 *
 * @param caseNumber - 0..7; different cases give different t.
 * @returns 32 bytes, or undefined if this case has none.
 */
export function inverseX(x: Uint8Array, u: Uint8Array, caseNumber: number): Uint8Array | undefined {
  requireBytes('x', x, FIELD_BYTES);
  requireBytes('u', u, FIELD_BYTES);
  return ellSwift().inverse(x, u, caseNumber);
}

/**
 * The X coordinate that both sides of a key exchange arrive at, as 32 bytes. Never use it as a key: hash it first.
 *
 * @param theirs - The peer's encoding, any 64 bytes.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: wrong lengths, or a private key outside 1..order-1.
 */
export function ecdhXOnly(theirs: Uint8Array, privateKey: Uint8Array): Uint8Array {
  requireBytes('theirs', theirs, ELLSWIFT_BYTES);
  requirePrivateKey(privateKey);
  return ellSwift().ecdhXOnly(theirs, privateKey);
}

function requirePrivateKey(privateKey: Uint8Array): void {
  requireBytes('privateKey', privateKey, PRIVATE_KEY_BYTES);
  // The value must not appear in an error message.
  if (!isPrivateKey(privateKey)) throw invalidArg('privateKey', 'a number from 1 to the group order - 1', 'another');
}
