// How BIP 324 names message types: one byte for the common ones, a zero byte and the twelve bytes of V1 for the others.
//
// Both forms are accepted for every type that has both; the short one is sent. Ids 29 to 36 belong to BIP 183
// (Utreexo), which is not spoken here: they count as unknown. Source: BIP 324, "Application layer specification"; BIP
// 434 (37); Bitcoin Core src/net.cpp, V2_MESSAGE_IDS.

import type { MessageType } from '../messages/message-types.ts';
import { typeField } from './type-field.ts';

/** The types of ids 1 to 28. */
const FIRST_TYPES: readonly MessageType[] = [
  'addr',
  'block',
  'blocktxn',
  'cmpctblock',
  'feefilter',
  'filteradd',
  'filterclear',
  'filterload',
  'getblocks',
  'getblocktxn',
  'getdata',
  'getheaders',
  'headers',
  'inv',
  'mempool',
  'merkleblock',
  'notfound',
  'ping',
  'pong',
  'sendcmpct',
  'tx',
  'getcfilters',
  'cfilter',
  'getcfheaders',
  'cfheaders',
  'getcfcheckpt',
  'cfcheckpt',
  'addrv2',
];
const FEATURE_ID = 37;

const typesById: (string | undefined)[] = [undefined, ...FIRST_TYPES];
typesById[FEATURE_ID] = 'feature' satisfies MessageType;

/** A header byte without the decoy bit, and the id. */
const headsByType = new Map<string, Uint8Array>();
typesById.forEach((type, id) => {
  if (type !== undefined) headsByType.set(type, Uint8Array.of(0, id));
});

/** The type of a short id 1..255; undefined if the id means nothing. */
export function typeOfShortId(id: number): string | undefined {
  return typesById[id];
}

/**
 * What a packet begins with: the header byte, then the type in its shortest form. Not to be written to.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not a string of at most 12 printable ASCII characters.
 */
export function packetHead(type: string): Uint8Array {
  return headsByType.get(type) ?? Uint8Array.of(0, 0, ...typeField(type));
}
