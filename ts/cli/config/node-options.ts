// The options of `sockman node`: Bitcoin Core's, under Core's names, and a few of our own.
//
// One table for the command line, configuration files, the help and the completions. Dashes inside a name do not matter
// (`--tor-control` is `-torcontrol`). Core's options that this node lacks are in `absent-options.ts`.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { Completion, OptionHelp } from '../options.ts';

/**
 * The value of an option: `switch` is 0 or 1, empty meaning 1; `text` is one value; `texts` a value for each time; `count` a
 * whole number; `switchOrText` either.
 */
export type OptionKind = 'switch' | 'text' | 'texts' | 'count' | 'switchOrText';

/** One option. */
export interface NodeOption extends OptionHelp {
  readonly kind: OptionKind;
  /** Outside of a section it applies to the main chain only. (Core, NETWORK_ONLY) */
  readonly isPerChain?: true;
  /** Its value is not shown. */
  readonly isSecret?: true;
}

/** Properties of an option besides kind and help. */
type Traits = Partial<Pick<NodeOption, 'isPerChain' | 'isSecret' | 'completion'>>;

const SWITCH = '0|1';
const HOST_PORT = 'ADDRESS[:PORT]';

function group(name: string, options: Readonly<Record<string, NodeOption>>): Readonly<Record<string, NodeOption>> {
  return Object.fromEntries(Object.entries(options).map(([key, option]) => [key, { ...option, group: name }]));
}

function onOff(help: string, traits: Traits = {}): NodeOption {
  return { kind: 'switch', placeholder: SWITCH, help, completion: ['0', '1'], ...traits };
}

function one(placeholder: string, help: string, traits: Traits = {}): NodeOption {
  return { kind: 'text', placeholder, help, completion: 'nothing', ...traits };
}

function many(placeholder: string, help: string, traits: Traits = {}): NodeOption {
  return { kind: 'texts', placeholder, help: `${help}; may be repeated`, completion: 'nothing', ...traits };
}

function count(placeholder: string, help: string, traits: Traits = {}): NodeOption {
  return { kind: 'count', placeholder, help, completion: 'nothing', ...traits };
}

const PER_CHAIN = { isPerChain: true } as const;
const SECRET = { isSecret: true } as const;

const fileCompletion = (completion: Completion): Traits => ({ completion });

/** The names of chains. Core's `test` is accepted for testnet3 as well. */
export const CHAIN_NAMES: readonly string[] = Object.keys(CHAIN_PARAMS);

