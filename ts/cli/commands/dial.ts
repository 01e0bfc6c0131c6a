// `sockman dial`: dials one address, directly or through a proxy, and prints each step with its time. It shows why a proxy
// fails.

import { DEFAULT_PROXY_PORT, DEFAULT_SAM_PORT } from '../../connman/settings/proxy-routes.ts';
import { Service } from '../../netaddr/service.ts';
import { splitHostPort } from '../../netaddr/text/split-host-port.ts';
import { createSockMan } from '../../sockman/create-sock-man.ts';
import type { ConnectOptions, ConnectTarget, Proxy } from '../../sockman/dial/connect-options.ts';
import type { DialResult } from '../../sockman/dial/dialer.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import type { Command, CommandShape } from '../command.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import * as option from '../option-kinds.ts';
import { UsageError, parseCommandLine } from '../options.ts';
import type { ValuesOf } from '../options.ts';
import { jsonLine } from '../terminal/json-line.ts';

/** Longest time for `--timeout`, in seconds: the limit of a host's timers. */
const MAX_TIMEOUT_SECONDS = 2_147_483;

/** Width of the column of times, in characters: more than two hours. */
const TIME_COLUMNS = 10;

const OPTIONS = {
  proxy: option.text(
    'ADDRESS',
    'SOCKS5 proxy (port 9050 by default), or the SAM bridge for I2P (7656); unix:/path works',
  ),
  user: option.text('NAME', 'user name for the proxy, together with --password'),
  password: option.text('WORD', 'password for the proxy'),
  isolate: option.flag('random credentials: Tor uses a separate circuit'),
  'session-options': option.text('TEXT', 'I2P: more options of SESSION CREATE'),
  json: option.flag('prints lines of JSON: ms and step, the last with connected'),
  timeout: option.number(
    'SECONDS',
    'time to reach the target or the proxy (5); Ctrl-C ends the rest',
    0.001,
    MAX_TIMEOUT_SECONDS,
  ),
};

/** The parsed options. */
interface DialArguments {
  readonly to: ConnectTarget;
  readonly options: ConnectOptions;
}

const SHAPE = {
  options: OPTIONS,
  operands: [
    {
      placeholder: 'TARGET',
      help: '203.0.113.1:8333, [2001:db8::1]:8333, unix:/path; with a proxy also name.example:80, ….onion:8333, ….b32.i2p',
    },
  ],
  examples: [
    ['sockman dial 203.0.113.1:8333', 'whether a port can be reached'],
    ['sockman dial example.org:80 --proxy 127.0.0.1:9050 --isolate', 'through Tor, on a separate circuit'],
  ],
  notes: ['Exits with 0 if the connection succeeded, otherwise with 1.'],
} satisfies CommandShape;

export const command: Command = {
  ...SHAPE,
  check: (args) => void parseCommandLine(SHAPE, args),
  run: (args, io) => runDial(args, io, {}),
};

/** Runs the command on any backend. @returns The exit code. */
export async function runDial(args: readonly string[], io: CliIo, on: SockManOptions): Promise<number> {
  const { values, operands } = parseCommandLine(SHAPE, args);
  const { to, options } = readArguments(operands[0]!, values);
  const sockMan = createSockMan({ eventGotData() {} }, on);
  const startedAt = performance.now();
  const say = (line: string, fields: object = { step: line }): void => {
    const ms = Number((performance.now() - startedAt).toFixed(1));
    io.print(values.json ? jsonLine({ ms, ...fields }) : `${`${ms.toFixed(1)} ms`.padStart(TIME_COLUMNS)}  ${line}`);
  };
  try {
    sockMan.startSocketsThreads();
    const dialed = await sockMan.connectAndMakeNodeId(to, {
      ...options,
      signal: io.signal,
      onStep: (step) => say(step),
    });
    say(describe(dialed), fieldsOf(dialed));
    return dialed.nodeId === undefined ? 1 : 0;
  } finally {
    await sockMan[Symbol.asyncDispose]();
  }
}

function fieldsOf(dialed: DialResult): object {
  if (dialed.nodeId !== undefined) return { connected: true, me: dialed.me };
  const { errmsg, code, proxyFailed } = dialed;
  return { connected: false, errmsg, code, proxyFailed };
}

function describe(dialed: DialResult): string {
  if (dialed.nodeId !== undefined) return `connected; our end is ${dialed.me}`;
  const fault = dialed.proxyFailed ? '; the proxy is at fault' : '';
  return `${dialed.errmsg} [${dialed.code}${fault}]`;
}

/** @throws {UsageError} Contradictory options, or a malformed address. */
function readArguments(target: string, values: ValuesOf<typeof OPTIONS>): DialArguments {
  const { timeout: timeoutSeconds } = values;
  const timeout = timeoutSeconds === undefined ? {} : { timeoutMs: Math.ceil(timeoutSeconds * 1_000) };
  if (values.proxy === undefined) {
    for (const name of ['user', 'password', 'session-options'] as const) {
      if (values[name] !== undefined) throw new UsageError(`--${name} needs --proxy`);
    }
    if (values.isolate) throw new UsageError('--isolate needs --proxy');
  }
  const to = readTarget(target, values.proxy !== undefined);
  if (values.proxy === undefined) return { to, options: timeout };
  const isI2P = to instanceof Service && to.address.isI2P();
  return { to, options: { ...timeout, proxy: readProxy(values.proxy, isI2P, values) } };
}

/** An address, or a name that a proxy will resolve. */
function readTarget(target: string, hasProxy: boolean): ConnectTarget {
  const service = Service.tryParse(target);
  if (service !== undefined) return service;
  const { host, port, isValid } = splitHostPort(target, -1);
  if (!isValid) {
    const given = target.slice(target.lastIndexOf(':') + 1);
    throw new UsageError(`'${target}': expected a port from 1 to 65535, got '${given}'`);
  }
  if (port === -1) throw new UsageError(`'${target}' has no port`);
  if (!hasProxy) throw new UsageError(`'${target}' is a name, which only a proxy can resolve: see --proxy`);
  return { host, port };
}

function readProxy(address: string, isSam: boolean, values: ValuesOf<typeof OPTIONS>): Proxy {
  const endpoint = Service.tryParse(address, isSam ? DEFAULT_SAM_PORT : DEFAULT_PROXY_PORT);
  if (endpoint === undefined) throw new UsageError(`--proxy: expected an address, got '${address}'`);
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
