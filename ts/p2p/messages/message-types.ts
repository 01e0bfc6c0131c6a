// The names of the messages of the Bitcoin protocol.

/**
 * Every type that is known, in the order of Bitcoin Core's list. Receive statistics have a slot for each; what is not
 * here counts under `OTHER_MESSAGE_TYPE`. (Core src/protocol.h, ALL_NET_MESSAGE_TYPES)
 */
export const MESSAGE_TYPES = [
  'version',
  'verack',
  'addr',
  'addrv2',
  'sendaddrv2',
  'inv',
  'getdata',
  'merkleblock',
  'getblocks',
  'getheaders',
  'tx',
  'headers',
  'block',
  'getaddr',
  'mempool',
  'ping',
  'pong',
  'notfound',
  'filterload',
  'filteradd',
  'filterclear',
  'sendheaders',
  'feefilter',
  'sendcmpct',
  'cmpctblock',
  'getblocktxn',
  'blocktxn',
  'getcfilters',
  'cfilter',
  'getcfheaders',
  'cfheaders',
  'getcfcheckpt',
  'cfcheckpt',
  'wtxidrelay',
  'sendtxrcncl',
  'feature',
] as const;

/** A known message type. */
export type MessageType = (typeof MESSAGE_TYPES)[number];

/**
 * Where statistics count rejected messages and unknown types, one of this very name included.
 * (Core src/net.cpp, NET_MESSAGE_TYPE_OTHER)
 */
export const OTHER_MESSAGE_TYPE = '*other*';

const knownTypes: ReadonlySet<string> = new Set(MESSAGE_TYPES);

/** Whether a type is one of `MESSAGE_TYPES`. */
export function isMessageType(type: string): type is MessageType {
  return knownTypes.has(type);
}
