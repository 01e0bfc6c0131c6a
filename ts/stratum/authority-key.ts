// The text forms of a server's authority key, and of a server with its key as a URL.
//
// Key: Base58Check over the bytes 01 00 (U16 version 1), then the X coordinate, 32 bytes.
// URL: stratum2+tcp://host:port/key. The port is required; without a path there is no key.
//
// Source: Stratum V2 specification, section 4.7.

import { isIP } from 'node:net';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { createBase58check } from '@scure/base';
import { invalidArg } from '../util/errors/errors.ts';
import { sha256 } from './noise/symmetric-state.ts';

const AUTHORITY_KEY_BYTES = 32;

/** U16 version 1, little-endian. */
const VERSION_PREFIX = Uint8Array.of(1, 0);

/** First byte of a compressed point with an even Y. */
const EVEN_Y = 0x02;

/** Longest text that is parsed as a key, in characters. Real ones have 51. */
const MAX_KEY_CHARS = 100;

const SCHEME = 'stratum2+tcp:';

const base58Check = createBase58check(sha256);

/** The text of an authority key. @param x - X coordinate, 32 bytes. */
export function formatAuthorityKey(x: Uint8Array): string {
  if (x.length !== AUTHORITY_KEY_BYTES) throw invalidArg('x', `${AUTHORITY_KEY_BYTES} bytes`, `${x.length} bytes`);
  return base58Check.encode(Uint8Array.from([...VERSION_PREFIX, ...x]));
}

/**
 * Reads an authority key.
 *
 * @returns The X coordinate, 32 bytes.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: another alphabet, checksum, version or length, or not a point's X.
 */
export function parseAuthorityKey(text: string): Uint8Array {
  const refuse = (why: string): TypeError => invalidArg('authority key', `a Base58Check text (${why})`, text);
  if (text.length > MAX_KEY_CHARS) throw refuse(`at most ${MAX_KEY_CHARS} characters`);
  const bytes = decodeBase58Check(text);
  if (bytes === undefined) throw refuse('alphabet and checksum');
  if (bytes.length !== VERSION_PREFIX.length + AUTHORITY_KEY_BYTES) throw refuse('34 bytes');
  if (bytes[0] !== VERSION_PREFIX[0] || bytes[1] !== VERSION_PREFIX[1]) throw refuse('version 1');
  const x = bytes.subarray(VERSION_PREFIX.length);
  if (!isOnCurve(x)) throw refuse('X of a point on the curve');
  return x;
}

function decodeBase58Check(text: string): Uint8Array | undefined {
  try {
    return base58Check.decode(text);
  } catch {
    return undefined;
  }
}

function isOnCurve(x: Uint8Array): boolean {
  return secp256k1.utils.isValidPublicKey(Uint8Array.from([EVEN_Y, ...x]), true);
}

/** A server and, where the URL has one, its authority key. */
export interface Sv2Endpoint {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** X coordinate, 32 bytes. */
  readonly authorityX: Uint8Array | undefined;
}

/**
 * Reads a URL of the form `stratum2+tcp://host:port/key`.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: another scheme, no port, or a key that does not decode.
 */
export function parseSv2Url(text: string): Sv2Endpoint {
  const refuse = (why: string): TypeError => invalidArg('URL', `stratum2+tcp://host:port/key (${why})`, text);
  if (!URL.canParse(text)) throw refuse('not a URL');
  const { protocol, hostname, port, pathname, username, search, hash } = new URL(text);
  if (protocol !== SCHEME) throw refuse('another scheme');
  if (hostname === '' || username !== '' || search !== '' || hash !== '') throw refuse('a host and nothing else');
  if (port === '') throw refuse('the port is missing');
  const key = pathname.replace(/^\//, '');
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(port),
    authorityX: key === '' ? undefined : parseAuthorityKey(key),
  };
}

/** Writes a URL; an IPv6 address gets its brackets. */
export function formatSv2Url({ host, port, authorityX }: Sv2Endpoint): string {
  const shownHost = isIP(host) === 6 ? `[${host}]` : host;
  const path = authorityX === undefined ? '' : `/${formatAuthorityKey(authorityX)}`;
  return `stratum2+tcp://${shownHost}:${port}${path}`;
}
