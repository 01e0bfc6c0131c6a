// Options of a `Connman`: checks, defaults and interactions.
//
// Some options change the default of others ("soft-set"): a node that dials only given nodes, or goes through a proxy,
// does not listen unless told to. Options that were given are never changed. (Bitcoin Core src/init.cpp,
// InitParameterInteraction and AppInitParameterInteraction)

import { NetGroups } from '../../addrman/net-groups.ts';
import { parseNetworkName } from '../../netaddr/networks/network.ts';
import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import { formatUserAgent } from '../../p2p/messages/version.ts';
import { Services } from '../../p2p/protocol.ts';
import { isV2Supported } from '../../p2p/transport/v2.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import { DEFAULT_CONNECT_TIMEOUT_MS, boolean, integer } from '../../sockman/options.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { debugLog, withDebugLog } from '../../util/debug-log.ts';
import { withCategory } from '../../util/logger.ts';
import type { Logger } from '../../util/logger.ts';
import { MemoryBudget } from '../../util/memory/memory-budget.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { createSecureRandom } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { VERSION } from '../../util/version.ts';
import type { AddressSource } from './address-source.ts';
import { DEFAULT_MAX_CONNECTIONS } from './budget.ts';
import { readDescriptorLimit } from './descriptor-limit.ts';
import { checkPeer, parseServer } from './endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { lookUpHost, neverRejecting } from './name-lookup.ts';
import type { HostLookup } from './name-lookup.ts';
import { text, texts } from './option-values.ts';
import { CONNMAN_OPTION_NAMES } from './options.ts';
import type { AddressBookStore, AnchorStore, BanSource, ConnmanOptions } from './options.ts';
import { DEFAULT_SAM_PORT, hasAnyRoute, resolveProxyRoutes } from './proxy-routes.ts';
import type { ProxyRoutes } from './proxy-routes.ts';

/** Default of `peerTimeoutSeconds`: for the first bytes and for all of the handshake. (Core, DEFAULT_PEER_CONNECT_TIMEOUT) */
export const DEFAULT_PEER_TIMEOUT_SECONDS = 60;
/** Default of `maxSendBufferBytes`. (Core, DEFAULT_MAXSENDBUFFER) */
export const DEFAULT_MAX_SEND_BUFFER_BYTES = 1_000_000;
/** Default of `maxReceiveBufferBytes`. (Core, DEFAULT_MAXRECEIVEBUFFER) */
export const DEFAULT_MAX_RECEIVE_BUFFER_BYTES = 5_000_000;

/** Default of `maxLongMessageBytes`: 48 blocks at a time. (Core has no such bound: 4 MB for each of its slots) */
export const DEFAULT_MAX_LONG_MESSAGE_BYTES = 192 * 1_048_576;

/** Default bytes that wait for all peers together: with every slot busy, a share of eight blocks each. */
export const DEFAULT_QUEUED_BYTES = 8 * 1_048_576;

const USER_AGENT_NAME = 'sockman';

/** Largest number for options that only memory limits: larger ones are mistakes. */
const MAX_COUNT = 1_000_000;
const MAX_BUFFER_BYTES = 2 ** 40;
const MAX_SERVICES = 0xffff_ffff_ffff_ffffn;

/** The value of `connect` that means no peer, as in Bitcoin Core. */
const NOBODY = '0';

/** Boolean options: a text such as `no` would count as true. */
const SWITCHES = [
  'listen',
  'discover',
  'noConnect',
  'dns',
  'dnsSeed',
  'forceDnsSeed',
  'fixedSeeds',
  'cjdnsReachable',
  'i2pAcceptIncoming',
  'proxyRandomize',
  'v2Transport',
  'whitelistRelay',
  'whitelistForceRelay',
  'networkActive',
  'privateBroadcast',
  'logIps',
] as const satisfies readonly (keyof ConnmanOptions)[];

