// The rejected design: ElligatorSwift in BigInt, scalar multiplications by OpenSSL through `node:crypto`. Kept to be
// compared with the chosen one; `p2p-v2.mjs` checks that both agree.

import { createECDH, randomBytes } from 'node:crypto';

const P = 2n ** 256n - 2n ** 32n - 977n;
const C = 0x0a2d2ba93507f1df233770c2a797962cc61f6d15da14ecd47d8d27ae1cd5f852n;
const HALF = (P + 1n) / 2n;

const mod = (/** @type {bigint} */ a) => ((a % P) + P) % P;
const C1 = mod((C - 1n) * HALF);
const C2 = mod((-C - 1n) * HALF);

/** @param {bigint} base @param {bigint} exponent */
function power(base, exponent) {
  let result = 1n;
  for (let bit = BigInt(exponent.toString(2).length - 1); bit >= 0n; bit--) {
    result = (result * result) % P;
    if ((exponent >> bit) & 1n) result = (result * base) % P;
  }
  return result;
}

/** The extended Euclidean algorithm, which in BigInt takes a third of the time of a power. @param {bigint} a */
function invert(a) {
  let [low, high, x, y] = [mod(a), P, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high, x, y] = [high - low * quotient, low, y - x * quotient, x];
  }
  return mod(x);
}

/** @param {bigint} a */
function root(a) {
  const candidate = power(mod(a), (P + 1n) / 4n);
  return (candidate * candidate) % P === mod(a) ? candidate : undefined;
}

const isOnCurve = (/** @type {bigint} */ x) => root(x ** 3n + 7n) !== undefined;
const toBytes = (/** @type {bigint} */ a) => Buffer.from(a.toString(16).padStart(64, '0'), 'hex');
const toNumber = (/** @type {Uint8Array} */ bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** @param {Uint8Array} encoding */
export function decodeX(encoding) {
  const u = toNumber(encoding.subarray(0, 32)) % P || 1n;
  const t = toNumber(encoding.subarray(32)) % P || 1n;
  const g = mod(u ** 3n + 7n);
  let s = (t * t) % P;
  if (mod(g + s) === 0n) s = (4n * s) % P;
  const d = mod(3n * s * u * u);
  const inverse = invert(mod(d * (g + s)));
  const x3 = mod(u - (g + s) ** 3n * inverse);
  if (isOnCurve(x3)) return toBytes(x3);
  const x2 = mod(u * mod(C1 * s + C2 * g) * mod(d * inverse));
  return toBytes(isOnCurve(x2) ? x2 : mod(-x2 - u));
}

/** @param {bigint} x @param {bigint} u @param {number} caseNumber */
function inverseX(x, u, caseNumber) {
  const g = mod(u ** 3n + 7n);
  let v = x;
  let s;
  if ((caseNumber & 2) === 0) {
    if (isOnCurve(mod(-x - u))) return undefined;
    s = mod(-g * invert(mod(u * u + u * v + v * v)));
  } else {
    s = mod(x - u);
    if (s === 0n) return undefined;
    const r = root(mod(-s * (4n * g + 3n * s * u * u)));
    if (r === undefined || (r === 0n && (caseNumber & 1) === 1)) return undefined;
    v = mod((r * invert(s) - u) * HALF);
  }
  const w = root(s);
  if (w === undefined) return undefined;
  const t = mod(w * (((caseNumber & 1) === 0 ? C1 : C2) * u - v));
  return ((caseNumber & 4) !== 0) !== ((caseNumber & 1) !== 0) ? mod(-t) : t;
}

/** A key pair, encoded. */
export function createKeyPair() {
  const ecdh = createECDH('secp256k1');
  const x = toNumber(ecdh.generateKeys(null, 'compressed').subarray(1));
  for (;;) {
    const u = toNumber(randomBytes(32)) % P;
    const t = u === 0n ? undefined : inverseX(x, u, (randomBytes(1)[0] ?? 0) % 8);
    if (t !== undefined) return { ecdh, publicKey: Buffer.concat([toBytes(u), toBytes(t)]) };
  }
}

/** @param {import('node:crypto').ECDH} ecdh @param {Uint8Array} theirs */
export function ecdhXOnly(ecdh, theirs) {
  return ecdh.computeSecret(Buffer.concat([Buffer.of(2), decodeX(theirs)]));
}
