// Authentication at Tor's control port. (Tor control-spec, sections 3.5, 3.21 and 3.24)

import { randomBytes as systemRandomBytes } from 'node:crypto';

import { invalidArg } from '../util/errors/errors.ts';
import { errnoText } from '../util/errors/errno.ts';
import { readSmallFile } from '../util/private-file.ts';
import { TorControlError } from './failure.ts';
import type { TorFailure } from './failure.ts';
import type { TorReply } from './reply-reader.ts';
import { parseReplyValues, quote, splitReplyLine } from './reply-values.ts';
import { TOR_COOKIE_BYTES, TOR_NONCE_BYTES, controllerHash, isServerHash } from './safe-cookie.ts';
import type { TorControl } from './tor-control.ts';

/** Reply code of success. */
const TOR_OK = 250;
/** Reply codes of refusals that are handled: an unknown command; an invalid argument. */
const TOR_UNKNOWN_COMMAND = 510;
export const TOR_BAD_ARGUMENT = 512;

/** Tor's introduction, before authentication. */
export interface TorProtocolInfo {
  /** `NULL`, `HASHEDPASSWORD`, `COOKIE`, `SAFECOOKIE`. */
  readonly authMethods: ReadonlySet<string>;
  /** Where the cookie is, as the bytes of a path. */
  readonly cookieFile: Buffer | undefined;
  /** Such as `0.4.8.9`. */
  readonly version: string | undefined;
}

/** How to authenticate. */
export interface TorCredentials {
  /** For `HASHEDPASSWORD`. With it, no other way is tried. */
  password?: string | undefined;
  /** Default: the system's. */
  randomBytes?: (byteCount: number) => Uint8Array;
}

/** Checks a password before it becomes part of a line. @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, without showing it. */
export function checkTorPassword(name: string, password: unknown): asserts password is string | undefined {
  if (password === undefined) return;
  const isLine = typeof password === 'string' && !/[\r\n\0]/.test(password);
  if (!isLine) throw invalidArg(name, 'one line', typeof password);
}

/** Asks what Tor it is, and how it wants to be authenticated. (PROTOCOLINFO) */
export async function protocolInfo(control: TorControl): Promise<TorProtocolInfo> {
  const reply = accepted(await control.command('PROTOCOLINFO 1'), 'command-refused');
  let auth = new Map() as ReadonlyMap<string, string>;
  let version: string | undefined;
  for (const line of reply.lines) {
    const { type, rest } = splitReplyLine(line);
    if (type === 'AUTH') auth = parseReplyValues(rest);
    else if (type === 'VERSION') version = parseReplyValues(rest).get('Tor');
  }
  const cookieFile = auth.get('COOKIEFILE');
  return {
    authMethods: new Set(auth.get('METHODS')?.split(',')),
    cookieFile: cookieFile === undefined ? undefined : Buffer.from(cookieFile, 'latin1'),
    version,
  };
}

/**
 * Authenticates: by the password if one is given, without proof if Tor wants none, otherwise by SAFECOOKIE. The plain cookie
 * is never sent.
 *
 * @throws {TorControlError} `ERR_SOCKMAN_TOR_CONTROL`: `no-usable-authentication`, `cookie-unusable`,
 *   `server-nonce-malformed`, `server-hash-wrong`, `authentication-refused`, or the connection ended.
 * @see Bitcoin Core src/torcontrol.cpp, protocolinfo_cb and authchallenge_cb
 */
export async function authenticate(control: TorControl, credentials: TorCredentials = {}): Promise<TorProtocolInfo> {
  const { password, randomBytes = systemRandomBytes } = credentials;
  checkTorPassword('password', password);
  const info = await protocolInfo(control);
  const { authMethods, cookieFile } = info;
  if (password !== undefined) {
    if (!authMethods.has('HASHEDPASSWORD')) throw noWay(authMethods);
    await sendProof(control, quote(password));
  } else if (authMethods.has('NULL')) {
    await sendProof(control);
  } else if (authMethods.has('SAFECOOKIE') && cookieFile !== undefined) {
    await sendProof(control, await cookieProof(control, readCookie(cookieFile), randomBytes(TOR_NONCE_BYTES)));
  } else throw noWay(authMethods);
  return info;
}

/** The reply, if it reports success. @throws {TorControlError} Otherwise. */
export function accepted(reply: TorReply, otherwise: TorFailure): TorReply {
  if (reply.code === TOR_OK) return reply;
  const failure = reply.code === TOR_UNKNOWN_COMMAND ? 'command-unknown' : otherwise;
  throw new TorControlError(failure, { quoted: `${reply.code} ${reply.lines.at(-1)}` });
}

function noWay(authMethods: ReadonlySet<string>): TorControlError {
  return new TorControlError('no-usable-authentication', { quoted: [...authMethods].join(',') });
}

async function sendProof(control: TorControl, proof?: string): Promise<void> {
  const command = proof === undefined ? 'AUTHENTICATE' : `AUTHENTICATE ${proof}`;
  accepted(await control.command(command), 'authentication-refused');
}

function readCookie(path: Buffer): Uint8Array {
  const file = readSmallFile(path, TOR_COOKIE_BYTES);
  let detail: string | undefined;
  if (!file.ok) detail = 'errno' in file.problem ? errnoText(file.problem.errno) : file.problem.detail;
  else if (file.bytes === undefined) detail = 'there is none';
  else if (file.bytes.length === TOR_COOKIE_BYTES) return file.bytes;
  else detail = `${file.bytes.length} bytes`;
  throw new TorControlError('cookie-unusable', { detail, quoted: path.toString('latin1') });
}

/** Has Tor prove that it knows the cookie. @returns Our own proof, in hexadecimal. */
async function cookieProof(control: TorControl, cookie: Uint8Array, clientNonce: Uint8Array): Promise<string> {
  const challenge = `AUTHCHALLENGE SAFECOOKIE ${Buffer.from(clientNonce).toString('hex')}`;
  const reply = accepted(await control.command(challenge), 'authentication-refused');
  const { type, rest } = splitReplyLine(reply.lines.at(-1)!);
  if (type !== 'AUTHCHALLENGE') throw new TorControlError('reply-malformed', { quoted: type });
  const values = parseReplyValues(rest);
  const serverNonce = fromHex(values.get('SERVERNONCE'));
  if (serverNonce?.length !== TOR_NONCE_BYTES) throw new TorControlError('server-nonce-malformed');
  const proof = { cookie, clientNonce, serverNonce };
  const serverHash = fromHex(values.get('SERVERHASH'));
  if (serverHash === undefined || !isServerHash(serverHash, proof)) throw new TorControlError('server-hash-wrong');
  return controllerHash(proof).toString('hex');
}

function fromHex(text: string | undefined): Buffer | undefined {
  return text !== undefined && /^(?:[0-9a-f]{2})*$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
}
