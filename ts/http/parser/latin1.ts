// Bytes as text, a character each, as HTTP means its head to be read.

interface Latin1Slice {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
}

/** Node's own, which `toString('latin1')` calls: that would first need a `Buffer` made of each view. */
const { latin1Slice } = Buffer.prototype as unknown as Latin1Slice;

/** The bytes from `from` to before `to` as text. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return latin1Slice.call(bytes, from, to);
}
