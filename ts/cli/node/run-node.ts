// A node from start to end. Without a peer to connect to and without a data folder, it starts a second node, so that there
// is something to see on a machine without a network.

import { existsSync } from 'node:fs';

import { AsMap } from '../../addrman/asmap/as-map.ts';
import { NetGroups } from '../../addrman/net-groups.ts';
import { Connman } from '../../connman/connman.ts';
import { openDataFolder } from '../../connman/data-folder.ts';
import type { DataFolder } from '../../connman/data-folder.ts';
import type { ConnmanOptions } from '../../connman/settings/options.ts';
import { logMessages } from '../../connman/messages/message-log.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { MetricsOptions } from '../../http/metrics/metrics.ts';
import type { LogCategories, RpcNode } from '../../http/rpc/node/rpc-node.ts';
import { PeerManager } from '../../peerman/peer-manager.ts';
import { lockFolder } from '../../storage/folder-lock.ts';
import type { OnionService } from '../../tor/onion-service.ts';
import { silentLogger } from '../../util/logger.ts';
import type { Logger } from '../../util/logger.ts';
import { MemoryBudget } from '../../util/memory/memory-budget.ts';
import { SettableClock } from '../../util/time/settable-clock.ts';
import { VERSION } from '../../util/version.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import type { ReadSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { LOG_CATEGORIES } from '../log/categories.ts';
import { openLog } from '../log/open-log.ts';
import type { OpenLog } from '../log/open-log.ts';
import { complainingLogger, ofArguments, ofNames, untilStopped } from '../run.ts';
import { DialReport } from './dial-report.ts';
import { ANY_LOOPBACK_PORT, nodeArguments } from './node-arguments.ts';
import type { NodeArguments } from './node-arguments.ts';
import { onionServiceOf } from './onion.ts';
import type { RpcService } from './rpc-service.ts';
import { writePidFile } from './pid-file.ts';
import { speaker, tellOfAddresses, tellOfAsMap, tellOfPeers } from './say.ts';
import type { Say } from './say.ts';
import { showPeers } from './show-peers.ts';

/** Queued bytes of all peers together: two blocks of memory for each slot. The node has no blocks of the chain to send. */
const QUEUED_BYTES = 2 * 1_048_576;

/** Bytes by which a peer may exceed its share: one block of memory. The node has no blocks of the chain to receive. */
const RECEIVE_CHUNK_BYTES = 8_192;

/** The name in the answer of `stop`. */
const CLIENT_NAME = 'sockman';

/** The value of --connect that means no peer. */
const NOBODY = '0';

/**
 * Runs a node until it is stopped.
 *
 * @returns The exit code: 1 if it was told to connect to peers and never did.
 * @throws {UsageError} An invalid option. @throws {StartError} The node cannot start with these settings.
 */
export async function runNode(read: ReadSettings, io: CliIo): Promise<number> {
  const options = nodeArguments(read);
  checkNotInUse(options.chainDir);
  const clock = new SettableClock();
  if (options.mockSeconds !== undefined) clock.setWallTime(options.mockSeconds * 1_000);
  const log = openLog(read, options.chainDir, () => clock.stoppedAtMs, io);
  const logger = log?.log ?? complainingLogger(io);
  try {
    tellOfStart(read, logger, io, log);
    return await new NodeRun(read.settings, options, clock, logger, log, io).run();
  } catch (error) {
    log?.log.error((error as Error).message);
    throw error;
  } finally {
    log?.log.info('Shutdown done');
    log?.close();
  }
}

/**
 * A second node on a folder ends before it writes into the log of the first, or cuts it. The lock itself is taken with the
 * files. (Bitcoin Core, AppInitLockDirectories)
 *
 * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another process uses the folder.
 */
function checkNotInUse(folder: string | undefined): void {
  if (folder !== undefined && existsSync(folder)) lockFolder(folder, silentLogger).release();
}

/** Logs what was read, and what is ignored. */
function tellOfStart({ confFiles, dataDir, warnings }: ReadSettings, logger: Logger, io: CliIo, log?: OpenLog): void {
  logger.info(`sockman version ${VERSION}`);
  if (dataDir !== undefined) logger.info(`Using data directory ${dataDir}`);
  for (const path of confFiles) logger.info(`Config file: ${path}`);
  for (const warning of warnings) {
    if (log === undefined) io.complain(warning);
    else logger.warn(warning);
  }
}

