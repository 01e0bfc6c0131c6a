// `sockman node`: runs a Bitcoin peer and shows whom it talks to. Without a peer to connect to it brings one along, so that
// there is something to see on a machine without any network.

import { AsMap } from '../../addrman/asmap/as-map.ts';
import { NetGroups } from '../../addrman/net-groups.ts';
import { Connman } from '../../connman/connman.ts';
import { openDataFolder } from '../../connman/data-folder.ts';
import type { DataFolder } from '../../connman/data-folder.ts';
import type { ConnmanOptions } from '../../connman/settings/options.ts';
import { resolveProxyRoutes } from '../../connman/settings/proxy-routes.ts';
import { Service } from '../../netaddr/service.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import { PeerManager } from '../../peerman/peer-manager.ts';
import type { OnionService } from '../../tor/onion-service.ts';
import { defineCommand } from '../command.ts';
import type { CliIo } from '../command.ts';
import { RUN_SECONDS, networkOption } from '../common-options.ts';
import { onionServiceOf, readOnionArguments } from '../node/onion.ts';
import type { OnionArguments } from '../node/onion.ts';
import { DialReport } from '../node/dial-report.ts';
import { PeerLines } from '../node/peer-lines.ts';
import { peerTable } from '../node/peer-table.ts';
import * as option from '../option-kinds.ts';
import { UsageError } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { complainingLogger, ofArguments, untilStopped } from '../run.ts';
import { jsonLine } from '../terminal/json-line.ts';

/** Between two looks at the peers, in milliseconds. */
const REFRESH_MS = 1_000;

/** A place that nobody else can have taken. */
const ANY_LOOPBACK_PORT = '127.0.0.1:0';

const OPTIONS = {
  network: networkOption('regtest', `the network: ${Object.keys(CHAIN_PARAMS).join(', ')}; regtest by default`),
  listen: option.text('ADDRESS', 'address:port to accept connections at; port 0 takes any'),
  connect: option.texts(
    'ADDRESS',
    'peer to connect to; may be repeated. Without one, and without --datadir and --tor-control, a second node is started here and dialed',
  ),
  datadir: option.text(
    'FOLDER',
    'remembers addresses, anchors and bans there; without --connect, dials from what it knows',
    'folder',
  ),
  asmap: option.text(
    'FILE',
    'tells networks apart by this map of autonomous systems, not by ranges of addresses',
    'file',
  ),
  v2transport: option.zeroOrOne(true, 'encrypted connections (BIP 324); 1 by default'),
  proxy: option.texts(
    'ADDRESS[=NET]',
    'SOCKS5 proxy, address or name with or without port, or unix:/path, for every network or for ipv4, ipv6, onion, cjdns; may be repeated, later ones override; 0[=NET] takes away. Local addresses need none',
  ),
  'tor-control': option.text(
    'ADDRESS',
    "offers an onion service through Tor's control port (address or name, 9051 by default), and dials onion addresses through that Tor unless --proxy leads to them; the key of the service is kept in --datadir. Listens on loopback if --listen is not given",
  ),
  'tor-password': option.text('WORD', 'for a control port that wants one; its cookie file is found by itself'),
  'capture-messages': option.text(
    'FOLDER',
    'writes every message there, a folder for each peer and a file for each direction',
    'folder',
  ),
  json: option.flag('prints what happens as lines of JSON in place of the table'),
  for: RUN_SECONDS,
};

interface NodeArguments {
  readonly network: ChainName;
  readonly listen: string | undefined;
  readonly connect: readonly string[];
  readonly dataDir: string | undefined;
  readonly asMapFile: string | undefined;
  readonly v2Transport: boolean;
  readonly proxy: readonly string[];
  readonly onion: OnionArguments | undefined;
  readonly captureFolder: string | undefined;
  readonly json: boolean;
  readonly runSeconds: number | undefined;
}

export const command = defineCommand(
  {
    options: OPTIONS,
    examples: [
      ['sockman node', 'two nodes of this process that talk to each other: nothing leaves the machine'],
      ['sockman node --network main --datadir ~/.sockman', 'finds peers by itself, and remembers them'],
      ['sockman node --network signet --connect 203.0.113.1:38333', 'connects to one peer only'],
      ['sockman node --network main --datadir ~/.sockman --json | jq .', 'the same for other programs'],
      ['sockman node --network main --connect …onion:8333 --proxy 127.0.0.1:9050', 'a peer behind Tor'],
    ],
    notes: ['Ends with 1 if --connect was given and there never was a connection.'],
  },
  (values, io) => runNode(readArguments(values), io),
);

