// Options of a `PeerManager`.

import type { AddressSource } from '../../connman/settings/address-source.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { Clock } from '../../util/time/clock.ts';
import { MAX_MONEY_SAT, isMoney } from '../../p2p/protocol.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import type { ChainView } from './chain-view.ts';
import type { PeerHooks } from './hooks.ts';

/** The part of a ban list that the peer manager uses; `BanMan` implements it. */
export interface PeerBans {
  /** Whether connections with an address are refused. */
  isBanned(address: NetAddress): boolean;
  /** Whether an address misbehaved: refused while inbound slots are nearly used up, and evicted before unprotected others. */
  isDiscouraged(address: NetAddress): boolean;
  /** Records misbehaviour. */
  discourage(address: NetAddress): void;
}

/** Options of a `PeerManager`. All are optional: without them a node has no chain and relays no transactions. */
export interface PeerManagerOptions {
  /** The embedder's chain, blocks and transactions. */
  hooks?: PeerHooks;
  /** The embedder's chain, for the choice of outbound peers. Without one, peers are not judged by their chain. */
  chainView?: ChainView;
  /** The address book for gossip; the same that `Connman` dials from. */
  addressBook?: AddressSource;
  /**
   * The list of banned and discouraged addresses, to which misbehaving peers are added. Without one they are only
   * disconnected.
   */
  banMan?: PeerBans;
  /** "Blocks only": peers are told to send no transactions, and disconnected if they do. Default: true without `onTx`. */
  ignoreIncomingTxs?: boolean;
  /**
   * The lowest fee rate that we relay, in satoshi per 1,000 virtual bytes: what `feefilter` asks for at least, to the
   * satoshi, however low the hook `minFeeRate` is. 0..2,100,000,000,000,000, default 100. (Core's `-minrelaytxfee`)
   */
  minRelayFeeRate?: bigint;
  /** Relay addresses to other peers. Default true. */
  relayAddresses?: boolean;
  /** Offer reconciliation of transactions (BIP 330). Only the negotiation exists. Default false. */
  reconcileTxs?: boolean;
  /** Allow `initiateTxBroadcastPrivate`; needs the same option of `Connman`. Default false. */
  privateBroadcast?: boolean;
  /**
   * The services that an automatic outbound peer must offer, given those that it offers. Default: full blocks with
   * witnesses, or recent ones while our own best block is recent (`desirableServices`).
   */
  desiredServices?: (offered: bigint) => bigint;
  /** Clock; the same for all parts of a node: see `Clock`. Default: the host's. */
  clock?: Clock;
  random?: RandomUint32;
  logger?: Logger;
  /**
   * Receives errors that listeners of `on` throw, and the logger. Default: the logger for those of listeners; its own are
   * uncaught exceptions.
   */
  onListenerError?: (error: unknown, eventName: string) => void;
}

/** All option names. The result of `openDataFolder` can be passed as a whole, including `Connman`'s parts. */
const PEER_MANAGER_OPTION_NAMES: Readonly<Record<keyof PeerManagerOptions, true>> = {
  hooks: true,
  chainView: true,
  addressBook: true,
  banMan: true,
  ignoreIncomingTxs: true,
  minRelayFeeRate: true,
  relayAddresses: true,
  reconcileTxs: true,
  privateBroadcast: true,
  desiredServices: true,
  clock: true,
  random: true,
  logger: true,
  onListenerError: true,
  ...{ addressBookStore: true, anchorStore: true, folderLock: true },
};

/** The settings of a peer manager, with defaults filled in. */
export interface PeerManagerSettings {
  /** In satoshi per 1,000 virtual bytes. */
  readonly minRelayFeeRate: bigint;
  /** Whether there is a rate to send: a mempool's, or the user's. */
  readonly sendsFeeFilter: boolean;
  readonly ignoresIncomingTxs: boolean;
  readonly relaysAddresses: boolean;
  readonly reconcilesTxs: boolean;
  readonly broadcastsPrivately: boolean;
  readonly desiredServices: ((offered: bigint) => bigint) | undefined;
}

/** Default of `minRelayFeeRate`, in satoshi per 1,000 virtual bytes. (Core, DEFAULT_MIN_RELAY_TX_FEE) */
const DEFAULT_MIN_RELAY_FEE_RATE = 100n;

/** All hooks. */
const HOOK_NAMES = Object.keys({
  isInitialBlockDownload: true,
  isLoading: true,
  minFeeRate: true,
  onTx: true,
  isTxKnown: true,
  onInv: true,
  onNotFound: true,
  getTx: true,
  onGetData: true,
  mempool: true,
  isTxRelevant: true,
  orderTxs: true,
  onChainMessage: true,
  blocksToAnnounce: true,
  onUnknownMessage: true,
  isTxAcceptable: true,
  onRebroadcastDue: true,
  onPeerReady: true,
  onPeerGone: true,
} satisfies Record<keyof PeerHooks, true>) as readonly (keyof PeerHooks)[];

const SWITCHES = ['ignoreIncomingTxs', 'relayAddresses', 'reconcileTxs', 'privateBroadcast'] as const;

/**
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an option is of another type.
 * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: an option is out of its range.
 */
export function resolveSettings(options: PeerManagerOptions): PeerManagerSettings {
  if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
  checkOptionNames('', options, PEER_MANAGER_OPTION_NAMES);
  const { hooks = {}, desiredServices } = options;
  if (typeof hooks !== 'object' || hooks === null) throw invalidArg('hooks', 'an object', hooks);
  for (const name of HOOK_NAMES) requireType(`hooks.${name}`, 'function', hooks[name]);
  for (const name of SWITCHES) requireType(name, 'boolean', options[name]);
  requireType('desiredServices', 'function', desiredServices);
  return {
    minRelayFeeRate: resolveFeeRate(options.minRelayFeeRate),
    sendsFeeFilter: hooks.minFeeRate !== undefined || options.minRelayFeeRate !== undefined,
    ignoresIncomingTxs: options.ignoreIncomingTxs ?? hooks.onTx === undefined,
    relaysAddresses: options.relayAddresses ?? true,
    reconcilesTxs: options.reconcileTxs ?? false,
    broadcastsPrivately: options.privateBroadcast ?? false,
    desiredServices,
  };
}

function resolveFeeRate(rate: bigint = DEFAULT_MIN_RELAY_FEE_RATE): bigint {
  if (typeof rate !== 'bigint') throw invalidArg('minRelayFeeRate', 'a bigint', rate);
  if (!isMoney(rate)) throw outOfRange('minRelayFeeRate', `0..${MAX_MONEY_SAT}`, rate);
  return rate;
}

function requireType(name: string, type: 'boolean' | 'function', value: unknown): void {
  if (value !== undefined && typeof value !== type) throw invalidArg(name, `a ${type}`, value);
}
