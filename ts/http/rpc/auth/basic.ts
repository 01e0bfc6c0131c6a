// Credentials as a request carries them. (RFC 7617; Bitcoin Core src/httprpc.cpp, RPCAuthorized)

/** A user and a password, as bytes. */
export interface BasicCredentials {
  readonly user: Buffer;
  readonly password: Buffer;
}

/** The scheme, in this case, and one blank. */
const SCHEME = 'Basic ';
const COLON = 0x3a;

/**
 * Reads the value of an `Authorization` header.
 *
 * @returns Undefined: another scheme, malformed Base64, or no colon.
 */
export function parseBasic(header: string): BasicCredentials | undefined {
  if (!header.startsWith(SCHEME)) return undefined;
  const text = header.slice(SCHEME.length).trim();
  const bytes = Buffer.from(text, 'base64');
  // Node skips characters outside of Base64; encoding again shows whether there were any.
  if (bytes.toString('base64') !== text) return undefined;
  const colon = bytes.indexOf(COLON);
  return colon === -1 ? undefined : { user: bytes.subarray(0, colon), password: bytes.subarray(colon + 1) };
}
