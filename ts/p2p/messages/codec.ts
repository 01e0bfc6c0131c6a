// What every message family supplies: how one type of message is read and written.

import type { ByteReader, ByteWriter } from '../../util/bytes.ts';
import { invalidArg } from '../../util/errors.ts';
import { HASH_BYTES } from '../hash.ts';

/**
 * Reads and writes the payload of one message type.
 *
 * Byte arrays in what `read` returns are views of the payload: copy what is kept for long. Bytes after the last field are
 * left unread and ignored, in every message but `feature`, so that fields can be added to the protocol later.
 */
export interface Codec<M> {
  /** @throws {DecodeError} `ERR_SOCKMAN_DECODE`: the payload is not of this type's form. */
  read(reader: ByteReader): M;
  /**
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: a field cannot be written as
   *   it is.
   */
  write(writer: ByteWriter, message: M): void;
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
export function writeHash(writer: ByteWriter, hash: Uint8Array, name = 'hash'): void {
  if (!(hash instanceof Uint8Array) || hash.length !== HASH_BYTES) {
    throw invalidArg(name, `a Uint8Array of ${HASH_BYTES} bytes`, hash);
  }
  writer.bytes(hash);
}

/** A vector as it came, or the fact that it is longer than the protocol lets a peer send. */
export interface LimitedVector<T> {
  readonly elements: readonly T[];
  readonly exceedsLimit: boolean;
}

/**
 * Reads a CompactSize count, then that many elements, but keeps none when there are more than `limit`.
 *
 * A vector that is too long gets its sender punished only if the message decodes, so its elements are read all the same;
 * nothing is allocated for the count.
 */
export function readLimitedVector<T>(
  reader: ByteReader,
  limit: number,
  readElement: (reader: ByteReader) => T,
): LimitedVector<T> {
  const count = reader.compactSize();
  if (count <= limit) {
    const elements: T[] = [];
    while (elements.length < count) elements.push(readElement(reader));
    return { elements, exceedsLimit: false };
  }
  for (let index = 0; index < count; index++) readElement(reader);
  return { elements: [], exceedsLimit: true };
}
