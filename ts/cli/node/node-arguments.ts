// Turns settings into the options of `Connman`, `PeerManager`, data folder and log.
//
// With a configuration file the defaults are those of `bitcoind`. Without one, `sockman node` is for trying things out: it is
// on regtest, and accepts connections and calls only where it is told to.

import { isAbsolute, join, resolve } from 'node:path';

import type { ConnmanOptions } from '../../connman/settings/options.ts';
import { resolveProxyRoutes } from '../../connman/settings/proxy-routes.ts';
import { Service } from '../../netaddr/service.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import { Services } from '../../p2p/protocol.ts';
import type { PeerManagerOptions } from '../../peerman/contract/options.ts';
import type { ReadSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { UsageError } from '../options.ts';
import { StartError } from '../start-error.ts';
import { readOnionArguments } from './onion.ts';
import type { OnionArguments } from './onion.ts';

/** A loopback address with any free port. */
export const ANY_LOOPBACK_PORT = '127.0.0.1:0';

/** Default address of Tor's control port. (Core, DEFAULT_TOR_CONTROL) */
const DEFAULT_CONTROL = '127.0.0.1:9051';

/** Longest run, in seconds: the limit of the host's timers. */
const MAX_RUN_SECONDS = 2_147_483;

/** The unit of buffer options, in bytes, and their largest value. */
const BUFFER_UNIT = 1_000;
const MAX_BUFFER_UNITS = 1_000_000_000;

/** The decimals of an amount in bitcoin. */
const COIN_DECIMALS = 8;

/** The key of the address book of `-test=addrman`, as in Core: 1, little-endian. */
const TEST_ADDRMAN_KEY = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0));

/** Everything that a node starts with. */
export interface NodeArguments {
  readonly chain: ChainName;
  /** Folders of all chains and of this one; undefined if nothing is stored. */
  readonly dataDir: string | undefined;
  readonly chainDir: string | undefined;
  /** Whether the defaults are those of `bitcoind`. */
  readonly isLikeCore: boolean;
  readonly connman: ConnmanOptions;
  readonly peerManager: PeerManagerOptions;
  readonly folder: {
    defaultBanSeconds?: number;
    checkRatio?: number;
    addrManKey?: Uint8Array;
    cjdnsReachable: boolean;
  };
  readonly asMapFile: string | undefined;
  readonly onion: OnionArguments | undefined;
  readonly pidFile: string | undefined;
  readonly mockSeconds: number | undefined;
  readonly hasRpc: boolean;
  readonly hasDashboard: boolean;
  readonly json: boolean;
  readonly runSeconds: number | undefined;
}

/** @throws {UsageError} A value is out of range, or two values contradict each other. */
export function nodeArguments({ settings, chain, dataDir, confFiles }: ReadSettings): NodeArguments {
  const isLikeCore = confFiles.length > 0;
  const chainDir = dataDir === undefined ? undefined : join(dataDir, CHAIN_PARAMS[chain].dataFolder);
  /** File names are relative to the chain's folder; without a configuration file, to the working folder. */
  const pathOf = (name: string): string | undefined => {
    const text = settings.text(name);
    if (text === undefined || text === '') return undefined;
    return isLikeCore && chainDir !== undefined && !isAbsolute(text) ? join(chainDir, text) : resolve(text);
  };
  const asMapFile = asMapOf(settings, pathOf);
  const onion = onionOf(settings);
  const hasDashboard = settings.switch('dashboard') ?? false;
  if (hasDashboard && settings.switch('server') === false) {
    throw settings.refusal('dashboard', 'the RPC server, which serves it, is switched off (server=0)');
  }
  return {
    chain,
    dataDir,
    chainDir,
    isLikeCore,
    connman: {
      chain,
      ...listening(settings, isLikeCore, onion !== undefined),
      ...dialing(settings, chainDir),
      ...peers(settings),
      ...capture(settings, chainDir),
    },
    peerManager: peerManagerOf(settings),
    folder: folderOf(settings, chain),
    asMapFile,
    onion,
    pidFile: settings.isSet('pid') ? pathOf('pid') : undefined,
    mockSeconds: mockSecondsOf(settings, chain),
    hasRpc: settings.switch('server') ?? (isLikeCore || hasDashboard),
    hasDashboard,
    json: settings.switch('json') ?? false,
    runSeconds: settings.decimal('for', 0, MAX_RUN_SECONDS),
  };
}

