// Bytes as text: Latin-1, as HTTP reads a head, and UTF-8.

interface Slices {
  latin1Slice(this: Uint8Array, from: number, to: number): string;
  utf8Slice(this: Uint8Array, from: number, to: number): string;
}

/** What `toString` calls, used directly: `toString` would need a `Buffer` for each view. */
const { latin1Slice, utf8Slice } = Buffer.prototype as unknown as Slices;

/** The bytes from `from` to before `to` as text. */
export function latin1(bytes: Uint8Array, from: number, to: number): string {
  return latin1Slice.call(bytes, from, to);
}

/** Bytes as text; invalid UTF-8 becomes U+FFFD. */
export function utf8(bytes: Uint8Array): string {
  return utf8Slice.call(bytes, 0, bytes.length);
}
