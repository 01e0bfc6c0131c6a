// The options of `sockman node`: Bitcoin Core's, under Core's names, and a few of our own.
//
// One table for the command line, configuration files, the help and the completions. Dashes inside a name do not count
// (`--tor-control` is `-torcontrol`). What Core has and this node has not is in `absent-options.ts`.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { Completion, OptionHelp } from '../options.ts';

/**
 * What an option takes: `switch` 0 or 1, where nothing is 1; `text` one value; `texts` a value each time; `count` a whole
 * number; `switchOrText` either.
 */
export type OptionKind = 'switch' | 'text' | 'texts' | 'count' | 'switchOrText';

/** One option. */
export interface NodeOption extends OptionHelp {
  readonly kind: OptionKind;
  /** Before any section of a file it counts for the main chain only. (Core, NETWORK_ONLY) */
  readonly isPerChain?: true;
  /** Its value is not shown. */
  readonly isSecret?: true;
}

/** What distinguishes an option besides kind and help. */
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

/** The names of chains. Core's `test` is taken for testnet3 as well. */
export const CHAIN_NAMES: readonly string[] = Object.keys(CHAIN_PARAMS);

/** Every option by its name, in the order of the help. */
export const NODE_OPTIONS: Readonly<Record<string, NodeOption>> = {
  ...group('running', {
    json: { ...onOff('prints what happens as lines of JSON in place of the table'), placeholder: undefined },
    for: count('SECONDS', 'ends by itself; otherwise Ctrl-C does'),
    dashboard: {
      ...onOff('serves a live page about this node, behind the credentials of the RPC server, and starts that'),
      placeholder: undefined,
    },
    'ignore-chain-options': {
      ...onOff('passes over what concerns a chain, a mempool or a wallet, and says so, where it would be refused'),
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
    allowignoredconf: onOff('a bitcoin.conf in the data folder that is not the one used is no error'),
    asmap: one(
      'FILE',
      'tells networks apart by this map of autonomous systems, not by ranges of addresses',
      fileCompletion('file'),
    ),
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
        'address:port to accept connections at; port 0 takes any. 0 for nowhere, 1 for --bind and --port',
      ),
      kind: 'switchOrText',
    },
    bind: many(
      `${HOST_PORT}[=onion]`,
      'accepts connections there; =onion marks where an onion service delivers',
      PER_CHAIN,
    ),
    whitebind: many('[PERMISSIONS@]ADDRESS:PORT', 'accepts connections there and gives them permissions'),
    port: count('PORT', "port of what is given without one; the chain's by default", PER_CHAIN),
    discover: onOff('learns our own addresses'),
    externalip: many('ADDRESS', 'an address of ours'),
    listenonion: onOff("offers an onion service through Tor's control port; 1 with --torcontrol, otherwise 0"),
    torcontrol: one(
      'ADDRESS',
      "Tor's control port (address or name, 9051 by default). Offers an onion service, and dials onion addresses through that Tor unless --proxy or --onion leads to them; the key is kept in --datadir. Listens on loopback unless told where",
    ),
    torpassword: one('WORD', 'for a control port that wants one; its cookie file is found by itself', SECRET),
    i2pacceptincoming: onOff('accepts connections over I2P; 1 by default'),
  }),
  ...group('dialing', {
    connect: many(
      'ADDRESS',
      'peer to connect to, and no other; 0 for none. Without one, and without --datadir and --torcontrol, a second node is started here and dialed',
      PER_CHAIN,
    ),
    addnode: many('ADDRESS', 'peer to keep a connection to, beside others', PER_CHAIN),
    seednode: many('ADDRESS', 'peer to ask for addresses once'),
    dns: onOff('looks up names; 1 by default'),
    dnsseed: onOff('asks DNS seeds for addresses'),
    forcednsseed: onOff('asks DNS seeds at every start'),
    fixedseeds: onOff('falls back on the built-in list of nodes; 1 by default'),
    onlynet: many('NET', 'dials only addresses of ipv4, ipv6, onion, i2p, cjdns'),
    proxy: many(
      'ADDRESS[=NET]',
      'SOCKS5 proxy, address or name with or without port, or unix:/path, for every network or for ipv4, ipv6, onion, cjdns; later ones override; 0[=NET] takes away. Local addresses need none',
    ),
    onion: one('ADDRESS', 'SOCKS5 proxy for onion addresses; 0 for none'),
    proxyrandomize: onOff('a circuit of its own for each connection through a proxy; 1 by default'),
    i2psam: one(HOST_PORT, 'the SAM bridge of an I2P router, port 7656 by default'),
    cjdnsreachable: onOff('this host has a CJDNS address'),
    timeout: count('MS', 'milliseconds that a connect may take; 5000 by default'),
    networkactive: onOff('whether there may be connections at first; 1 by default'),
  }),
  ...group('peers', {
    maxconnections: count('COUNT', 'inbound and automatic outbound connections; 125 by default'),
    maxreceivebuffer: count('KB', 'thousands of bytes that may wait for processing, of a peer; 5000 by default'),
    maxsendbuffer: count('KB', 'thousands of bytes that may wait for sending, of a peer; 1000 by default'),
    maxuploadtarget: one(
      'SIZE',
      'most to upload in 24 h, with k, m, g, t (powers of 1000) or K, M, G, T (of 1024), M by default',
    ),
    peertimeout: count('SECONDS', 'before a connection is held to timeouts, handshake included; 60 by default'),
    bantime: count('SECONDS', 'how long a ban lasts by default; a day'),
    whitelist: many('[PERMISSIONS@]SUBNET', 'gives those who connect from there permissions'),
    whitelistrelay: onOff('relay is among the permissions where none are named; 1 by default'),
    whitelistforcerelay: onOff('forcerelay is among the permissions where none are named'),
    v2transport: onOff('encrypted connections (BIP 324); 1 by default'),
    blocksonly: onOff('tells peers to send no transactions; 1 by default, since there is no mempool'),
    peerbloomfilters: onOff('offers bloom filters (BIP 37)'),
    txreconciliation: onOff('negotiates reconciliation of transactions (BIP 330)'),
    privatebroadcast: onOff('hands own transactions over through Tor or I2P connections of their own'),
    minrelaytxfee: one('BTC', 'lowest fee rate that peers are asked for, in BTC per 1,000 virtual bytes'),
    uacomment: many('TEXT', 'put into the user agent'),
  }),
  ...group('RPC server', {
    server: onOff('answers JSON-RPC as Bitcoin Core does; 1 with a configuration file'),
    rpc: { ...onOff('as --server'), placeholder: undefined },
    rpcport: count('PORT', "port of the RPC server; the chain's by default, and 0 takes any", PER_CHAIN),
    rpcbind: many(HOST_PORT, 'listens there, if --rpcallowip is given too', PER_CHAIN),
    rpcallowip: many('SUBNET', 'who may connect besides this machine'),
    rpcuser: one('NAME', 'user of --rpcpassword', SECRET),
    rpcpassword: one('WORD', 'password, in place of the cookie file', SECRET),
    rpcauth: many('USER:SALT$HASH', "credentials, as Bitcoin Core's rpcauth.py makes them", SECRET),
    rpccookiefile: one(
      'FILE',
      'where the cookie is written; .cookie in the folder of the chain by default',
      fileCompletion('file'),
    ),
    rpccookieperms: one('WHO', 'who may read the cookie: owner, group or all', {
      completion: ['owner', 'group', 'all'],
    }),
    rpcwhitelist: many('USER:METHODS', 'the methods that a user may call'),
    rpcwhitelistdefault: onOff('users without a list may call nothing; 1 with any --rpcwhitelist'),
    rpcthreads: count('COUNT', 'calls that run at a time; 16 by default'),
    rpcworkqueue: count('COUNT', 'calls that wait; 64 by default'),
    rpcservertimeout: count('SECONDS', 'idle time after which a connection is closed; 30 by default'),
  }),
  ...group('logs and tests', {
    debug: {
      ...many('CATEGORY', 'writes lines of this category to the log, all without one; 0 or none drops earlier ones'),
      kind: 'texts',
    },
    debugexclude: many('CATEGORY', 'leaves out a category'),
    debuglogfile: one(
      'FILE',
      'the log; debug.log in the folder of the chain. Written with a configuration file or --debug=…',
      fileCompletion('file'),
    ),
    loglevel: many('LEVEL|CATEGORY:LEVEL', 'lowest level of categories: trace, debug or info; debug by default'),
    loglevelalways: onOff('names category and level on every line'),
    logips: onOff('lines about a peer name its address'),
    logtimestamps: onOff('lines begin with the time; 1 by default'),
    logtimemicros: onOff('times have microseconds'),
    printtoconsole: onOff('prints the log in place of the table'),
    shrinkdebugfile: onOff('cuts a large log at the start; 1 unless there is --debug'),
    checkaddrman: count('COUNT', 'checks the address book once in so many changes'),
    mocktime: count('SECONDS', 'sets the clock, in seconds since 1970 (regtest only)'),
    test: many('NAME', 'addrman: an address book with a fixed key (regtest only)'),
  }),
};

/** The option that a name means, with its name in the table. Dashes inside names do not count. */
export function findNodeOption(name: string): readonly [name: string, option: NodeOption] | undefined {
  const found = BY_PLAIN_NAME.get(name.replaceAll('-', ''));
  return found === undefined ? undefined : [SAME_AS[found] ?? found, NODE_OPTIONS[SAME_AS[found] ?? found]!];
}

/** Names of ours for what Core has another name for. */
const SAME_AS: Readonly<Record<string, string>> = { network: 'chain', rpc: 'server' };

const BY_PLAIN_NAME: ReadonlyMap<string, string> = new Map(
  Object.keys(NODE_OPTIONS).map((name) => [name.replaceAll('-', ''), name]),
);