/** Every option by its name, in the order of the help. */
export const NODE_OPTIONS: Readonly<Record<string, NodeOption>> = {
  ...group('running', {
    json: { ...onOff('prints events as lines of JSON in place of the table'), placeholder: undefined },
    for: count('SECONDS', 'ends after this time; otherwise at Ctrl-C'),
    dashboard: {
      ...onOff('serves a live page about this node behind the credentials of the RPC server, which it starts'),
      placeholder: undefined,
    },
    'ignore-chain-options': {
      ...onOff('ignores options about a chain, a mempool or a wallet, with a warning; otherwise they are refused'),
      placeholder: undefined,
    },
  }),
  ...group('chain', {
    chain: one('NAME', `the chain: ${CHAIN_NAMES.join(', ')}; main with a configuration file, otherwise regtest`, {
      completion: CHAIN_NAMES,
    }),
    network: one('NAME', 'as --chain', { completion: CHAIN_NAMES }),
    regtest: onOff('the chain of regression tests'),
    signet: onOff('the default signet'),
    testnet: onOff('testnet3'),
    testnet4: onOff('testnet4'),
  }),
  ...group('files', {
    conf: one(
      'FILE',
      'configuration file; relative to --datadir. Default: bitcoin.conf there, if there is one',
      fileCompletion('file'),
    ),
    includeconf: many('FILE', 'in a configuration file: another to read'),
    datadir: one(
      'FOLDER',
      'remembers addresses, anchors and bans there; without --connect, dials from what it knows',
      fileCompletion('folder'),
    ),
    allowignoredconf: onOff('accepts a second bitcoin.conf in the data folder that is not used'),
    asmap: one('FILE', 'groups addresses by this map of autonomous systems, not by ranges', fileCompletion('file')),
    pid: one('FILE', 'writes the id of the process there; relative to the folder of the chain', fileCompletion('file')),
    capturemessages: {
      ...one(
        'FOLDER',
        'writes every message there, a folder for each peer and a file for each direction; 1 for message_capture in the folder of the chain',
      ),
      kind: 'switchOrText',
      completion: 'folder',
    },
  }),
  ...group('listening', {
    listen: {
      ...one(
        'ADDRESS',
        'address:port to accept connections at; port 0 takes any. 0 accepts none, 1 uses --bind and --port',
      ),
      kind: 'switchOrText',
    },
    bind: many(
      `${HOST_PORT}[=onion]`,
      'accepts connections there; =onion marks the address of an onion service',
      PER_CHAIN,
    ),
    whitebind: many('[PERMISSIONS@]ADDRESS:PORT', 'accepts connections there, with permissions'),
    port: count('PORT', "port of what is given without one; the chain's by default", PER_CHAIN),
    discover: onOff('learns its own addresses'),
    externalip: many('ADDRESS', 'own address to announce'),
    listenonion: onOff("offers an onion service through Tor's control port; 1 with --torcontrol, otherwise 0"),
    torcontrol: one(
      'ADDRESS',
      "Tor's control port (address or name, 9051 by default). Offers an onion service, and dials onion addresses through that Tor unless --proxy or --onion leads to them; the key is kept in --datadir. Listens on loopback unless told where",
    ),
    torpassword: one('WORD', 'password of the control port; a cookie file is found automatically', SECRET),
    i2pacceptincoming: onOff('accepts connections over I2P; 1 by default'),
  }),
  ...group('dialing', {
    connect: many(
      'ADDRESS',
      'peer to connect to, and no other; 0 for none. Without one, and without --datadir and --torcontrol, a second node is started here and dialed',
      PER_CHAIN,
    ),
    addnode: many('ADDRESS', 'peer to stay connected to, besides others', PER_CHAIN),
    seednode: many('ADDRESS', 'peer to ask for addresses once'),
    dns: onOff('looks up names; 1 by default'),
    dnsseed: onOff('asks DNS seeds for addresses'),
    forcednsseed: onOff('asks DNS seeds at every start'),
    fixedseeds: onOff('falls back on the built-in list of nodes; 1 by default'),
    onlynet: many('NET', 'dials only addresses of ipv4, ipv6, onion, i2p, cjdns'),
    proxy: many(
      'ADDRESS[=NET]',
      'SOCKS5 proxy, address or name with or without port, or unix:/path, for every network or for ipv4, ipv6, onion, cjdns; later ones override; 0[=NET] removes one. Local addresses are dialed directly',
    ),
    onion: one('ADDRESS', 'SOCKS5 proxy for onion addresses; 0 for none'),
    proxyrandomize: onOff('uses separate Tor circuits for connections through a proxy; 1 by default'),
    i2psam: one(HOST_PORT, 'the SAM bridge of an I2P router, port 7656 by default'),
    cjdnsreachable: onOff('this host has a CJDNS address'),
    timeout: count('MS', 'milliseconds that a connect may take; 5000 by default'),
    networkactive: onOff('starts with the network active; 1 by default'),
  }),
  ...group('peers', {
    maxconnections: count('COUNT', 'inbound and automatic outbound connections; 125 by default'),
    maxreceivebuffer: count('KB', 'thousands of bytes per peer that may wait for processing; 5000 by default'),
    maxsendbuffer: count('KB', 'thousands of bytes per peer that may wait for sending; 1000 by default'),
    maxuploadtarget: one(
      'SIZE',
      'most to upload in 24 h, with k, m, g, t (powers of 1000) or K, M, G, T (of 1024), M by default',
    ),
    peertimeout: count(
      'SECONDS',
      'how long a new connection is exempt from timeouts, handshake included; 60 by default',
    ),
    bantime: count('SECONDS', 'default duration of a ban; a day'),
    whitelist: many('[PERMISSIONS@]SUBNET', 'grants permissions to peers that connect from there'),
    whitelistrelay: onOff('default permissions include relay; 1 by default'),
    whitelistforcerelay: onOff('default permissions include forcerelay'),
    v2transport: onOff('encrypted connections (BIP 324); 1 by default'),
    blocksonly: onOff('tells peers to send no transactions; 1 by default, since there is no mempool'),
    peerbloomfilters: onOff('offers bloom filters (BIP 37)'),
    txreconciliation: onOff('negotiates reconciliation of transactions (BIP 330)'),
    privatebroadcast: onOff('sends own transactions over separate Tor or I2P connections'),
    minrelaytxfee: one('BTC', 'lowest fee rate that peers are asked for, in BTC per 1,000 virtual bytes'),
    uacomment: many('TEXT', 'comment in the user agent'),
  }),
  ...group('RPC server', {
    server: onOff('answers JSON-RPC as Bitcoin Core does; 1 with a configuration file'),
    rpc: { ...onOff('as --server'), placeholder: undefined },
    rpcport: count('PORT', "port of the RPC server; the chain's by default, and 0 takes any", PER_CHAIN),
    rpcbind: many(HOST_PORT, 'listens there, if --rpcallowip is given as well', PER_CHAIN),
    rpcallowip: many('SUBNET', 'who may connect besides this machine'),
    rpcuser: one('NAME', 'user of --rpcpassword', SECRET),
    rpcpassword: one('WORD', 'password in place of the cookie file', SECRET),
    rpcauth: many('USER:SALT$HASH', "credentials, as Bitcoin Core's rpcauth.py makes them", SECRET),
    rpccookiefile: one(
      'FILE',
      'where the cookie is written; .cookie in the folder of the chain by default',
      fileCompletion('file'),
    ),
    rpccookieperms: one('WHO', 'who may read the cookie: owner, group or all', {
      completion: ['owner', 'group', 'all'],
    }),
    rpcwhitelist: many('USER:METHODS', 'methods that a user may call'),
    rpcwhitelistdefault: onOff('users without a list may call nothing; 1 with any --rpcwhitelist'),
    rpcthreads: count('COUNT', 'concurrent calls; 16 by default'),
    rpcworkqueue: count('COUNT', 'waiting calls; 64 by default'),
    rpcservertimeout: count('SECONDS', 'idle time after which a connection is closed; 30 by default'),
  }),
  ...group('logs and tests', {
    debug: {
      ...many('CATEGORY', 'logs this category, or all if none is named; 0 or none drops earlier ones'),
      kind: 'texts',
    },
    debugexclude: many('CATEGORY', 'leaves out a category'),
    debuglogfile: one(
      'FILE',
      'the log; debug.log in the folder of the chain. Written with a configuration file or --debug=…',
      fileCompletion('file'),
    ),
    loglevel: many('LEVEL|CATEGORY:LEVEL', 'lowest level of categories: trace, debug or info; debug by default'),
    loglevelalways: onOff('shows category and level on every line'),
    logips: onOff('shows addresses in lines about peers'),
    logtimestamps: onOff('begins lines with the time; 1 by default'),
    logtimemicros: onOff('logs times with microseconds'),
    printtoconsole: onOff('prints the log in place of the table'),
    shrinkdebugfile: onOff('cuts a large log at the start; 1 unless there is --debug'),
    checkaddrman: count('COUNT', 'checks the address book once every so many changes'),
    mocktime: count('SECONDS', 'sets the clock, in seconds since 1970 (regtest only)'),
    test: many('NAME', 'addrman: an address book with a fixed key (regtest only)'),
  }),
};

/** The option of a name, with its name in the table. Dashes inside names do not matter. */
export function findNodeOption(name: string): readonly [name: string, option: NodeOption] | undefined {
  const found = BY_PLAIN_NAME.get(name.replaceAll('-', ''));
  return found === undefined ? undefined : [SAME_AS[found] ?? found, NODE_OPTIONS[SAME_AS[found] ?? found]!];
}

/** Our names for options of Core. */
const SAME_AS: Readonly<Record<string, string>> = { network: 'chain', rpc: 'server' };

const BY_PLAIN_NAME: ReadonlyMap<string, string> = new Map(
  Object.keys(NODE_OPTIONS).map((name) => [name.replaceAll('-', ''), name]),
);
