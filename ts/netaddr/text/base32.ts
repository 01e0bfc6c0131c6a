// Base32 of RFC 4648, in the lower-case form of onion and I2P names.
//
// Decoding is strict, so that each name has one meaning and each meaning one name (except for case): exact padding, no other
// characters, and zero in the unused bits of the last character.

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Padding characters that can end a text of whole groups of eight. */
const PADDINGS: readonly number[] = [0, 1, 3, 4, 6];

/** Encodes without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let bitCount = 0;
  for (const byte of bytes) {
    bits = ((bits << 8) | byte) & 0xfff;
    bitCount += 8;
    while (bitCount >= 5) {
      bitCount -= 5;
      text += ALPHABET[(bits >> bitCount) & 31];
    }
  }
  return bitCount === 0 ? text : text + ALPHABET[(bits << (5 - bitCount)) & 31];
}

/** Decodes padded text, in either case; undefined if it is not exactly what an encoder would write. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const end = text.indexOf('=');
  const charCount = end === -1 ? text.length : end;
  if (text.length % 8 !== 0 || !PADDINGS.includes(text.length - charCount)) return undefined;
  if (text.slice(charCount) !== '='.repeat(text.length - charCount)) return undefined;

  const bytes = new Uint8Array(Math.floor((charCount * 5) / 8));
  let byteCount = 0;
  let bits = 0;
  let bitCount = 0;
  for (let index = 0; index < charCount; index++) {
    const value = valueOf(text.charCodeAt(index));
    if (value === -1) return undefined;
    bits = ((bits << 5) | value) & 0xfff;
    bitCount += 5;
    if (bitCount >= 8) {
      bitCount -= 8;
      bytes[byteCount++] = bits >> bitCount;
    }
  }
  return (bits & ((1 << bitCount) - 1)) === 0 ? bytes : undefined;
}

/** The five bits of a character, by its code; -1 outside the alphabet. Unicode's case mapping would accept others. */
function valueOf(code: number): number {
  if (code >= 0x61 && code <= 0x7a) return code - 0x61;
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  return code >= 0x32 && code <= 0x37 ? code - 0x32 + 26 : -1;
}