function asMapOf(settings: Settings, pathOf: (name: string) => string | undefined): string | undefined {
  const text = settings.text('asmap');
  if (text === undefined || text === '0') return undefined;
  if (text === '' || text === '1') throw settings.refusal('asmap', 'there is no built-in map: name a file');
  return pathOf('asmap');
}

function onionOf(settings: Settings): OnionArguments | undefined {
  const isWanted = settings.switch('listenonion');
  const control = settings.text('torcontrol');
  const password = settings.text('torpassword');
  if (isWanted === false) return undefined;
  return readOnionArguments(control === undefined && isWanted === true ? DEFAULT_CONTROL : control, password);
}

/** Where to listen: an onion service needs an address of its own, which marks its peers. */
function listening(settings: Settings, isLikeCore: boolean, hasOnion: boolean): ConnmanOptions {
  const listen = settings.isNegated('listen') ? '0' : settings.text('listen');
  const isSwitch = listen === '' || listen === '0' || listen === '1';
  const place = listen === undefined || isSwitch ? undefined : listenAddress(listen);
  const bind = [...(place === undefined ? [] : [place]), ...settings.texts('bind')];
  const whiteBind = settings.texts('whitebind');
  const port = settings.count('port', 0, 65_535);
  if (listen === '0' && bind.length + whiteBind.length > 0) {
    throw new StartError('Cannot set -bind or -whitebind together with -listen=0');
  }
  const says = bind.length > 0 || whiteBind.length > 0 || hasOnion || listen === '1' || listen === '';
  const isListening = listen === '0' ? false : says ? true : isLikeCore ? undefined : false;
  const needsOnionPlace = hasOnion && !bind.some((each) => each.endsWith('=onion'));
  const places = hasOnion && bind.length === 0 && !isLikeCore ? [ANY_LOOPBACK_PORT] : bind;
  return {
    ...(isListening !== undefined && { listen: isListening }),
    ...(places.length > 0 && { bind: places }),
    ...(needsOnionPlace && { onionBind: [ANY_LOOPBACK_PORT] }),
    ...(whiteBind.length > 0 && { whiteBind }),
    ...optional('port', port),
    ...optional('discover', settings.switch('discover')),
    externalIp: settings.texts('externalip'),
    ...optional('i2pAcceptIncoming', settings.switch('i2pacceptincoming')),
  };
}

function dialing(settings: Settings, chainDir: string | undefined): ConnmanOptions {
  const proxy = settings.texts('proxy');
  checkProxies(proxy);
  const onion = settings.isNegated('onion') ? '0' : settings.text('onion');
  const i2pSam = settings.text('i2psam');
  const timeout = settings.count('timeout', 0);
  return {
    connect: settings.texts('connect'),
    ...(settings.isNegated('connect') && { noConnect: true }),
    addNode: settings.texts('addnode'),
    seedNode: settings.texts('seednode'),
    ...optional('dns', settings.switch('dns')),
    ...optional('dnsSeed', settings.switch('dnsseed')),
    ...optional('forceDnsSeed', settings.switch('forcednsseed')),
    ...optional('fixedSeeds', settings.switch('fixedseeds')),
    onlyNet: settings.texts('onlynet'),
    proxy,
    ...optional('onion', onion),
    ...optional('proxyRandomize', settings.switch('proxyrandomize')),
    ...(i2pSam !== undefined && i2pSam !== '' && { i2pSam }),
    ...(chainDir !== undefined && { i2pPrivateKeyFile: join(chainDir, 'i2p_private_key') }),
    ...optional('cjdnsReachable', settings.switch('cjdnsreachable')),
    ...(timeout !== undefined && timeout > 0 && { connectTimeoutMs: timeout }),
    ...optional('networkActive', settings.switch('networkactive')),
  };
}

