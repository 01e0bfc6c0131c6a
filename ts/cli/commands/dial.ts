// `sockman dial`: dials one address, directly or through a proxy, and prints each step with its time. For people who wonder
// why their proxy fails.

import { parseArgs } from 'node:util';

import { DEFAULT_SAM_PORT } from '../../connman/reach/network-state.ts';
import { DEFAULT_PROXY_PORT } from '../../connman/settings/proxy-routes.ts';
import { Service } from '../../netaddr/service.ts';
import { splitHostPort } from '../../netaddr/split-host-port.ts';
import { createSockMan } from '../../sockman/create-sock-man.ts';
import type { ConnectOptions, ConnectTarget, Proxy } from '../../sockman/dial/connect-options.ts';
import type { DialResult } from '../../sockman/dial/dialer.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import { UsageError, numberOption } from '../command.ts';
import type { CliIo, Command } from '../command.ts';

/** Longest time for `--timeout`, in seconds: what a host's timer can wait. */
const MAX_TIMEOUT_SECONDS = 2_147_483;

/** Width of the column of times, in characters: more than two hours. */
const TIME_COLUMNS = 10;

const OPTIONS = {
  proxy: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  isolate: { type: 'boolean', default: false },
  'session-options': { type: 'string' },
  timeout: { type: 'string' },
} as const;

/** What the options amount to. */
interface DialArguments {
  readonly to: ConnectTarget;
  readonly options: ConnectOptions;
}

export const dialCommand: Command = {
  summary: 'Dials an address, directly or through a proxy, and prints each step with its time.',
  usage: [
    'usage: sockman dial TARGET [OPTIONS]',
    '  TARGET                   203.0.113.1:8333, [2001:db8::1]:8333, unix:/path; with a proxy also',
    '                           name.example:80, ….onion:8333, ….b32.i2p',
    '  --proxy ADDRESS          SOCKS5 proxy (port 9050 unless said), or the SAM bridge for I2P (7656); unix:/path works',
    '  --user NAME              user name for the proxy, together with --password',
    '  --password WORD',
    '  --isolate                fresh random credentials: Tor gives the connection a circuit of its own',
    '  --session-options TEXT   I2P: more options of SESSION CREATE',
    '  --timeout SECONDS        for reaching the target or the proxy (5); Ctrl-C ends the rest',
    'Ends with 0 if the connection came about, with 1 if not.',
  ],
  run: (args, io) => runDial(args, io, {}),
};

/** Runs the command on any backend. @returns The exit code. */
export async function runDial(args: readonly string[], io: CliIo, sockManOptions: SockManOptions): Promise<number> {
  const { to, options } = readArguments(args);
  const sockMan = createSockMan({ eventGotData() {} }, sockManOptions);
  const startedAt = performance.now();
  const say = (line: string): void => {
    io.print(`${`${(performance.now() - startedAt).toFixed(1)} ms`.padStart(TIME_COLUMNS)}  ${line}`);
  };
  try {
    sockMan.startSocketsThreads();
    const dialed = await sockMan.connectAndMakeNodeId(to, { ...options, signal: io.signal, onStep: say });
    say(describe(dialed));
    return dialed.nodeId === undefined ? 1 : 0;
  } finally {
    await sockMan[Symbol.asyncDispose]();
  }
}

function describe(dialed: DialResult): string {
  if (dialed.nodeId !== undefined) return `connected; our end is ${dialed.me}`;
  const fault = dialed.proxyFailed ? '; the proxy is at fault' : '';
  return `${dialed.errmsg} [${dialed.code}${fault}]`;
}

function readArguments(args: readonly string[]): DialArguments {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) throw new UsageError('expected one address to dial');
  const timeoutSeconds = numberOption('timeout', values.timeout, 0.001, MAX_TIMEOUT_SECONDS);
  const timeout = timeoutSeconds === undefined ? {} : { timeoutMs: Math.ceil(timeoutSeconds * 1_000) };
  if (values.proxy === undefined) {
    for (const name of ['user', 'password', 'session-options'] as const) {
      if (values[name] !== undefined) throw new UsageError(`--${name} needs --proxy`);
    }
    if (values.isolate) throw new UsageError('--isolate needs --proxy');
  }
  const to = readTarget(text, values.proxy !== undefined);
  if (values.proxy === undefined) return { to, options: timeout };
  const isI2P = to instanceof Service && to.address.isI2P();
  return { to, options: { ...timeout, proxy: readProxy(values.proxy, isI2P, values) } };
}

/** An address, or a name that a proxy will resolve. */
function readTarget(text: string, hasProxy: boolean): ConnectTarget {
  const service = Service.tryParse(text);
  if (service !== undefined) return service;
  const { host, port } = splitHostPort(text, -1);
  if (port === -1) throw new UsageError(`'${text}' has no port`);
  if (!hasProxy) throw new UsageError(`'${text}' is a name, which only a proxy can resolve: see --proxy`);
  return { host, port };
}

interface ProxyValues {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly isolate: boolean;
  readonly 'session-options'?: string | undefined;
}

function readProxy(text: string, isSam: boolean, values: ProxyValues): Proxy {
  const endpoint = Service.tryParse(text, isSam ? DEFAULT_SAM_PORT : DEFAULT_PROXY_PORT);
  if (endpoint === undefined) throw new UsageError(`--proxy: expected an address, got '${text}'`);
  const { user: username, password, isolate, 'session-options': sessionOptions } = values;
  const isForSocks5 = username !== undefined || password !== undefined || isolate;
  if (isSam && isForSocks5)
    throw new UsageError('--user, --password and --isolate are for SOCKS5 proxies, not for I2P');
  if (!isSam && sessionOptions !== undefined) throw new UsageError('--session-options are for I2P addresses');
  if ((username === undefined) !== (password === undefined)) throw new UsageError('--user and --password go together');
  if (username !== undefined && isolate) throw new UsageError('--isolate makes its own --user and --password');
  return {
    endpoint,
    streamIsolation: isolate,
    ...(username !== undefined && password !== undefined ? { credentials: { username, password } } : {}),
    ...(sessionOptions === undefined ? {} : { sessionOptions }),
  };
}
