// Options of a `Connman`, named as in Bitcoin Core's configuration. Their interactions are in `resolve-options.ts`.

import type { NetGroups } from '../../addrman/net-groups.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import type { ChainName, ChainParams } from '../../p2p/chain-params.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { SOCK_MAN_OPTION_NAMES } from '../../sockman/options.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { MemoryBudget } from '../../util/memory/memory-budget.ts';
import type { RandomUint32 } from '../../util/random.ts';
import type { AddressSource } from './address-source.ts';
import type { HostLookup } from './name-lookup.ts';

/** A list of banned and discouraged addresses. `BanMan` implements it. */
export interface BanSource {
  /** Whether connections with an address are refused. */
  isBanned(address: NetAddress): boolean;
  /** Whether an address misbehaved: refused while inbound slots are nearly used up, and evicted before unprotected others. */
  isDiscouraged(address: NetAddress): boolean;
  /** Called every 15 minutes and at the end. Better save changes when they happen. */
  save?(): Promise<void>;
}

/** Storage of the address book: `PeersFile` with its `AddrMan`. */
export interface AddressBookStore {
  /** Writes the book. A rejection is logged, and the save is retried later. */
  save(): Promise<void>;
}

/** Storage of the block-relay-only peers of the last run. `AnchorsFile` implements it. */
export interface AnchorStore {
  /** Reads the peers of the last run and deletes them, so that a crash does not repeat itself. */
  take(): Promise<PeerAddress[]>;
  /** Stores them for the next run. */
  save(records: readonly PeerAddress[]): Promise<void>;
}

/** Options of a `Connman`. Most programs need only `chain`. */
export interface ConnmanOptions extends SockManOptions {
  /** The chain, by name or by its parameters. Default `main`. */
  chain?: ChainName | ChainParams;

  // ---- Listening ----------------------------------------------------------------------------------------------------

  /** Accept connections. Default true; false with `connect`, `noConnect`, `proxy` or no `maxConnections`, but for a `bind`. */
  listen?: boolean;
  /** `address` or `address:port`, each with an optional `=onion` for the target of an onion service. Numeric only. */
  bind?: readonly string[];
  /** `[permissions@]address:port`: peers that connect there get the permissions. */
  whiteBind?: readonly string[];
  /** `address[:port]`, like `bind` with `=onion`. */
  onionBind?: readonly string[];
  /**
   * The port of addresses without one. If no address is given, the node listens on it on every address of the host, and for
   * an onion service on the next port of loopback. Default: the chain's.
   */
  port?: number;
  /** Learn our own addresses. Default: true when listening without `externalIp` and `proxy`. */
  discover?: boolean;
  /** Our own addresses, `address[:port]` or `name[:port]`. Names are looked up at `start`. */
  externalIp?: readonly string[];

  // ---- Limits -------------------------------------------------------------------------------------------------------

  /** Inbound and automatic outbound connections. Default 125. */
  maxConnections?: number;
  /** Open descriptors that this process may have. Default: the system's limit; `maxConnections` is reduced to fit. */
  descriptorLimit?: number;
  /**
   * Bytes that may wait to be sent to a peer: above this, or its share of `memoryBudget`, its messages are not processed.
   * Default 1,000,000.
   */
  maxSendBufferBytes?: number;
  /**
   * Bytes that may wait to be processed from a peer: above this, or its share of `memoryBudget`, its socket is not read.
   * Default 5,000,000.
   */
  maxReceiveBufferBytes?: number;
  /**
   * Bytes that may wait for all peers together, in both directions. Default: 8 MiB, or an eighth of the heap limit if that
   * is less. Share one budget among several servers of a process. See docs/decisions/memory-budget.md.
   */
  memoryBudget?: MemoryBudget;
  /**
   * Bytes of incomplete long messages from inbound peers: above this, all of them except the first wait, and a peer that
   * keeps others waiting for half a minute is disconnected. Default 192 MiB, 0 to 2^40. They take from what the budget leaves
   * for others, but pause nobody by it, since waiting does not shrink half a message.
   */
  maxLongMessageBytes?: number;
  /** Most to upload in 24 h: a number with k, m, g, t (powers of 1,000) or K, M, G, T (of 1,024). Default `0M`: no limit. */
  maxUploadTarget?: string;
  /** Seconds before a connection's timeouts apply, handshake included: any positive whole number. Default 60. */
  peerTimeoutSeconds?: number;

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  /** Peers to stay connected to, besides others. */
  addNode?: readonly string[];
  /** The only peers to dial; `['0']` for none, like `noConnect`. */
  connect?: readonly string[];
  /** Make no automatic dials. */
  noConnect?: boolean;
  /** Peers to ask for addresses once. */
  seedNode?: readonly string[];
  /** Look up names: of peers, and of proxies, the I2P bridge and ourselves. Default true. */
  dns?: boolean;
  /**
   * Ask DNS seeds, for the address book. Default true; false with `connect`, `noConnect`, no `maxConnections`, `onlyNet` without
   * IP, or on regtest.
   */
  dnsSeed?: boolean;
  forceDnsSeed?: boolean;
  /** Fall back to the built-in list of nodes. Default true. */
  fixedSeeds?: boolean;
  /**
   * Networks for automatic dials. Default, or if none is named: all. Inbound and manual connections are not affected. The
   * proxy for `onion` may be set later (`useOnionProxy`), such as by Tor's control port; no onion address is dialed before.
   */
  onlyNet?: readonly string[];
  /** This host has a CJDNS address: fc00::/8 is CJDNS. Default false. */
  cjdnsReachable?: boolean;
  /**
   * SOCKS5 proxies, `address`, `address:port`, `name`, `name:port` or `unix:/path`; default port 9050. Used for everything
   * but I2P; with the suffix `=ipv4` or `=ipv6` for that network and for names, with `=onion` or `=cjdns` for that network.
   * Later ones override earlier ones; `0` or an empty address removes a proxy. Names are looked up at `start`.
   */
  proxy?: string | readonly string[];
  /** SOCKS5 proxy for onion addresses, in preference to `proxy`; `false` or `0` for none. Default: that of `proxy`. */
  onion?: string | false;
  /** The SAM bridge of an I2P router, `address[:port]` or `name[:port]`. Default port 7656. */
  i2pSam?: string;
  /**
   * File of the private key of our I2P address; without it, dials use temporary addresses, and no peer can connect over I2P.
   */
  i2pPrivateKeyFile?: string;
  i2pAcceptIncoming?: boolean;
  /** More options of our I2P sessions, such as `inbound.length=0 outbound.length=0` in a private test network. */
  i2pSessionOptions?: string;
  /** Use separate Tor circuits for connections through a proxy. Default true. */
  proxyRandomize?: boolean;
  /** Offer and use the encrypted transport (BIP 324). Default: true if the JavaScript engine has WebAssembly. */
  v2Transport?: boolean;

