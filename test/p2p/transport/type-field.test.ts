import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { MESSAGE_TYPES } from '../../../ts/p2p/messages/message-types.ts';
import { MAX_TYPE_CHAR_V1, MAX_TYPE_CHAR_V2, readTypeField, typeField } from '../../../ts/p2p/transport/type-field.ts';

function field(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.padEnd(12, '\0'), 'latin1'));
}

/** The rule said plainly, as a check on the quick way. */
function plainRead(bytes: Uint8Array, maxChar: number): string | undefined {
  const [type, ...rest] = Buffer.from(bytes).toString('latin1').split('\0');
  const isPadded = rest.every((part) => part === '');
  const isPrintable = [...type!].every((char) => char >= ' ' && char.charCodeAt(0) <= maxChar);
  return isPadded && isPrintable ? type : undefined;
}

describe('the type field', () => {
  it.each([...MESSAGE_TYPES])('of %s is its ASCII, padded with zeros, and read back at any offset', (type) => {
    expect(typeField(type)).toEqual(field(type));
    const shifted = new Uint8Array(20);
    shifted.set(field(type), 5);
    expect(readTypeField(shifted, 5, MAX_TYPE_CHAR_V1)).toBe(type);
  });

  it('is judged by the plain rule for any twelve bytes', () => {
    const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0x1f, max: 0x80 }), fc.nat(255));
    const anyField = fc.array(byte, { minLength: 12, maxLength: 12 }).map((bytes) => Uint8Array.from(bytes));
    const nearlyKnown = fc.tuple(fc.constantFrom(...MESSAGE_TYPES), fc.nat(11), byte).map(([type, at, value]) => {
      const bytes = field(type);
      bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(
        fc.oneof(anyField, nearlyKnown),
        fc.constantFrom(MAX_TYPE_CHAR_V1, MAX_TYPE_CHAR_V2),
        (bytes, maxChar) => {
          expect(readTypeField(bytes, 0, maxChar)).toBe(plainRead(bytes, maxChar));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('may be empty, may fill all twelve bytes, and holds 0x7f in V2 only', () => {
    expect(readTypeField(field(''), 0, MAX_TYPE_CHAR_V1)).toBe('');
    expect(readTypeField(field('abcdefghijkl'), 0, MAX_TYPE_CHAR_V1)).toBe('abcdefghijkl');
    expect(readTypeField(field('a\x7f'), 0, MAX_TYPE_CHAR_V1)).toBeUndefined();
    expect(readTypeField(field('a\x7f'), 0, MAX_TYPE_CHAR_V2)).toBe('a\x7f');
    expect(readTypeField(field('a\x80'), 0, MAX_TYPE_CHAR_V2)).toBeUndefined();
    expect(typeField('abcdefghijkl')).toEqual(field('abcdefghijkl'));
  });
});
