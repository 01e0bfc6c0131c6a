// The codec of one type of message, which every message family supplies.

import type { ByteReader, ByteWriter } from '../../util/bytes/bytes.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { HASH_BYTES } from '../hash.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';

/**
 * Reads the payload of one message type.
 *
 * Byte arrays in what `read` returns are views of the payload: copy what is kept for long. Bytes after the last field are
 * left unread and ignored, in every message but `feature`, so that fields can be added to the protocol later.
 */
export interface Decoder<M> {
  /**
   * @param payload - What `reader` reads: for messages that are passed on as they came.
   * @throws {DecodeError} `ERR_SOCKMAN_DECODE`: the payload does not have the form of this type.
   */
  read(reader: ByteReader, payload: Uint8Array): M;
}

/** Reads and writes the payload of one message type. */
export interface Codec<M> extends Decoder<M> {
  /**
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a field cannot be written as
   *   it is, or breaks a limit for which the receiver would punish us.
   */
  write(writer: ByteWriter, message: M): void;
}

/**
 * Carried by messages whose limits are judged after decoding.
 *
 * Such a message decodes although it is too large, because its sender is treated differently (punished, disconnected,
 * ignored) from one whose bytes do not decode. Lists that are too long arrive empty.
 */
export interface Limited {
  /** Present when the message is larger than the protocol lets a peer send. */
  readonly exceedsLimit?: true;
}

/** The codec of a message that is nothing but its type. */
export function emptyCodec<T extends string>(type: T): Codec<{ readonly type: T }> {
  return { read: () => ({ type }), write: () => {} };
}

/** Reads a hash, as a view. */
export function readHash(reader: ByteReader): Uint8Array {
  return reader.bytes(HASH_BYTES);
}

/** Writes a hash, refusing anything but 32 bytes: a wrong length would shift every field behind it. */
export function writeHash(writer: ByteWriter, hash: Uint8Array): void {
  requireHash('hash', hash);
  writer.bytes(hash);
}

/** Refuses anything but 32 bytes. @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`. */
export function requireHash(name: string, hash: Uint8Array): void {
  if (isBytes(hash) && hash.length === HASH_BYTES) return;
  throw invalidArg(name, `a Uint8Array of ${HASH_BYTES} bytes`, hash);
}

/**
 * Reads a CompactSize count, then that many elements, keeping none when there are more than `limit`.
 *
 * @returns The elements; undefined when there are too many. Those are read all the same, because a message has to decode
 *   before its sender is punished for it, but nothing is kept of them, and nothing is allocated for a count.
 */
export function readLimitedVector<T>(
  reader: ByteReader,
  limit: number,
  readElement: (reader: ByteReader) => T,
): T[] | undefined {
  const count = reader.compactSize();
  const elements: T[] = [];
  for (let index = 0; index < count; index++) {
    const element = readElement(reader);
    if (count <= limit) elements.push(element);
  }
  return count <= limit ? elements : undefined;
}

/** Writes a CompactSize count, then the elements, of which there are at most `limit`. */
export function writeLimitedVector<T>(
  writer: ByteWriter,
  elements: readonly T[],
  limit: number,
  writeElement: (writer: ByteWriter, element: T) => void,
): void {
  checkLength(elements, limit);
  writer.vector(elements, writeElement);
}

/** Refuses to send a list or byte array that is longer than its receiver accepts. */
export function checkLength(list: { readonly length: number }, limit: number): void {
  if (list.length > limit) throw outOfRange('length', `at most ${limit}`, list.length);
}
