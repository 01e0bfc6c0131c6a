// What a writer function writes.

import { ByteWriter } from '../../ts/util/bytes/bytes.ts';

/** The bytes that `write` makes of `value`. */
export function encoded<T>(write: (writer: ByteWriter, value: T) => void, value: T): Uint8Array {
  const writer = new ByteWriter();
  write(writer, value);
  return writer.finish();
}
