// Options of a `Connman`, named as in Bitcoin Core's configuration. How they act on each other is in `resolve-options.ts`.

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

/** Banned and discouraged addresses. `BanMan` is one. */
export interface BanSource {
  /** Whether connections with it are refused. */
  isBanned(address: NetAddress): boolean;
  /** Whether it misbehaved: refused while inbound slots are nearly used up, evicted first of those that nothing protects. */
  isDiscouraged(address: NetAddress): boolean;
  /** Called every 15 minutes and at the end. Changes are better saved when they happen. */
  save?(): Promise<void>;
}

/** Where the address book is kept: `PeersFile` with its `AddrMan`. */
export interface AddressBookStore {
  /** Writes it. A failure is rejected, and tried again later. */
  save(): Promise<void>;
}

/** Where the block-relay-only peers of the last run are kept. `AnchorsFile` is one. */
export interface AnchorStore {
  /** Reads the peers of the last run and forgets them, so that a crash does not repeat itself. */
  take(): Promise<PeerAddress[]>;
  /** Keeps them for the next run. */
  save(records: readonly PeerAddress[]): Promise<void>;
}

/** What a `Connman` is given. Only `chain` matters to most. */
export interface ConnmanOptions extends SockManOptions {
  /** By name or by its parameters. Default `main`. */
  chain?: ChainName | ChainParams;

  // ---- Listening ----------------------------------------------------------------------------------------------------

  /** Accept connections. Default true; false with `connect`, `noConnect`, `proxy` or no `maxConnections`, but for a `bind`. */
  listen?: boolean;
  /** `address`, `address:port`, either with `=onion` for where an onion service delivers. Numeric only. */
  bind?: readonly string[];
  /** `[permissions@]address:port`: peers that connect there get the permissions. */
  whiteBind?: readonly string[];
  /** `address[:port]`, like `bind` with `=onion`. */
  onionBind?: readonly string[];
  /**
   * The port of what is given without one, and where to listen when nothing above says so: on every address of the host,
   * and on loopback, a port above, for an onion service. Default: the chain's.
   */
  port?: number;
  /** Learn our own addresses. Default: when listening, and neither `externalIp` nor `proxy` is given. */
  discover?: boolean;
  /** Our own addresses, `address[:port]` or `name[:port]`. Names are looked up at `start`. */
  externalIp?: readonly string[];

  // ---- Limits -------------------------------------------------------------------------------------------------------

  /** Inbound and automatic outbound connections. Default 125. */
  maxConnections?: number;
  /** Descriptors that this process may have open. Default: what the system says; fewer `maxConnections` if they are too few. */
  descriptorLimit?: number;
  /** Above this much waiting to be sent, or its share of `memoryBudget`, a peer's messages are not processed. Default 1,000,000. */
  maxSendBufferBytes?: number;
  /** Above this much waiting to be processed, or its share of `memoryBudget`, a peer's socket is not read. Default 5,000,000. */
  maxReceiveBufferBytes?: number;
  /**
   * What all peers together may keep waiting, in both directions. Default: 8 MiB, or an eighth of the heap limit if that is
   * less. Give several servers of one process the same one. See docs/decisions/memory-budget.md.
   */
  memoryBudget?: MemoryBudget;
  /**
   * Above this much of long messages that have begun to come from strangers, all but the first of them wait. Default 192 MiB,
   * 0 to 2^40; it counts against no budget, since waiting makes half of a message no shorter.
   */
  maxLongMessageBytes?: number;
  /** Most to upload in 24 h: a number with k, m, g, t (powers of 1,000) or K, M, G, T (of 1,024). Default `0M`: no limit. */
  maxUploadTarget?: string;
  /** Seconds before a connection is held to timeouts, handshake included: any positive whole number. Default 60. */
  peerTimeoutSeconds?: number;

  // ---- Dialing ------------------------------------------------------------------------------------------------------

