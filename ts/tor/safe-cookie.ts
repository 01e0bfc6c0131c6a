// SAFECOOKIE: proving to each other that both know a cookie, without showing it. (Tor control-spec, section 3.24)

import { createHmac, timingSafeEqual } from 'node:crypto';

/** Bytes of the cookie, and of either nonce. */
export const TOR_COOKIE_BYTES = 32;
export const TOR_NONCE_BYTES = 32;

const SERVER_KEY = 'Tor safe cookie authentication server-to-controller hash';
const CONTROLLER_KEY = 'Tor safe cookie authentication controller-to-server hash';

/** What the two sides hash. */
export interface SafeCookieChallenge {
  readonly cookie: Uint8Array;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
}

/** Whether the other side knows the cookie. Takes constant time. */
export function isServerHash(hash: Uint8Array, challenge: SafeCookieChallenge): boolean {
  const expected = hmac(SERVER_KEY, challenge);
  return hash.length === expected.length && timingSafeEqual(hash, expected);
}

/** The hash that proves that we know the cookie. */
export function controllerHash(challenge: SafeCookieChallenge): Buffer {
  return hmac(CONTROLLER_KEY, challenge);
}

function hmac(key: string, { cookie, clientNonce, serverNonce }: SafeCookieChallenge): Buffer {
  return createHmac('sha256', key).update(cookie).update(clientNonce).update(serverNonce).digest();
}
