import { describe, expect, test } from 'vitest';

import {
  addressOfDestination,
  addressOfDestinationText,
  addressOfPrivateKey,
  decodeI2PBase64,
  encodeI2PBase64,
} from '../../../ts/sockman/dial/i2p-destination.ts';
import { D0, D1, D2 } from '../../harness/dials/i2p-destinations.ts';

const CERTIFICATE_LENGTH_OFFSET = 385;

/** `byteCount` zero bytes with a certificate length. */
function damagedKey(byteCount: number, certificateBytes: number): Uint8Array {
  const key = Buffer.alloc(byteCount);
  key.writeUInt16BE(certificateBytes, CERTIFICATE_LENGTH_OFFSET);
  return key;
}

describe('a destination', () => {
  test.each([
    ['D0', D0, 'gem7z2yovuoqqbg3sd5qzb5dhaiit6osezfdo3cbuonanzjsuzaq.b32.i2p'],
    ['D1', D1, '64orrdhmp3s3ry44ddb5uw35qx5qtgot6gcntnrqziq5d4vtmzfa.b32.i2p'],
    ['D2', D2, 'esrfepupihoyxm5l65oevqvw4glphyxwlhpheqdab55kbw5xkpwa.b32.i2p'],
  ])('%s has the address that the specification says', (_name, destination, address) => {
    expect(addressOfDestination(destination).toString()).toBe(address);
    expect(addressOfDestinationText(encodeI2PBase64(destination))?.toString()).toBe(address);
  });

  test('has the text that the specification says', () => {
    const text = encodeI2PBase64(D1);
    expect([text.length, text.slice(0, 24), text.slice(-24)]).toEqual([
      524,
      'AAECAwQFBgcICQoLDA0ODxAR',
      'd3h5ent8fX5~BQAEAAcAAA==',
    ]);
    expect(encodeI2PBase64(D2).slice(0, 8)).toBe('-~-~-~-~');
  });

  test.each([
    ['one byte short', D1.subarray(0, 390)],
    ['one byte long', Buffer.concat([D1, Uint8Array.of(0)])],
    ['shorter than its head', D0.subarray(0, 386)],
    ['empty', new Uint8Array(0)],
  ])('as text is refused when it is %s', (_what, bytes) => {
    expect(addressOfDestinationText(encodeI2PBase64(bytes))).toBeUndefined();
  });
});

describe('a private key', () => {
  test('has the address of the destination it begins with, whatever follows', () => {
    const address = addressOfDestination(D1);
    for (const secretBytes of [0, 1, 288, 320]) {
      expect(addressOfPrivateKey(Buffer.concat([D1, new Uint8Array(secretBytes)]))).toEqual(address);
    }
  });

  test.each([0, 4, 385, 386])('of %d bytes is too short to have a certificate', (byteCount) => {
    expect(addressOfPrivateKey(new Uint8Array(byteCount))).toBe(`too short: ${byteCount} of at least 387 bytes`);
  });

  test.each([
    [387, 1, 'a certificate of 1 bytes needs 388 bytes, there are 387'],
    [391, 5, 'a certificate of 5 bytes needs 392 bytes, there are 391'],
    [679, 65535, 'a certificate of 65535 bytes needs 65922 bytes, there are 679'],
  ])('of %d bytes cannot hold a certificate of %d', (byteCount, certificateBytes, problem) => {
    expect(addressOfPrivateKey(damagedKey(byteCount, certificateBytes))).toBe(problem);
  });

  test('of exactly the bytes its certificate needs is a key', () => {
    expect(addressOfPrivateKey(damagedKey(392, 5))).not.toBeTypeOf('string');
  });
});

describe('base64 of I2P', () => {
  test('is the inverse of itself for every length', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 151 + length) & 0xff));
      expect(decodeI2PBase64(encodeI2PBase64(bytes))).toEqual(bytes);
    }
  });

  test('may come without its padding, as some routers write it', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 151 + length) & 0xff));
      expect(decodeI2PBase64(encodeI2PBase64(bytes).replaceAll('=', ''))).toEqual(bytes);
    }
    const text = encodeI2PBase64(D1);
    expect(text).toMatch(/==$/);
    expect(addressOfDestinationText(text.slice(0, -2))).toEqual(addressOfDestinationText(text));
  });

  test.each([
    ['the standard alphabet', 'ab+/'],
    ['one foreign character', 'ab+c'],
    ['half of the padding', 'AA='],
    ['spare bits without padding', 'AB'],
    ['a length that is no multiple of four', 'AAAAA'],
    ['three padding characters', 'A==='],
    ['nothing but padding', '===='],
    ['padding in the middle', 'A=AA'],
    ['padding before the end', 'AA==AAAA'],
    ['spare bits after two characters', 'AB=='],
    ['spare bits after three characters', 'AAB='],
    ['a space', 'AA A'],
    ['a line end', 'AAA\n'],
    ['NUL', 'AAA\0'],
    ['characters beyond ASCII', 'AAAé'],
  ])('refuses %s', (_what, text) => {
    expect(decodeI2PBase64(text)).toBeUndefined();
  });
});
