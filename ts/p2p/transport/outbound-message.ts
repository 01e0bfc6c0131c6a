// The rule for what may be sent. A node asks where a message is queued, a transport where it frames one: the reasons are in
// docs/decisions/payload-check.md.

import { checksum32 } from '../hash.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import type { OutboundMessage } from './transport.ts';
import { MAX_PROTOCOL_MESSAGE_BYTES } from './transport.ts';
import { typeField } from './type-field.ts';
import { isBytes } from '../../util/bytes/is-bytes.ts';

/** Most that either transport can carry, in bytes: V2 has three bytes for the length of payload and type. (BIP 324) */
export const MAX_TRANSPORT_PAYLOAD_BYTES = 0xff_ffff - 13;

/**
 * Refuses a payload that cannot be sent.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a Uint8Array.
 * @param maxBytes - Default `MAX_PROTOCOL_MESSAGE_BYTES`: more makes the receiver hang up.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: longer than that.
 */
export function requireSendablePayload(payload: Uint8Array, maxBytes: number = MAX_PROTOCOL_MESSAGE_BYTES): void {
  if (!isBytes(payload)) throw invalidArg('message.payload', 'a Uint8Array', payload);
  if (payload.length > maxBytes) {
    throw outOfRange('message.payload.length', `at most ${maxBytes}`, payload.length);
  }
}

/** Refuses a message that cannot be sent: as `requireSendablePayload`, and for a type that `typeField` does not take. */
export function requireSendable({ type, payload, maxBytes }: OutboundMessage): void {
  typeField(type);
  requireSendablePayload(payload, maxBytes);
}

/** A message with its checksum, which V1 sends with it: for one that goes to many peers. Its payload must not change afterwards. */
export function withChecksum(message: OutboundMessage): OutboundMessage {
  return { ...message, checksum: checksum32(message.payload) };
}