/** One run. */
class NodeRun {
  readonly #settings: Settings;
  readonly #options: NodeArguments;
  /** The clock of the node and its parts, on the chain where it can be set; elsewhere they take the system's. */
  readonly #clock: { readonly clock?: SettableClock };
  readonly #logger: Logger;
  readonly #log: OpenLog | undefined;
  readonly #io: CliIo;
  readonly #say: Say;
  /** Generated credentials to show in front of an address; empty if there is a cookie or a password. */
  #credentials = '';
  /** Aborted by the user, or by the method `stop`. */
  readonly #signal: AbortSignal;
  readonly #stop = new AbortController();
  /** The parts that RPC methods work on, added as they are created. */
  readonly #parts: { -readonly [Name in keyof RpcNode]: RpcNode[Name] };
  /** Run in reverse order. */
  readonly #ending: (() => unknown)[] = [];

  constructor(
    settings: Settings,
    options: NodeArguments,
    clock: SettableClock,
    logger: Logger,
    log: OpenLog | undefined,
    io: CliIo,
  ) {
    this.#settings = settings;
    this.#options = options;
    this.#signal = AbortSignal.any([io.signal, this.#stop.signal]);
    this.#clock = options.chain === 'regtest' ? { clock } : {};
    this.#parts = {
      chain: CHAIN_PARAMS[options.chain],
      cjdnsReachable: options.folder.cjdnsReachable,
      name: CLIENT_NAME,
      stop: () => this.#stop.abort(),
      signal: this.#signal,
      ...(options.chain === 'regtest' && { clock, settableClock: clock }),
      ...(log !== undefined && { logCategories: logCategoriesOf(log) }),
    };
    this.#logger = logger;
    this.#log = log;
    this.#io = io;
    this.#say = speaker(io, options.json);
  }

  async run(): Promise<number> {
    try {
      return await this.#run();
    } finally {
      for (const end of this.#ending.reverse()) await end();
    }
  }

  async #run(): Promise<number> {
    const { asMapFile, chain, connman: told, hasDashboard, hasRpc, pidFile } = this.#options;
    const groups = await groupsOf(asMapFile, this.#signal);
    const remembered = await this.#openFolder(groups);
    const rpc = hasRpc ? await this.#makeRpc() : undefined;
    const rpcAddresses = rpc?.start() ?? [];
    // Folder and port are ours now: a second node must not take the file of the one that runs.
    if (pidFile !== undefined) this.#ending.push(writePidFile(pidFile));
    const companion = this.#isAlone() ? await this.#startCompanion() : undefined;
    const node = this.#makeNode({ connect: companion ?? told.connect ?? [], ...remembered, ...groups });
    const dials = this.#tellOfPeers(node);
    const peerManager = this.#makePeerManager(remembered);
    Object.assign(this.#parts, { connman: node, peerManager, ...partsOf(remembered) });
    if (rpc !== undefined) this.#show(rpc, node, peerManager, remembered);
    await ofNames(node.start(peerManager));
    this.#startOnion(node);
    const http = { addresses: rpcAddresses, credentials: this.#credentials, hasDashboard };
    tellOfAddresses(node, chain, companion, http, this.#say);
    rpc?.finishWarmup();
    this.#logger.info('init message: Done loading');
    await this.#untilStopped(node);
    // Also where the time is over: calls that wait are told.
    this.#stop.abort();
    await rpc?.stop();
    this.#say('', { event: 'peers', peers: node.getPeerStats() });
    return this.#isContent(dials.hasConnected) ? 0 : 1;
  }

  /** Whether no peer was named and none can be known: then a second node is started. */
  #isAlone(): boolean {
    const { connman, dataDir, isLikeCore, onion } = this.#options;
    const names = [connman.connect, connman.addNode, connman.seedNode].some((list) => (list?.length ?? 0) > 0);
    return !names && connman.noConnect !== true && dataDir === undefined && !isLikeCore && onion === undefined;
  }

  /**
   * Whether the user got the connections that they asked for. With a configuration file the node is a service, which keeps
   * trying.
   */
  #isContent(hasConnected: boolean): boolean {
    const named = (this.#options.connman.connect ?? []).filter((target) => target !== NOBODY);
    return hasConnected || named.length === 0 || this.#options.isLikeCore;
  }

  async #openFolder(groups: { netGroups?: NetGroups }): Promise<Partial<DataFolder>> {
    const { chain, dataDir, folder } = this.#options;
    if (dataDir === undefined) return {};
    const options = { ...groups, ...folder, ...this.#clock, logger: this.#logger, signal: this.#signal };
    const opened = await openDataFolder(dataDir, CHAIN_PARAMS[chain], options);
    this.#ending.push(() => opened.folderLock.release());
    return opened;
  }

  /** The RPC server, created once the node exists. It is loaded on demand: it is half of the code, and takes memory. */
  async #makeRpc(): Promise<RpcService> {
    const { chain, chainDir } = this.#options;
    const [{ RpcService: Service }, { rpcSettings }] = await Promise.all([
      import('./rpc-service.ts'),
      import('./rpc-settings.ts'),
    ]);
    const settings = rpcSettings(this.#settings, chain, chainDir);
    if (settings.shown !== undefined) this.#credentials = `${settings.shown.user}:${settings.shown.password}@`;
    const rpc = new Service({
      settings,
      node: this.#parts,
      logger: this.#logger,
      logPath: this.#log?.path,
    });
    this.#ending.push(() => rpc.stop());
    return rpc;
  }

  /**
   * Starts a second node to talk to: it listens on any free port of the loopback interface and dials no peer.
   *
   * @returns Where to dial it.
   */
  async #startCompanion(): Promise<string[]> {
    const { chain, connman: told } = this.#options;
    const { v2Transport = true } = told;
    const companion = new Connman({ chain, bind: [ANY_LOOPBACK_PORT], noConnect: true, v2Transport });
    await companion.start(new PeerManager());
    this.#ending.push(() => companion.stop());
    return companion.listeningAt.slice(0, 1).map(String);
  }

  #makeNode(further: ConnmanOptions): Connman {
    const memoryBudget = new MemoryBudget({ totalBytes: QUEUED_BYTES });
    const limits = { memoryBudget, receiveChunkBytes: RECEIVE_CHUNK_BYTES };
    const all = { ...this.#options.connman, ...limits, logger: this.#logger, ...this.#clock, ...further };
    const node = ofArguments(() => new Connman(all));
    this.#ending.push(() => node.stop());
    return node;
  }

  #makePeerManager(remembered: Partial<DataFolder>): PeerManager {
    const all = { ...this.#options.peerManager, logger: this.#logger, ...this.#clock, ...remembered };
    return ofArguments(() => new PeerManager(all));
  }

  /** Serves the figures of the node, and the page, where it is wanted. */
  #show(rpc: RpcService, connman: Connman, peerManager: PeerManager, remembered: Partial<DataFolder>): void {
    const { chain, hasDashboard } = this.#options;
    const watched = { connman, peerManager, chain, ...watchedPartsOf(remembered) };
    rpc.serveMetrics(watched);
    if (hasDashboard) rpc.serveDashboard({ ...watched, ...this.#clock });
  }

  /** Prints what becomes of dials, peers, messages and the AS map. @returns What became of the dials. */
  #tellOfPeers(node: Connman): DialReport {
    const { json } = this.#options;
    const dials = new DialReport(node, (line, target, errmsg) => {
      if (json) this.#say('', { event: 'failed', target, errmsg });
      else if (this.#log === undefined) this.#io.complain(line);
    });
    if (json) tellOfPeers(node, this.#say);
    if (this.#log !== undefined) this.#logMessages(node, this.#log);
    tellOfAsMap(node, this.#say);
    return dials;
  }

  async #untilStopped(node: Connman): Promise<void> {
    const { json, runSeconds } = this.#options;
    if (json || this.#log?.isOnConsole === true) await untilStopped(this.#signal, runSeconds);
    else await showPeers(node, this.#io, this.#signal, runSeconds);
  }

  /** Every message is logged, but lines are built only if they are written. */
  #logMessages(node: Connman, { log, filter }: OpenLog): void {
    let stop: (() => void) | undefined;
    filter.onChange = () => {
      if (filter.wants('net')) stop ??= logMessages(node, (line) => log.debug(line));
      else {
        stop?.();
        stop = undefined;
      }
    };
    filter.onChange();
  }

  #startOnion(node: Connman): void {
    const { chain, dataDir, onion: told } = this.#options;
    if (told === undefined) return;
    const onion: OnionService = onionServiceOf(node, chain, dataDir, told, this.#io);
    this.#ending.push(() => onion.stop());
    onion.start();
  }
}

function partsOf({ addressBook, banMan }: Partial<DataFolder>): Pick<RpcNode, 'addressBook' | 'banMan'> {
  return { addressBook, banMan };
}

function watchedPartsOf({ addressBook, banMan }: Partial<DataFolder>): Pick<MetricsOptions, 'addrMan' | 'banMan'> {
  return { ...(addressBook !== undefined && { addrMan: addressBook }), ...(banMan !== undefined && { banMan }) };
}

function logCategoriesOf({ filter }: OpenLog): LogCategories {
  return {
    names: LOG_CATEGORIES,
    isOn: (name) => filter.isOn(name),
    set: (name, isOn) => void filter.set(name, isOn),
  };
}

/** Reads the AS map. A missing or invalid one is an error: a node that was told to use a map must not run without it. */
async function groupsOf(asMapFile: string | undefined, signal: AbortSignal): Promise<{ netGroups?: NetGroups }> {
  return asMapFile === undefined ? {} : { netGroups: new NetGroups(await AsMap.load(asMapFile, signal)) };
}