  /** Peers to keep a connection to, beside others. */
  addNode?: readonly string[];
  /** The only peers to dial; `['0']` for nobody, like `noConnect`. */
  connect?: readonly string[];
  /** Dial nobody by oneself. */
  noConnect?: boolean;
  /** Peers to ask for addresses once. */
  seedNode?: readonly string[];
  /** Look up names: of peers, and of proxies, the I2P bridge and ourselves. Default true. */
  dns?: boolean;
  /** Ask DNS seeds, for the address book. Default true; false with `connect`, `noConnect`, no `maxConnections`, `onlyNet` without IP, or on regtest. */
  dnsSeed?: boolean;
  forceDnsSeed?: boolean;
  /** Fall back on the built-in list of nodes. Default true. */
  fixedSeeds?: boolean;
  /**
   * Networks for automatic dials; default, or if none is named, all. Inbound and manual connections are not affected. For
   * `onion` the proxy may come later, from Tor's control port (`useOnionProxy`): nothing is dialed there before.
   */
  onlyNet?: readonly string[];
  /** This host has a CJDNS address: fc00::/8 is CJDNS. Default false. */
  cjdnsReachable?: boolean;
  /**
   * SOCKS5 proxies, `address`, `address:port`, `name`, `name:port` or `unix:/path`; default port 9050. For everything but
   * I2P; with `=ipv4` or `=ipv6` behind it for that network and for names, with `=onion` or `=cjdns` for that network. Later
   * ones override earlier ones; `0` (or nothing) in place of the address takes away what they gave. Names are looked up at
   * `start`.
   */
  proxy?: string | readonly string[];
  /** SOCKS5 proxy for onion addresses, before any `proxy`; `false` or `0` for none. Default: that of `proxy`. */
  onion?: string | false;
  /** The SAM bridge of an I2P router, `address[:port]` or `name[:port]`. Default port 7656. */
  i2pSam?: string;
  /** Where the private key of our I2P address is; without it dials use addresses of their own, and nothing comes in. */
  i2pPrivateKeyFile?: string;
  i2pAcceptIncoming?: boolean;
  /** More options of our I2P sessions, such as `inbound.length=0 outbound.length=0` in a private test network. */
  i2pSessionOptions?: string;
  /** A circuit of its own for each connection through a proxy. Default true. */
  proxyRandomize?: boolean;
  /** Offer and use the encrypted transport (BIP 324). Default: where the JavaScript engine has WebAssembly. */
  v2Transport?: boolean;

  // ---- Peers --------------------------------------------------------------------------------------------------------

  /** `[permissions@]address or subnet`: peers that connect from there get the permissions. */
  whitelist?: readonly string[];
  whitelistRelay?: boolean;
  whitelistForceRelay?: boolean;
  /** Whether connections may exist at all at first; see `setNetworkActive`. Default true. */
  networkActive?: boolean;
  /**
   * Hand own transactions over through Tor or I2P connections of their own. Default false. Tor's proxy may come later, as
   * for `onlyNet`.
   */
  privateBroadcast?: boolean;
  /** Put into the user agent: letters, digits, space and `.,;-_?@`. */
  userAgentComments?: readonly string[];
  /** What we offer, bits of `Services`; P2P_V2 is added by `v2Transport`. Default none: a program without blocks offers none. */
  localServices?: bigint;
  /** Lines about a peer name its address. Default false; a dial that failed names its target all the same, as in Core. */
  logIps?: boolean;
  /** A folder to write every message of every peer to, as Bitcoin Core does to `message_capture`. Default: none is written. */
  captureMessages?: string;

  // ---- Parts --------------------------------------------------------------------------------------------------------

  /** The address book; without one only `connect`, `addNode` and inbound connections exist. */
  addressBook?: AddressSource;
  /** Saves the address book, every 15 minutes and at the end. */
  addressBookStore?: AddressBookStore;
  anchorStore?: AnchorStore;
  /** Without one, nobody is ever banned or discouraged. */
  banMan?: BanSource;
  /** Released by `stop`, behind the last save. `openDataFolder` gives one. */
  folderLock?: {
    /** Lets others use the folder. Idempotent. */
    release(): void;
  };
  /** Groups of addresses; default by range. */
  netGroups?: NetGroups;
  /** Time; the same for all parts of a node: see `Clock`. Default: the host's. */
  clock?: Clock;
  random?: RandomUint32;
  /** Looks up names: of peers, DNS seeds, proxies and ourselves. Default: the host's resolver. */
  lookUpHost?: HostLookup;
}

/** Every name there is: others are refused. */
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
