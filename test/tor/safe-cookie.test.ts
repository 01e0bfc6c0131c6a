import { describe, expect, test } from 'vitest';

import { controllerHash, isServerHash } from '../../ts/tor/safe-cookie.ts';

const bytesFrom = (first: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => first + at);
const challenge = { cookie: bytesFrom(0x00), clientNonce: bytesFrom(0x20), serverNonce: bytesFrom(0x40) };
const SERVER_HASH = Buffer.from('3c8780ab52365c0d080750447e5f64dabc00428c6c434579c2043e18c1f85389', 'hex');

// A recorded exchange.
describe('SAFECOOKIE', () => {
  test('knows the hash of the server, and any other from it', () => {
    expect(isServerHash(SERVER_HASH, challenge)).toBe(true);
    for (let at = 0; at < 32; at += 1) {
      const other = Buffer.from(SERVER_HASH);
      other[at]! ^= 1;
      expect(isServerHash(other, challenge)).toBe(false);
    }
    for (const length of [0, 31]) expect(isServerHash(SERVER_HASH.subarray(0, length), challenge)).toBe(false);
    expect(isServerHash(Buffer.concat([SERVER_HASH, SERVER_HASH]), challenge)).toBe(false);
    expect(isServerHash(controllerHash(challenge), challenge)).toBe(false);
  });

  test('makes the hash of the controller', () => {
    expect(controllerHash(challenge).toString('hex')).toBe(
      'b47642df2d5abb84f69e6d02d41bed6b44aee33e69562528a82166fc98bc0b1e',
    );
  });
});