  // ---- Peers --------------------------------------------------------------------------------------------------------

  /** `[permissions@]address or subnet`: peers that connect from there get the permissions. */
  whitelist?: readonly string[];
  whitelistRelay?: boolean;
  whitelistForceRelay?: boolean;
  /** Whether connections are allowed at first; see `setNetworkActive`. Default true. */
  networkActive?: boolean;
  /**
   * Send own transactions over separate Tor or I2P connections. Default false. Tor's proxy may be set later, as for
   * `onlyNet`.
   */
  privateBroadcast?: boolean;
  /** Comments in the user agent: letters, digits, space and `.,;-_?@`. */
  userAgentComments?: readonly string[];
  /**
   * The services that we offer, bits of `Services`; `v2Transport` adds P2P_V2. Default none: a program without blocks offers
   * none.
   */
  localServices?: bigint;
  /** Show addresses in log lines about peers. Default false; a failed dial shows its target all the same, as in Core. */
  logIps?: boolean;
  /** A folder for every message of every peer, as Bitcoin Core's `message_capture`. Default: none is written. */
  captureMessages?: string;

  // ---- Parts --------------------------------------------------------------------------------------------------------

  /** The address book; without one there are only `connect`, `addNode` and inbound connections. */
  addressBook?: AddressSource;
  /** Saves the address book, every 15 minutes and at the end. */
  addressBookStore?: AddressBookStore;
  anchorStore?: AnchorStore;
  /** The list of bans. Without one, no address is ever banned or discouraged. */
  banMan?: BanSource;
  /** Released by `stop`, after the last save. `openDataFolder` returns one. */
  folderLock?: {
    /** Lets others use the folder. Idempotent. */
    release(): void;
  };
  /** Groups of addresses; default by range. */
  netGroups?: NetGroups;
  /** Clock; the same for all parts of a node: see `Clock`. Default: the host's. */
  clock?: Clock;
  random?: RandomUint32;
  /** Looks up the names of peers, DNS seeds, proxies and ourselves. Default: the host's resolver. */
  lookUpHost?: HostLookup;
}

/** All option names: others are refused. */
export const CONNMAN_OPTION_NAMES: Readonly<Record<keyof ConnmanOptions, true>> = {
  ...SOCK_MAN_OPTION_NAMES,
  chain: true,
  listen: true,
  bind: true,
  whiteBind: true,
  onionBind: true,
  port: true,
  discover: true,
  externalIp: true,
  maxConnections: true,
  descriptorLimit: true,
  maxSendBufferBytes: true,
  maxReceiveBufferBytes: true,
  memoryBudget: true,
  maxLongMessageBytes: true,
  maxUploadTarget: true,
  peerTimeoutSeconds: true,
  addNode: true,
  connect: true,
  noConnect: true,
  seedNode: true,
  dns: true,
  dnsSeed: true,
  forceDnsSeed: true,
  fixedSeeds: true,
  onlyNet: true,
  cjdnsReachable: true,
  proxy: true,
  onion: true,
  i2pSam: true,
  i2pPrivateKeyFile: true,
  i2pAcceptIncoming: true,
  i2pSessionOptions: true,
  proxyRandomize: true,
  v2Transport: true,
  whitelist: true,
  whitelistRelay: true,
  whitelistForceRelay: true,
  networkActive: true,
  privateBroadcast: true,
  userAgentComments: true,
  localServices: true,
  logIps: true,
  captureMessages: true,
  addressBook: true,
  addressBookStore: true,
  anchorStore: true,
  banMan: true,
  folderLock: true,
  netGroups: true,
  clock: true,
  random: true,
  lookUpHost: true,
};
