// Users that the server knows, each with a salted hash of their password. (Bitcoin Core src/httprpc.cpp, share/rpcauth)

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { BasicCredentials } from './basic.ts';

const SALT_BYTES = 16;

/** A user, as `-rpcauth` has one. The password itself is not kept. */
export interface Credential {
  readonly user: Buffer;
  /** Its text is the key of the HMAC. */
  readonly salt: string;
  /** HMAC-SHA-256 of the password, as lower-case hex. */
  readonly hash: Buffer;
}

/** The entry of a user whose password is known, with a random salt. */
export function credentialFor(user: string, password: string): Credential {
  const salt = randomBytes(SALT_BYTES).toString('hex');
  return { user: Buffer.from(user), salt, hash: hashOf(salt, Buffer.from(password)) };
}

/** Reads `user:salt$hash`; undefined for anything else. */
export function parseRpcAuth(text: string): Credential | undefined {
  const [user, secret, ...more] = text.split(':');
  const [salt, hash, ...rest] = (secret ?? '').split('$');
  if (secret === undefined || hash === undefined || more.length > 0 || rest.length > 0) return undefined;
  return { user: Buffer.from(user!), salt: salt!, hash: Buffer.from(hash) };
}

/** Whether the credentials are known. The time this takes reveals only lengths. */
export function isKnown(known: readonly Credential[], { user, password }: BasicCredentials): boolean {
  let isRight = false;
  for (const entry of known) {
    if (!isSame(entry.user, user)) continue;
    if (isSame(entry.hash, hashOf(entry.salt, password))) isRight = true;
  }
  return isRight;
}

function hashOf(salt: string, password: Buffer): Buffer {
  return Buffer.from(createHmac('sha256', salt).update(password).digest('hex'));
}

function isSame(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
