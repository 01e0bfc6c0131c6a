// What no transport sends: asked when a message is made, too, because one that is refused only when its turn comes keeps
// all behind it from being sent.

import { invalidArg, outOfRange } from '../../util/errors.ts';
import type { OutboundMessage } from './transport.ts';
import { MAX_PROTOCOL_MESSAGE_BYTES } from './transport.ts';
import { typeField } from './type-field.ts';

/**
 * Refuses a payload that cannot be sent.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a Uint8Array.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: longer than `MAX_PROTOCOL_MESSAGE_BYTES`.
 */
export function requireSendablePayload(payload: Uint8Array): void {
  if (!(payload instanceof Uint8Array)) throw invalidArg('message.payload', 'a Uint8Array', payload);
  if (payload.length > MAX_PROTOCOL_MESSAGE_BYTES) {
    throw outOfRange('message.payload.length', `at most ${MAX_PROTOCOL_MESSAGE_BYTES}`, payload.length);
  }
}

/** Refuses a message that cannot be sent: as `requireSendablePayload`, and for a type that `typeField` does not take. */
export function requireSendable({ type, payload }: OutboundMessage): void {
  typeField(type);
  requireSendablePayload(payload);
}