async function runNode(options: NodeArguments, io: CliIo): Promise<number> {
  const { dataDir, network, v2Transport } = options;
  const logger = complainingLogger(io);
  const groups = await groupsOf(options.asMapFile, io.signal);
  const remembered: Partial<DataFolder> =
    dataDir === undefined
      ? {}
      : await openDataFolder(dataDir, CHAIN_PARAMS[network], { ...groups, logger, signal: io.signal });
  const isAlone = options.connect.length === 0 && dataDir === undefined && options.onion === undefined;
  let companion: Connman | undefined;
  let node: Connman | undefined;
  let onion: OnionService | undefined;
  try {
    companion = isAlone ? await startCompanion(network, v2Transport) : undefined;
    const targets = companion === undefined ? options.connect : companion.listeningAt.slice(0, 1).map(String);
    const connmanOptions = {
      network,
      connect: targets,
      v2Transport,
      proxy: options.proxy,
      logger,
      ...listening(options),
      ...remembered,
      ...groups,
      ...(options.captureFolder !== undefined && { captureMessages: options.captureFolder }),
    };
    node = ofArguments(() => new Connman(connmanOptions));
    const say = speaker(io, options.json);
    const dials = new DialReport(node, (line, target, errmsg) => {
      if (options.json) say('', { event: 'failed', target, errmsg });
      else io.complain(line);
    });
    if (options.json) tellOfPeers(node, say);
    node.on('asMapHealth', ({ asCount, entryCount, unmappedCount }) => {
      const line = `AS map: ${entryCount} addresses in ${asCount} systems, ${unmappedCount} in none`;
      say(line, { event: 'asMapHealth', entryCount, asCount, unmappedCount });
    });
    await startWithPeerManager(node, remembered);
    onion = options.onion && onionServiceOf(node, network, dataDir, options.onion, io);
    onion?.start();
    for (const at of node.listeningAt) {
      const line = `listening at ${at} (${network}, ${node.backendName})`;
      say(line, { event: 'listening', at, network, backend: node.backendName });
    }
    if (companion !== undefined) {
      say(`dialing a second node of this process at ${targets.join(', ')}`, { event: 'dialing', targets });
    }
    if (options.json) await untilStopped(io.signal, options.runSeconds);
    else await showPeers(node, io, options.runSeconds);
    say('', { event: 'peers', peers: node.getPeerStats() });
    return options.connect.length === 0 || dials.hasConnected ? 0 : 1;
  } finally {
    await onion?.stop();
    await node?.stop();
    await companion?.stop();
    remembered.folderLock?.release();
  }
}

/** Says things to people or, as JSON, to programs. */
type Say = (line: string, event: object) => void;

function speaker(io: CliIo, isJson: boolean): Say {
  let skippedCount = 0;
  return (line, event) => {
    if (!isJson) {
      if (line !== '') io.print(line);
    } else if (io.isBehind) skippedCount++;
    else {
      if (skippedCount > 0) io.print(jsonLine({ event: 'skipped', lines: skippedCount }));
      skippedCount = 0;
      io.print(jsonLine(event));
    }
  };
}

/** Peers that come and go. */
function tellOfPeers(node: Connman, say: Say): void {
  for (const name of ['inboundConnection', 'outboundConnection'] as const) {
    node.on(name, ({ id, addrName, connectionType }) => {
      say('', { event: 'connected', peer: id, address: addrName, type: connectionType });
    });
  }
  node.on('closedConnection', ({ node: { id, addrName }, reason }) => {
    say('', { event: 'closed', peer: id, address: addrName, reason });
  });
}

/** A node that was told to use a map must not run without it: one that is missing or unsound is an error. */
async function groupsOf(asMapFile: string | undefined, signal: AbortSignal): Promise<{ netGroups?: NetGroups }> {
  return asMapFile === undefined ? {} : { netGroups: new NetGroups(await AsMap.load(asMapFile, signal)) };
}

/** Where to listen: an onion service needs a place of its own, by which its peers are known. */
function listening({ listen, onion }: NodeArguments): Pick<ConnmanOptions, 'listen' | 'bind' | 'onionBind'> {
  if (onion === undefined) return listen === undefined ? { listen: false } : { listen: true, bind: [listen] };
  return { listen: true, bind: [listen ?? ANY_LOOPBACK_PORT], onionBind: [ANY_LOOPBACK_PORT] };
}

/** A node to talk to when there is no other: it listens at any free port of the loopback interface and dials nobody. */
async function startCompanion(network: ChainName, v2Transport: boolean): Promise<Connman> {
  const companion = new Connman({ network, bind: [ANY_LOOPBACK_PORT], noConnect: true, v2Transport });
  await startWithPeerManager(companion);
  return companion;
}

async function startWithPeerManager(node: Connman, remembered: Partial<DataFolder> = {}): Promise<void> {
  const peerManager = new PeerManager(remembered);
  await node.start(peerManager);
}

/** Shows the table until the time is over or Ctrl-C: redrawn on a terminal, elsewhere the lines that are new. */
async function showPeers(node: Connman, io: CliIo, runSeconds: number | undefined): Promise<void> {
  const lines = new PeerLines(io, performance.now());
  const show = (): void => {
    const peers = node.getPeerStats();
    if (io.redraw === undefined) lines.show(peers, performance.now());
    else io.redraw(peerTable(peers, io.columns, io.style));
  };
  const refresh = setInterval(show, REFRESH_MS);
  try {
    await untilStopped(io.signal, runSeconds);
  } finally {
    clearInterval(refresh);
  }
  show();
}

function readArguments(values: ValuesOf<typeof OPTIONS>): NodeArguments {
  return {
    network: values.network,
    listen: listenAddress(values.listen),
    connect: values.connect,
    dataDir: values.datadir,
    asMapFile: values.asmap,
    v2Transport: values.v2transport,
    proxy: proxiesOf(values.proxy),
    onion: readOnionArguments(values['tor-control'], values['tor-password']),
    captureFolder: values['capture-messages'],
    json: values.json,
    runSeconds: values.for,
  };
}

/** @throws {UsageError} It is no address that can be listened at. */
function listenAddress(text: string | undefined): string | undefined {
  const service = text === undefined ? undefined : Service.tryParse(text, 0);
  const isAddress = service !== undefined && service.unixPath === undefined;
  if (text === undefined || isAddress) return text;
  throw new UsageError(`--listen: expected a numeric address with or without port, got '${text}'`);
}

/** Checked before anything is started. @throws {UsageError} One of them is no proxy. */
function proxiesOf(texts: readonly string[] = []): readonly string[] {
  try {
    resolveProxyRoutes(texts);
  } catch (error) {
    throw new UsageError(`--${(error as Error).message}`);
  }
  return texts;
}
