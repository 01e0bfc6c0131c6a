// Arguments of `connectAndMakeNodeId`: their checks and normal form.

import type { Service } from '../../netaddr/service.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { toService } from '../arguments.ts';
import { MAX_TIMEOUT_MS, boolean, integer } from '../options.ts';
import type { StepListener } from './dial-socket.ts';
import { checkCredentials } from './socks5.ts';
import type { ProxyCredentials } from './stream-isolation.ts';
import { isAbortSignal } from '../../util/time/when-aborted.ts';

/** A destination by name, for a proxy to resolve: the name is never looked up on this machine. */
export interface NamedTarget {
  /** 1 to 255 bytes; IPv6 text without brackets. With anything else the dial fails before it uses the network. */
  host: string;
  port: number;
}

/** Where to dial: an address, its text, or a name for the proxy to resolve. */
export type ConnectTarget = Service | string | NamedTarget;

/** A SOCKS5 proxy (RFC 1928), or for I2P addresses the SAM bridge of a router (I2P "SAM V3", version 3.1). */
export interface Proxy {
  /** TCP or Unix-domain address of the proxy. */
  endpoint: Service | string;
  /** SOCKS5: fresh random credentials for each connection, so that Tor gives each a circuit of its own. */
  streamIsolation?: boolean;
  /** SOCKS5: user name and password (RFC 1929 section 2). Not together with `streamIsolation`. */
  credentials?: ProxyCredentials;
  /** SAM: more options of a transient session, such as `inbound.length=0` in a private test network. */
  sessionOptions?: string;
}

/** Options of `connectAndMakeNodeId`. */
export interface ConnectOptions {
  /** A connection that a user asked for: log a failure to connect at info instead of debug. */
  isImportant?: boolean;
  /**
   * The proxy to dial through: its address, or its settings. I2P: while we listen, a dial leaves from our listening address,
   * unless this names another bridge or other tunnels.
   */
  proxy?: Proxy | Service | string;
  /**
   * I2P: use a session of its own even when a persistent one exists, so that the peer does not learn our address. Without
   * `proxy` it uses the bridge and the options of the persistent one.
   */
  forceTransientI2P?: boolean;
  /** Our end: an address of this machine. Port 0 takes any free port; for I2P it must be 0, since two sockets are opened. */
  localAddress?: Service | string;
  /** Ends the attempt, at any stage. */
  signal?: AbortSignal;
  /**
   * Milliseconds until the peer, or the proxy in front of it, must have accepted the connection; default: the option
   * `connectTimeoutMs`. The time for each answer of a proxy is fixed: 20 s (SOCKS5), 180 s (SAM). `signal` limits the whole
   * dial.
   */
  timeoutMs?: number;
  /** Called with the name of each step as it begins, for diagnosis. */
  onStep?: StepListener;
}

const CONNECT_OPTION_NAMES: Readonly<Record<keyof ConnectOptions, true>> = {
  isImportant: true,
  proxy: true,
  forceTransientI2P: true,
  localAddress: true,
  signal: true,
  timeoutMs: true,
  onStep: true,
};

const PROXY_NAMES: Readonly<Record<keyof Proxy, true>> = {
  endpoint: true,
  streamIsolation: true,
  credentials: true,
  sessionOptions: true,
};

/** A proxy, checked. */
export interface ProxyRequest {
  readonly endpoint: Service;
  readonly streamIsolation: boolean;
  readonly credentials: ProxyCredentials | undefined;
  readonly sessionOptions: string | undefined;
}

/** The arguments of a dial, checked. */
export interface DialRequest {
  readonly to: Service | NamedTarget;
  readonly proxy: ProxyRequest | undefined;
  readonly forceTransientI2P: boolean;
  readonly isImportant: boolean;
  readonly localAddress: Service | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly onStep: StepListener | undefined;
}

/**
 * Checks the arguments of a dial.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the argument.
 */
export function toDialRequest(to: ConnectTarget, options: ConnectOptions, connectTimeoutMs: number): DialRequest {
  if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
  checkOptionNames('', options, CONNECT_OPTION_NAMES);
  const { proxy, localAddress, signal, onStep } = options;
  if (signal !== undefined && !isAbortSignal(signal)) throw invalidArg('signal', 'an AbortSignal', signal);
  if (onStep !== undefined && typeof onStep !== 'function') throw invalidArg('onStep', 'a function', onStep);
  const target = isNamed(to) ? toNamedTarget(to) : toService('to', to);
  if (isNamed(target) && proxy === undefined)
    throw invalidArg('proxy', 'a proxy, since `to` is a name, and names are never looked up here', proxy);
  if (!isNamed(target) && target.unixPath !== undefined && proxy !== undefined) {
    throw invalidArg('to', 'an address that a proxy can connect to', target);
  }
  return {
    to: target,
    proxy: proxy === undefined ? undefined : toProxyRequest(proxy),
    forceTransientI2P: boolean('forceTransientI2P', options.forceTransientI2P, false),
    isImportant: boolean('isImportant', options.isImportant, false),
    localAddress: localAddress === undefined ? undefined : toService('localAddress', localAddress),
    signal,
    timeoutMs: integer('timeoutMs', options.timeoutMs, connectTimeoutMs, 1, MAX_TIMEOUT_MS),
    onStep,
  };
}

/** Whether a target is a name and a port instead of an address. */
export function isNamed(to: ConnectTarget): to is NamedTarget {
  return typeof to === 'object' && to !== null && 'host' in to;
}

function toNamedTarget({ host, port }: NamedTarget): NamedTarget {
  if (typeof host !== 'string') throw invalidArg('to.host', 'a string', host);
  if (typeof port !== 'number') throw invalidArg('to.port', 'a number', port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw outOfRange('to.port', '0 to 65535', port);
  return { host, port };
}

function toProxyRequest(proxy: Proxy | Service | string): ProxyRequest {
  const given: Proxy = typeof proxy === 'object' && proxy !== null && 'endpoint' in proxy ? proxy : { endpoint: proxy };
  if (given === proxy) checkOptionNames('proxy', proxy, PROXY_NAMES);
  const { sessionOptions } = given;
  const streamIsolation = boolean('proxy.streamIsolation', given.streamIsolation, false);
  const credentials = given.credentials === undefined ? undefined : toCredentials(given.credentials);
  if (credentials !== undefined && streamIsolation) {
    throw invalidArg('proxy', 'credentials or streamIsolation', 'both');
  }
  if (sessionOptions !== undefined) checkSessionOptions('proxy.sessionOptions', sessionOptions);
  return { endpoint: toService('proxy', given.endpoint), streamIsolation, credentials, sessionOptions };
}

/** A copy: by the time they are sent, the caller may have changed the object. */
function toCredentials(credentials: ProxyCredentials): ProxyCredentials {
  if (typeof credentials !== 'object' || credentials === null) {
    throw invalidArg('proxy.credentials', 'an object', typeof credentials);
  }
  const { username, password } = credentials;
  checkCredentials({ username, password });
  return { username, password };
}

/** Options that are appended to SESSION CREATE: one line of printable ASCII, so that they cannot become a second request. */
export function checkSessionOptions(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string' || !/^[\x20-\x7e]*$/.test(value)) throw invalidArg(name, 'one line of ASCII', value);
}
