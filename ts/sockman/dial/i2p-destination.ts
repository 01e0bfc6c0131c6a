// I2P destinations and private keys: their layout, their text form, and the address that a destination has.
//
//   offset  bytes  field (I2P common structures, "KeysAndCert")
//   0       256    public encryption key (random in today's destinations)
//   256     128    signing public key, right-aligned
//   384     1      certificate type (5: key certificate)
//   385     2      certificate length L, big-endian
//   387     L      certificate
//
// A private key is a destination followed by the private halves of its two keys: 256 bytes and, for Ed25519, 32. The totals
// (391 and 679 bytes for Ed25519) follow from L and are never assumed.

import { NetAddress } from '../../netaddr/net-address.ts';
import { nodeCrypto } from '../../util/load-later.ts';

/** Where the certificate begins, in bytes: no destination is shorter. */
export const DESTINATION_HEAD_BYTES = 387;
const CERTIFICATE_LENGTH_OFFSET = 385;

const I2P_BASE64 = /^[A-Za-z0-9~-]*={0,2}$/;

/** I2P's base64: `-` and `~` in place of `+` and `/`, with padding as the Java router writes it. */
export function encodeI2PBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '~');
}

/**
 * Decodes I2P's base64.
 * @returns undefined unless `text` is exactly what `encodeI2PBase64` makes of the bytes, with or without its padding: foreign
 *   characters, misplaced padding, spare bits.
 */
export function decodeI2PBase64(text: string): Uint8Array | undefined {
  if (!I2P_BASE64.test(text)) return undefined;
  const bytes = Buffer.from(text.replaceAll('-', '+').replaceAll('~', '/'), 'base64');
  // Node ignores spare bits; encoding again shows them.
  const padded = encodeI2PBase64(bytes);
  return text === padded || text === withoutPadding(padded) ? bytes : undefined;
}

function withoutPadding(text: string): string {
  const end = text.indexOf('=');
  return end === -1 ? text : text.slice(0, end);
}

/** Why bytes are not a destination or private key, in words; undefined if they are. */
function layoutProblem(bytes: Uint8Array): string | undefined {
  if (bytes.length < DESTINATION_HEAD_BYTES)
    return `too short: ${bytes.length} of at least ${DESTINATION_HEAD_BYTES} bytes`;
  const certificateBytes = certificateLength(bytes);
  const needed = DESTINATION_HEAD_BYTES + certificateBytes;
  if (bytes.length >= needed) return undefined;
  return `a certificate of ${certificateBytes} bytes needs ${needed} bytes, there are ${bytes.length}`;
}

function certificateLength(bytes: Uint8Array): number {
  return (bytes[CERTIFICATE_LENGTH_OFFSET]! << 8) | bytes[CERTIFICATE_LENGTH_OFFSET + 1]!;
}

/** The I2P address (`….b32.i2p`) of a destination: SHA-256 of its bytes. */
export function addressOfDestination(destination: Uint8Array): NetAddress {
  return new NetAddress('i2p', nodeCrypto().createHash('sha256').update(destination).digest());
}

/** The address of a destination given as base64; undefined when the text is not exactly one destination. */
export function addressOfDestinationText(text: string): NetAddress | undefined {
  const bytes = decodeI2PBase64(text);
  if (bytes === undefined || layoutProblem(bytes) !== undefined) return undefined;
  if (bytes.length !== DESTINATION_HEAD_BYTES + certificateLength(bytes)) return undefined;
  return addressOfDestination(bytes);
}

/** The address of a private key, or in words why the key is damaged. */
export function addressOfPrivateKey(privateKey: Uint8Array): NetAddress | string {
  const problem = layoutProblem(privateKey);
  if (problem !== undefined) return problem;
  return addressOfDestination(privateKey.subarray(0, DESTINATION_HEAD_BYTES + certificateLength(privateKey)));
}
