// Versions and service bits of the Bitcoin protocol.
//
// A feature depends on the common version of two nodes, which is the lower of theirs.

/** What we announce; the first version with `feature` (BIP 434). (Bitcoin Core src/node/protocol_version.h) */
export const PROTOCOL_VERSION = 70_017;

/** The oldest version we talk to; older peers are disconnected. (Core, MIN_PEER_PROTO_VERSION) */
export const MIN_PEER_PROTOCOL_VERSION = 31_800;

/** The common version before the peer's `version` message has told its own. (Core, INIT_PROTO_VERSION) */
export const INITIAL_PROTOCOL_VERSION = 209;

/** Pings carry a nonce, and are answered, from versions above this one. (BIP 31) */
export const PING_NONCE_ABOVE_VERSION = 60_000;

/** First version with `sendheaders`. (BIP 130) */
export const SENDHEADERS_VERSION = 70_012;
/** First version with `feefilter`. (BIP 133) */
export const FEEFILTER_VERSION = 70_013;
/** First version with compact blocks. (BIP 152) */
export const SENDCMPCT_VERSION = 70_014;
/** First version with `wtxidrelay` (BIP 339); Core sends `sendaddrv2` only from here on as well. */
export const WTXIDRELAY_VERSION = 70_016;
/** First version with `feature`. (BIP 434) */
export const FEATURE_VERSION = 70_017;

/** What a node offers: bits of the `services` fields. Bits 24 to 31 are for experiments. (Core src/protocol.h) */
export const Services = {
  NONE: 0n,
  /** Serves every block. */
  NETWORK: 1n,
  /** Serves bloom filters. (BIP 111) */
  BLOOM: 4n,
  /** Serves blocks and transactions with witnesses. (BIP 144) */
  WITNESS: 8n,
  /** Serves block filters. (BIP 157) */
  COMPACT_FILTERS: 64n,
  /** Serves at least the last 288 blocks. (BIP 159) */
  NETWORK_LIMITED: 1_024n,
  /** Speaks the encrypted transport. (BIP 324) */
  P2P_V2: 2_048n,
} as const;

/** Services assumed for records of DNS seeds and of the built-in list. */
export const SEED_SERVICES = Services.NETWORK | Services.WITNESS;

const SERVICE_BITS = 64n;

const serviceNameByBit = new Map<bigint, string>(
  Object.entries(Services)
    .filter(([, bit]) => bit !== 0n)
    .map(([name, bit]) => [bit, name]),
);

/**
 * The names of services, lowest bit first.
 *
 * @example serviceNames(0x409n) // ['NETWORK', 'WITNESS', 'NETWORK_LIMITED']
 * @example serviceNames(2n) // ['UNKNOWN[2^1]']
 */
export function serviceNames(services: bigint): string[] {
  const names: string[] = [];
  for (let exponent = 0n; exponent < SERVICE_BITS; exponent++) {
    const bit = 1n << exponent;
    if ((services & bit) !== 0n) names.push(serviceNameByBit.get(bit) ?? `UNKNOWN[2^${exponent}]`);
  }
  return names;
}

/** All the money there is, in satoshi: no rate and no amount is above it. (src/consensus/amount.h, MAX_MONEY) */
export const MAX_MONEY_SAT = 2_100_000_000_000_000n;

/** Whether a number is an amount of money. */
export function isMoney(amountSat: bigint): boolean {
  return amountSat >= 0n && amountSat <= MAX_MONEY_SAT;
}
