// Destinations for tests: well-formed, but not real.

const ED25519_CERTIFICATE = Uint8Array.of(5, 0, 4, 0, 7, 0, 0);

/** 387 zero bytes: no certificate. */
export const D0: Uint8Array = new Uint8Array(387);

/** Bytes 0, 1, … 255, 0, … 127 and the certificate of an Ed25519 key: 391 bytes. */
export const D1: Uint8Array = Buffer.concat([
  Uint8Array.from({ length: 384 }, (_, index) => index & 0xff),
  ED25519_CERTIFICATE,
]);

/** Bytes that use the two characters of I2P's base64 that differ from the standard's. */
export const D2: Uint8Array = Buffer.concat([Buffer.from('fbffbf'.repeat(128), 'hex'), ED25519_CERTIFICATE]);

/** A private key whose destination is `D1`: 679 bytes, as Ed25519 keys have. */
export const D1_PRIVATE_KEY: Uint8Array = Buffer.concat([D1, new Uint8Array(288)]);
