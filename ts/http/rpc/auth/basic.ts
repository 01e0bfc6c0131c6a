// Credentials as a request carries them. (RFC 7617; Bitcoin Core src/httprpc.cpp, RPCAuthorized)

/** A user and a password, as bytes. */
export interface BasicCredentials {
  readonly user: Buffer;
  readonly password: Buffer;
}

/** The scheme, in this spelling, and one blank. */
const SCHEME = 'Basic ';
const COLON = 0x3a;

/**
 * Reads the value of an `Authorization` header.
 *
 * @returns Undefined: another scheme, Base64 with anything but its alphabet and padding, or no colon.
 */
export function parseBasic(header: string): BasicCredentials | undefined {
  if (!header.startsWith(SCHEME)) return undefined;
  const text = header.slice(SCHEME.length).trim();
  const bytes = Buffer.from(text, 'base64');
  // Node passes over what is no Base64; what does not come out again was not strict.
  if (bytes.toString('base64') !== text) return undefined;
  const colon = bytes.indexOf(COLON);
  return colon === -1 ? undefined : { user: bytes.subarray(0, colon), password: bytes.subarray(colon + 1) };
}