/** The options, checked and with defaults. Parts that parse a text themselves get it unchanged. */
export interface ResolvedConnmanOptions {
  readonly chain: ChainParams;
  readonly isListening: boolean;
  readonly bind: readonly string[];
  readonly whiteBind: readonly string[];
  readonly onionBind: readonly string[];
  readonly port: number;
  readonly discovers: boolean;
  readonly externalIp: readonly string[];
  readonly maxConnections: number;
  /** Undefined if unknown. */
  readonly descriptorLimit: number | undefined;
  readonly maxSendBufferBytes: number;
  readonly maxReceiveBufferBytes: number;
  readonly memoryBudget: MemoryBudget;
  readonly maxLongMessageBytes: number;
  readonly maxUploadTarget: string;
  readonly peerTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly addNode: readonly string[];
  readonly connect: readonly string[];
  readonly dialsOnlyConnect: boolean;
  readonly seedNode: readonly string[];
  readonly dns: boolean;
  readonly dnsSeed: boolean;
  readonly forceDnsSeed: boolean;
  readonly fixedSeeds: boolean;
  readonly onlyNet: readonly PublicNetworkName[] | undefined;
  readonly cjdnsReachable: boolean;
  readonly proxyRoutes: ProxyRoutes;
  /** No onion address is dialed, whatever proxy is named later. */
  readonly isOnionForbidden: boolean;
  readonly i2pSam: Endpoint | undefined;
  readonly i2pPrivateKeyFile: string | undefined;
  readonly i2pAcceptIncoming: boolean;
  readonly i2pSessionOptions: string | undefined;
  readonly proxyRandomize: boolean;
  readonly whitelist: readonly string[];
  readonly whitelistRelay: boolean;
  readonly whitelistForceRelay: boolean;
  readonly networkActive: boolean;
  readonly privateBroadcast: boolean;
  readonly userAgent: string;
  readonly localServices: bigint;
  readonly logIps: boolean;
  /** The folder; undefined if none is written. */
  readonly captureMessages: string | undefined;
  readonly addressBook: AddressSource | undefined;
  readonly addressBookStore: AddressBookStore | undefined;
  readonly anchorStore: AnchorStore | undefined;
  readonly banMan: BanSource | undefined;
  readonly folderLock: { release(): void } | undefined;
  readonly netGroups: NetGroups;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: RandomUint32;
  readonly lookUpHost: HostLookup;
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option: a wrong type or
 *   range, or two options that contradict each other.
 */
export function resolveConnmanOptions(options: ConnmanOptions): ResolvedConnmanOptions {
  if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
  checkOptionNames('', options, CONNMAN_OPTION_NAMES);
  for (const name of SWITCHES) boolean(name, options[name], false);
  const chain = resolveChain(options.chain);
  const given = guardedLogger(options.logger, options.onCallbackError);
  const logger = withCategory(withDebugLog(given, debugLog()), 'net');
  const maxConnections = integer('maxConnections', options.maxConnections, DEFAULT_MAX_CONNECTIONS, 0, MAX_COUNT);
  const named = texts('connect', options.connect);
  const connect = named.length === 1 && named[0] === NOBODY ? [] : named;
  for (const peer of connect) checkPeer('connect', peer, chain.p2pPort);
  const dialsOnlyConnect = named.length > 0 || options.noConnect === true;
  const networks = resolveNetworks(options);
  // Hiding behind a proxy and listening exclude each other. The option `onion` alone does not hide the node.
  const isBehindProxy = hasAnyRoute(resolveProxyRoutes(options.proxy));
  const isListening =
    options.listen ?? (hasBind(options) || (!dialsOnlyConnect && !isBehindProxy && maxConnections > 0));
  const externalIp = texts('externalIp', options.externalIp);
  const whitelistForceRelay = options.whitelistForceRelay ?? false;
  const timeoutMs = options.connectTimeoutMs;
  checkPrivateBroadcast(options, networks, dialsOnlyConnect);
  return {
    chain,
    isListening,
    bind: texts('bind', options.bind),
    whiteBind: texts('whiteBind', options.whiteBind),
    onionBind: texts('onionBind', options.onionBind),
    port: integer('port', options.port, chain.p2pPort, 0, 65_535),
    discovers: options.discover ?? (isListening && externalIp.length === 0 && !isBehindProxy),
    externalIp,
    maxConnections,
    descriptorLimit: resolveDescriptorLimit(options.descriptorLimit),
    maxSendBufferBytes: bufferBytes('maxSendBufferBytes', options.maxSendBufferBytes, DEFAULT_MAX_SEND_BUFFER_BYTES),
    maxReceiveBufferBytes: bufferBytes(
      'maxReceiveBufferBytes',
      options.maxReceiveBufferBytes,
      DEFAULT_MAX_RECEIVE_BUFFER_BYTES,
    ),
    memoryBudget: resolveBudget(options.memoryBudget),
    maxLongMessageBytes: bufferBytes(
      'maxLongMessageBytes',
      options.maxLongMessageBytes,
      DEFAULT_MAX_LONG_MESSAGE_BYTES,
    ),
    maxUploadTarget: text('maxUploadTarget', options.maxUploadTarget, '0M'),
    peerTimeoutMs:
      integer(
        'peerTimeoutSeconds',
        options.peerTimeoutSeconds,
        DEFAULT_PEER_TIMEOUT_SECONDS,
        1,
        Number.MAX_SAFE_INTEGER,
      ) * 1_000,
    connectTimeoutMs: timeoutMs === undefined || timeoutMs <= 0 ? DEFAULT_CONNECT_TIMEOUT_MS : timeoutMs,
    addNode: peers('addNode', options.addNode, chain.p2pPort),
    connect,
    dialsOnlyConnect,
    seedNode: peers('seedNode', options.seedNode, chain.p2pPort),
    dns: options.dns ?? true,
    ...resolveDnsSeed(options, chain, dialsOnlyConnect || maxConnections === 0, networks.onlyNet),
    fixedSeeds: options.fixedSeeds ?? true,
    ...networks,
    i2pPrivateKeyFile: options.i2pPrivateKeyFile,
    i2pAcceptIncoming: options.i2pAcceptIncoming ?? true,
    i2pSessionOptions: options.i2pSessionOptions,
    proxyRandomize: options.proxyRandomize ?? true,
    whitelist: texts('whitelist', options.whitelist),
    // Transactions relayed by force are relayed, too.
    whitelistRelay: whitelistForceRelay || (options.whitelistRelay ?? true),
    whitelistForceRelay,
    networkActive: options.networkActive ?? true,
    privateBroadcast: options.privateBroadcast ?? false,
    userAgent: formatUserAgent(USER_AGENT_NAME, VERSION, texts('userAgentComments', options.userAgentComments)),
    localServices: resolveServices(options),
    logIps: options.logIps ?? false,
    captureMessages: resolveCapture(options),
    addressBook: options.addressBook,
    addressBookStore: options.addressBookStore,
    anchorStore: options.anchorStore,
    banMan: options.banMan,
    folderLock: options.folderLock,
    netGroups: options.netGroups ?? new NetGroups(),
    clock: options.clock ?? systemClock,
    logger,
    random: options.random ?? createSecureRandom(),
    lookUpHost: options.lookUpHost === undefined ? lookUpHost : neverRejecting(options.lookUpHost, logger),
  };
}

function resolveChain(chain: ConnmanOptions['chain'] = 'main'): ChainParams {
  if (typeof chain === 'object' && chain !== null) return chain;
  if (!Object.hasOwn(CHAIN_PARAMS, chain)) {
    throw invalidArg('chain', `one of ${Object.keys(CHAIN_PARAMS).join(', ')}`, chain);
  }
  return CHAIN_PARAMS[chain];
}

function hasBind({ bind = [], onionBind = [], whiteBind = [] }: ConnmanOptions): boolean {
  return bind.length > 0 || onionBind.length > 0 || whiteBind.length > 0;
}

type NetworkOptions = Pick<
  ResolvedConnmanOptions,
  'onlyNet' | 'cjdnsReachable' | 'proxyRoutes' | 'isOnionForbidden' | 'i2pSam'
>;

function resolveNetworks(options: ConnmanOptions): NetworkOptions {
  const { cjdnsReachable = false, dns = true } = options;
  const proxyRoutes = resolveProxyRoutes(options.proxy, options.onion, dns);
  const sam = options.i2pSam;
  const i2pSam = sam === undefined ? undefined : parseServer('i2pSam', text('i2pSam', sam, ''), DEFAULT_SAM_PORT, dns);
  const onlyNet = resolveOnlyNet(options.onlyNet);
  // Without a proxy, one may be set later, from Tor's control port.
  const isOnionForbidden = options.onion === false || options.onion === '0';
  if (onlyNet !== undefined) {
    if (onlyNet.includes('cjdns') && !cjdnsReachable) throw invalidArg('onlyNet', 'cjdnsReachable with cjdns', 'cjdns');
    if (onlyNet.includes('onion') && isOnionForbidden)
      throw invalidArg('onlyNet', 'no onion, since the option onion forbids it', 'onion');
    if (onlyNet.includes('i2p') && i2pSam === undefined) throw invalidArg('onlyNet', 'i2pSam with i2p', 'i2p');
  }
  return { onlyNet, cjdnsReachable, proxyRoutes, isOnionForbidden, i2pSam };
}

/** Undefined for all networks; an empty list limits nothing. */
function resolveOnlyNet(onlyNet: ConnmanOptions['onlyNet']): PublicNetworkName[] | undefined {
  const names = texts('onlyNet', onlyNet).map((given) => {
    const name = parseNetworkName(given);
    if (name === undefined) throw invalidArg('onlyNet', 'names of networks', given);
    return name;
  });
  return names.length === 0 ? undefined : names;
}

function resolveDescriptorLimit(given: number | undefined): number | undefined {
  if (given === undefined) return readDescriptorLimit();
  return integer('descriptorLimit', given, 0, 0, Number.MAX_SAFE_INTEGER);
}

function resolveDnsSeed(
  options: ConnmanOptions,
  chain: ChainParams,
  dialsNobody: boolean,
  onlyNet: readonly PublicNetworkName[] | undefined,
): { dnsSeed: boolean; forceDnsSeed: boolean } {
  const givesIp = onlyNet === undefined || onlyNet.includes('ipv4') || onlyNet.includes('ipv6');
  // Regtest's seed is a name that never resolves: no resolver is asked.
  const isPublic = chain.name !== 'regtest';
  const { dnsSeed = !dialsNobody && givesIp && isPublic, forceDnsSeed = false } = options;
  if (options.dnsSeed === true && !givesIp) throw invalidArg('dnsSeed', 'false, since onlyNet leaves out IP', true);
  if (forceDnsSeed && !dnsSeed) throw invalidArg('forceDnsSeed', 'false, since dnsSeed is', true);
  return { dnsSeed, forceDnsSeed };
}

function checkPrivateBroadcast(options: ConnmanOptions, networks: NetworkOptions, dialsOnlyConnect: boolean): void {
  if (options.privateBroadcast !== true) return;
  const { onlyNet, isOnionForbidden, i2pSam } = networks;
  const reaches = (name: PublicNetworkName): boolean => onlyNet === undefined || onlyNet.includes(name);
  const mayHidePeers = (!isOnionForbidden && reaches('onion')) || (i2pSam !== undefined && reaches('i2p'));
  if (!mayHidePeers) throw invalidArg('privateBroadcast', 'a way to Tor or I2P', 'none');
  if (dialsOnlyConnect) throw invalidArg('privateBroadcast', 'neither connect nor noConnect beside it', true);
}

function resolveServices({ localServices = Services.NONE, v2Transport = isV2Supported() }: ConnmanOptions): bigint {
  if (typeof localServices !== 'bigint') throw invalidArg('localServices', 'a bigint', localServices);
  if (localServices < 0n || localServices > MAX_SERVICES) {
    throw invalidArg('localServices', '64 bits', localServices);
  }
  if (v2Transport && !isV2Supported())
    throw invalidArg('v2Transport', 'false, since there is no WebAssembly', v2Transport);
  return v2Transport ? localServices | Services.P2P_V2 : localServices & ~Services.P2P_V2;
}

function resolveCapture({ captureMessages }: ConnmanOptions): string | undefined {
  const isFolder = typeof captureMessages === 'string' && captureMessages !== '';
  if (captureMessages !== undefined && !isFolder) throw invalidArg('captureMessages', 'a folder', captureMessages);
  return captureMessages;
}

/** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: an entry is neither an address nor a name. */
function peers(name: string, given: readonly string[] | undefined, defaultPort: number): readonly string[] {
  const list = texts(name, given);
  for (const peer of list) checkPeer(name, peer, defaultPort);
  return list;
}

function bufferBytes(name: string, value: number | undefined, fallback: number): number {
  return integer(name, value, fallback, 0, MAX_BUFFER_BYTES);
}

function resolveBudget(memoryBudget = new MemoryBudget({ totalBytes: DEFAULT_QUEUED_BYTES })): MemoryBudget {
  if (!(memoryBudget instanceof MemoryBudget)) throw invalidArg('memoryBudget', 'a MemoryBudget', memoryBudget);
  return memoryBudget;
}
