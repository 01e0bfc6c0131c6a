// Bytes as text: as HTTP means its head to be read, a character each; and as UTF-8.

interface Slices {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
  utf8Slice(this: Uint8Array, from: number, to: number): string;
}

/** Node's own, which `toString` calls: that would first need a `Buffer` made of each view. */
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slices;

/** The bytes from `from` to before `to` as text. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return latin1Slice.call(bytes, from, to);
}

/** Bytes as text; what is no UTF-8 becomes U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return utf8Slice.call(bytes, 0, bytes.length);
}