function peers(settings: Settings): ConnmanOptions {
  const peerTimeout = settings.text('peertimeout');
  if (peerTimeout !== undefined && !(Number(peerTimeout) > 0)) {
    throw new StartError('peertimeout must be a positive integer.');
  }
  const unitsOf = (name: string): number | undefined => {
    const units = settings.count(name, 0, MAX_BUFFER_UNITS);
    return units === undefined ? undefined : units * BUFFER_UNIT;
  };
  return {
    ...optional('maxConnections', settings.count('maxconnections', 0, 1_000_000)),
    ...optional('maxReceiveBufferBytes', unitsOf('maxreceivebuffer')),
    ...optional('maxSendBufferBytes', unitsOf('maxsendbuffer')),
    ...optional('maxUploadTarget', settings.isNegated('maxuploadtarget') ? '0' : settings.text('maxuploadtarget')),
    ...optional('peerTimeoutSeconds', settings.count('peertimeout', 1)),
    whitelist: settings.texts('whitelist'),
    ...optional('whitelistRelay', settings.switch('whitelistrelay')),
    ...optional('whitelistForceRelay', settings.switch('whitelistforcerelay')),
    ...optional('v2Transport', settings.switch('v2transport')),
    ...optional('privateBroadcast', settings.switch('privatebroadcast')),
    userAgentComments: settings.texts('uacomment'),
    ...(settings.switch('peerbloomfilters') === true && { localServices: Services.BLOOM }),
    ...optional('logIps', settings.switch('logips')),
  };
}

function capture(settings: Settings, chainDir: string | undefined): ConnmanOptions {
  const text = settings.text('capturemessages');
  if (text === undefined || text === '0') return {};
  if (text !== '' && text !== '1') return { captureMessages: resolve(text) };
  if (chainDir === undefined) throw settings.refusal('capturemessages', 'name a folder, or give --datadir');
  return { captureMessages: join(chainDir, 'message_capture') };
}

function peerManagerOf(settings: Settings): PeerManagerOptions {
  return {
    ...optional('ignoreIncomingTxs', settings.switch('blocksonly')),
    ...optional('reconcileTxs', settings.switch('txreconciliation')),
    ...optional('privateBroadcast', settings.switch('privatebroadcast')),
    ...optional('minRelayFeeRate', amountOf(settings, 'minrelaytxfee')),
  };
}

function folderOf(settings: Settings, chain: ChainName): NodeArguments['folder'] {
  const tests = settings.texts('test');
  if (tests.length > 0 && chain !== 'regtest') throw new StartError('-test=<option> can only be used with regtest');
  const other = tests.find((name) => name !== 'addrman');
  if (other !== undefined) throw settings.refusal('test', `expected addrman, got '${other}'`);
  return {
    cjdnsReachable: settings.switch('cjdnsreachable') ?? false,
    ...optional('defaultBanSeconds', settings.count('bantime', 1)),
    ...optional('checkRatio', settings.count('checkaddrman', 0, 1_000_000)),
    ...(tests.length > 0 && { addrManKey: TEST_ADDRMAN_KEY }),
  };
}

function mockSecondsOf(settings: Settings, chain: ChainName): number | undefined {
  const seconds = settings.count('mocktime');
  if (seconds === undefined || seconds === 0) return undefined;
  if (chain !== 'regtest') throw settings.refusal('mocktime', 'can be set on regtest only');
  return seconds;
}

/** An amount in bitcoin, as satoshi. */
function amountOf(settings: Settings, name: string): bigint | undefined {
  const text = settings.text(name);
  if (text === undefined) return undefined;
  const [, whole, fraction = ''] = /^(\d{1,8})(?:\.(\d{1,8}))?$/.exec(text) ?? [];
  if (whole === undefined) throw settings.refusal(name, `expected an amount in BTC, got '${text.slice(0, 40)}'`);
  return BigInt(`${whole}${fraction.padEnd(COIN_DECIMALS, '0')}`);
}

/** @throws {UsageError} The text is not an address to listen on. */
function listenAddress(text: string): string {
  const service = Service.tryParse(text, 0);
  if (service !== undefined && service.unixPath === undefined) return text;
  throw new UsageError(`--listen: expected a numeric address with or without port, 0 or 1, got '${text}'`);
}

/** Checked before anything starts. @throws {UsageError} A text is not a proxy. */
function checkProxies(texts: readonly string[]): void {
  try {
    resolveProxyRoutes(texts);
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
}

/** An option that is left out if it was not given, so that its default applies. */
function optional<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
