// Payloads of every Bitcoin P2P message: decode, encode, decode. The first byte chooses the type.

import { MESSAGE_TYPES } from '../../../ts/p2p/messages/message-types.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { fromHex, readVectorJson } from '../../harness/data/vectors.ts';
import { attempt, chosen, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

/** A message that breaks a limit is decoded, and says so; it is not encoded. */
const REFUSALS = ['ERR_SOCKMAN_INVALID_ARG', 'ERR_SOCKMAN_OUT_OF_RANGE'];

export const target: FuzzTarget = {
  seeds() {
    const vectors = readVectorJson<{ type: string; payload: string }[]>('messages.json');
    return vectors.map(({ type, payload }) =>
      Uint8Array.of(
        MESSAGE_TYPES.findIndex((name) => name === type),
        ...fromHex(payload),
      ),
    );
  },
  run(input) {
    const [type, payload] = chosen(input, MESSAGE_TYPES);
    const message = attempt(['ERR_SOCKMAN_DECODE'], () => decodeMessage(type, payload));
    if (message === undefined) return;
    const encoded = attempt(REFUSALS, () => encodeMessage(message));
    if (encoded === undefined) return;
    const again = decodeMessage(type, encoded.payload);
    same(`${type} reads otherwise when written`, encodeMessage(again).payload, encoded.payload);
  },
};
