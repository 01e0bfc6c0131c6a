// Reading and writing the fixed and variable-length fields of binary protocols.
//
// Integers of both byte orders, and the length-prefixed forms of the Bitcoin wire format (CompactSize; Bitcoin Core
// src/serialize.h). What the fields mean belongs to the codecs built on this. Nothing is allocated because a peer
// announced it: a length is compared with the bytes that are there, and vectors grow as their elements arrive.

import { DecodeError, outOfRange } from '../errors/errors.ts';

/** Largest value a CompactSize may have as a length or count. (MAX_SIZE, Bitcoin Core src/serialize.h) */
export const MAX_SIZE = 0x0200_0000;

/** Smallest value of each longer CompactSize form; anything below has a shorter form, which is then the only one. */
const MIN_COMPACT_SIZE_3 = 0xfd;
const MIN_COMPACT_SIZE_5 = 0x1_0000;
const MIN_COMPACT_SIZE_9 = 0x1_0000_0000n;

/**
 * Reads fields from the front of a byte array to its end.
 *
 * Every read either returns a value and moves past it, or throws a `DecodeError` and leaves the reader where it was
 * or inside the field that failed; a reader that has thrown is of no further use. Views returned by `bytes`,
 * `varBytes` and `rest` share memory with the input: copy what outlives it.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** @param bytes - What to read. Borrowed; it must not change while the reader is in use. */
  constructor(bytes: Uint8Array) {
    // A Buffer is looked at as the plain array it is: its own `slice` shares memory where an array's makes a copy.
    this.#bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  /** Reads one byte; any value but zero is true. */
  bool(): boolean {
    return this.uint8() !== 0;
  }

  uint16LE(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  uint16BE(): number {
    return this.#view.getUint16(this.#advance(2), false);
  }

  uint24LE(): number {
    const at = this.#advance(3);
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16);
  }

  uint32LE(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  uint32BE(): number {
    return this.#view.getUint32(this.#advance(4), false);
  }

  int32LE(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  uint64LE(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  uint64BE(): bigint {
    return this.#view.getBigUint64(this.#advance(8), false);
  }

  int64LE(): bigint {
    return this.#view.getBigInt64(this.#advance(8), true);
  }

  /**
   * Reads a CompactSize that is a length or a count.
   *
   * @param max - Largest value to accept; the wire format's own limit unless the field has a lower one.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short, not in its shortest form, or above `max`.
   */
  compactSize(max: number = MAX_SIZE): number {
    const start = this.#offset;
    const value = this.#compactValue();
    if (value > max) throw new DecodeError(`size ${value} is above ${max}`, start);
    return Number(value);
  }

  /**
   * Reads a CompactSize that is a plain number of up to 64 bits.
   *
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: cut short, or not in its shortest form.
   */
  compactNumber(): bigint {
    return BigInt(this.#compactValue());
  }

  /** Skips a CompactSize of up to 64 bits. @throws {DecodeError} As `compactNumber`. */
  skipCompact(): void {
    this.#compactValue();
  }

  /** Reads `byteCount` bytes, as a view of the input. */
  bytes(byteCount: number): Uint8Array {
    const start = this.#advance(byteCount);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** Reads `byteCount` bytes into an array of their own. By hand: for an address, `slice` takes longer than the copy. */
  bytesCopy(byteCount: number): Uint8Array {
    const start = this.#advance(byteCount);
    const copy = new Uint8Array(byteCount);
    for (let index = 0; index < byteCount; index++) copy[index] = this.#bytes[start + index]!;
    return copy;
  }

  /** Reads a CompactSize of at most `max`, then that many bytes, as a view of the input. */
  varBytes(max: number = MAX_SIZE): Uint8Array {
    return this.bytes(this.compactSize(max));
  }

  /**
   * Reads a CompactSize count of at most `max`, then that many elements.
   *
   * @param readElement - Reads one element from this reader; it must consume at least one byte.
   */
  vector<T>(readElement: (reader: ByteReader) => T, max: number = MAX_SIZE): T[] {
    const count = this.compactSize(max);
    const elements: T[] = [];
    while (elements.length < count) elements.push(readElement(this));
    return elements;
  }

  skip(byteCount: number): void {
    this.#advance(byteCount);
  }

  /** Reads all that is left, as a view of the input; may be empty. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** A bigint only where the nine-byte form stands: nearly all sizes are read without making one. */
  #compactValue(): number | bigint {
    const start = this.#offset;
    const first = this.uint8();
    if (first < 0xfd) return first;
    const value = first === 0xfd ? this.uint16LE() : first === 0xfe ? this.uint32LE() : this.uint64LE();
    const min = first === 0xfd ? MIN_COMPACT_SIZE_3 : first === 0xfe ? MIN_COMPACT_SIZE_5 : MIN_COMPACT_SIZE_9;
    if (value < min) throw new DecodeError(`size ${value} is not in its shortest form`, start);
    return value;
  }

  /** Moves past `byteCount` bytes and returns where they start. */
  #advance(byteCount: number): number {
    const start = this.#offset;
    if (!(byteCount >= 0 && byteCount <= this.#bytes.length - start)) {
      throw new DecodeError(`${byteCount} bytes expected, ${this.#bytes.length - start} left`, start);
    }
    this.#offset = start + byteCount;
    return start;
  }
}

/** Room a writer starts with, in bytes, unless told otherwise: most messages fit. */
const DEFAULT_CAPACITY_BYTES = 256;

/** What is this short is copied when it is done, in bytes: arrays up to this size lie on the JavaScript heap. */
const MAX_COPIED_BYTES = 64;

/**
 * Writes fields one behind the other into an array that grows as needed.
 *
 * Methods return the writer, so that calls chain. A number that its field cannot hold is a `RangeError`
 * (`ERR_SOCKMAN_OUT_OF_RANGE`), never cut silently.
 */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  /** @param capacityBytes - Room to start with. Only a hint: the exact size saves growing. */
  constructor(capacityBytes: number = DEFAULT_CAPACITY_BYTES) {
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  uint8(value: number): this {
    if ((value & 0xff) !== value) throw outOfRange('uint8', 'an integer 0..255', value);
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  bool(value: boolean): this {
    return this.uint8(value ? 1 : 0);
  }

  uint16LE(value: number): this {
    return this.#uint16(value, true);
  }

  uint16BE(value: number): this {
    return this.#uint16(value, false);
  }

  uint24LE(value: number): this {
    if ((value & 0xff_ffff) !== value) throw outOfRange('uint24', 'an integer 0..2^24-1', value);
    const at = this.#grow(3);
    this.#view.setUint16(at, value & 0xffff, true);
    this.#view.setUint8(at + 2, value >>> 16);
    return this;
  }

  uint32LE(value: number): this {
    return this.#uint32(value, true);
  }

  uint32BE(value: number): this {
    return this.#uint32(value, false);
  }

  int32LE(value: number): this {
    if ((value | 0) !== value) throw outOfRange('int32', 'an integer -2^31..2^31-1', value);
    const at = this.#grow(4);
    this.#view.setInt32(at, value, true);
    return this;
  }

  uint64LE(value: bigint): this {
    return this.#uint64(value, true);
  }

  uint64BE(value: bigint): this {
    return this.#uint64(value, false);
  }

  int64LE(value: bigint): this {
    if (BigInt.asIntN(64, value) !== value) throw outOfRange('int64', 'a bigint -2^63..2^63-1', value);
    const at = this.#grow(8);
    this.#view.setBigInt64(at, value, true);
    return this;
  }

  /** Writes a CompactSize in its shortest form: a non-negative integer of at most 64 bits. */
  compactSize(value: number | bigint): this {
    if (value < MIN_COMPACT_SIZE_3) return this.uint8(Number(value));
    if (value < MIN_COMPACT_SIZE_5) return this.uint8(0xfd).uint16LE(Number(value));
    if (value < MIN_COMPACT_SIZE_9) return this.uint8(0xfe).uint32LE(Number(value));
    return this.uint8(0xff).uint64LE(BigInt(value));
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** Writes the length as a CompactSize, then the bytes. */
  varBytes(bytes: Uint8Array): this {
    return this.compactSize(bytes.length).bytes(bytes);
  }

  /** Writes the count as a CompactSize, then each element by `writeElement`. */
  vector<T>(elements: readonly T[], writeElement: (writer: ByteWriter, element: T) => void): this {
    this.compactSize(elements.length);
    for (const element of elements) writeElement(this, element);
    return this;
  }

  /** What was written so far, as a view that holds until the next write: for a checksum that follows it. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Hands over what was written. The caller owns the array from then on, and the writer is empty again. */
  finish(): Uint8Array {
    // A short message must not hold on to the room that there was for a longer one.
    const written = this.#length <= MAX_COPIED_BYTES ? this.written().slice() : this.written();
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    return written;
  }

  #uint16(value: number, isLittleEndian: boolean): this {
    if ((value & 0xffff) !== value) throw outOfRange('uint16', 'an integer 0..65535', value);
    const at = this.#grow(2);
    this.#view.setUint16(at, value, isLittleEndian);
    return this;
  }

  #uint32(value: number, isLittleEndian: boolean): this {
    if (value >>> 0 !== value) throw outOfRange('uint32', 'an integer 0..2^32-1', value);
    const at = this.#grow(4);
    this.#view.setUint32(at, value, isLittleEndian);
    return this;
  }

  #uint64(value: bigint, isLittleEndian: boolean): this {
    if (BigInt.asUintN(64, value) !== value) throw outOfRange('uint64', 'a bigint 0..2^64-1', value);
    const at = this.#grow(8);
    this.#view.setBigUint64(at, value, isLittleEndian);
    return this;
  }

  /** Makes room for `byteCount` more bytes and returns where they start. Array and view may be others afterwards. */
  #grow(byteCount: number): number {
    const start = this.#length;
    const end = start + byteCount;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = end;
    return start;
  }
}
