// Turns settings into the RPC server's options of `HttpServer` and `RpcAuth`.

import { randomBytes } from 'node:crypto';
import { isAbsolute, join, resolve } from 'node:path';

import { readEndpoints } from '../../http/endpoints.ts';
import type { HttpServerOptions } from '../../http/options.ts';
import type { CookieReaders } from '../../http/rpc/auth/cookie-file.ts';
import type { RpcAuthOptions } from '../../http/rpc/auth/rpc-auth.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import type { Settings } from '../config/settings.ts';
import { StartError } from '../start-error.ts';

/** Default name of the cookie, in the chain's folder. */
const COOKIE_FILE = '.cookie';

/** Longest idle time that an `HttpServer` accepts, in seconds: longer ones make no difference. */
const MAX_IDLE_SECONDS = 86_400;

/** Most calls that may run or wait. */
const MAX_CALLS = 65_535;

/** The user and the random bytes of a generated password, used if there is no folder for a cookie. */
const SHOWN_USER = '__cookie__';
const SHOWN_PASSWORD_BYTES = 32;

/** The options of an RPC server. */
export interface RpcSettings {
  readonly http: Required<Pick<HttpServerOptions, 'bind' | 'allowIp' | 'handlerSlots' | 'workQueueDepth'>> &
    Pick<HttpServerOptions, 'idleTimeoutSeconds'>;
  readonly auth: RpcAuthOptions;
  /** Generated credentials that exist nowhere else: the user must see them. */
  readonly shown: { readonly user: string; readonly password: string } | undefined;
  readonly warnings: readonly string[];
}

/** @throws {StartError} A malformed address or subnet. @throws {UsageError} A malformed number or switch. */
export function rpcSettings(settings: Settings, chain: ChainName, chainDir: string | undefined): RpcSettings {
  const endpoints = readEndpoints({
    rpcBind: settings.texts('rpcbind'),
    rpcAllowIp: settings.texts('rpcallowip'),
    rpcPort: settings.count('rpcport', 0, 65_535) ?? CHAIN_PARAMS[chain].rpcPort,
    cjdnsReachable: settings.switch('cjdnsreachable') ?? false,
  });
  if (!endpoints.ok) throw new StartError(endpoints.errmsg);
  const { bind, allowIp, warnings } = endpoints;
  const idleSeconds = settings.count('rpcservertimeout', -Number.MAX_SAFE_INTEGER);
  return {
    http: {
      bind,
      allowIp,
      handlerSlots: callsOf(settings, 'rpcthreads', 16),
      workQueueDepth: callsOf(settings, 'rpcworkqueue', 64),
      ...(idleSeconds !== undefined && { idleTimeoutSeconds: Math.min(Math.max(0, idleSeconds), MAX_IDLE_SECONDS) }),
    },
    ...authOf(settings, chainDir),
    warnings,
  };
}

/** Core treats everything below 1 as 1. */
function callsOf(settings: Settings, name: string, otherwise: number): number {
  const count = settings.count(name, -Number.MAX_SAFE_INTEGER) ?? otherwise;
  return Math.min(Math.max(1, count), MAX_CALLS);
}

function authOf(settings: Settings, chainDir: string | undefined): Pick<RpcSettings, 'auth' | 'shown'> {
  const password = settings.text('rpcpassword') ?? '';
  const rpcAuth = settings.texts('rpcauth');
  const whitelistDefault = settings.switch('rpcwhitelistdefault');
  const readers = settings.text('rpccookieperms');
  const auth: RpcAuthOptions = {
    rpcAuth,
    whitelist: settings.texts('rpcwhitelist'),
    ...(whitelistDefault !== undefined && { whitelistDefault }),
    // The value is checked where it is used.
    ...(readers !== undefined && { cookieReaders: readers as CookieReaders }),
  };
  if (password !== '') return { auth: { ...auth, user: settings.text('rpcuser') ?? '', password }, shown: undefined };
  if (settings.isNegated('rpccookiefile')) return { auth, shown: undefined };
  const named = settings.text('rpccookiefile') ?? '';
  if (named !== '' || chainDir !== undefined) {
    const name = named === '' ? COOKIE_FILE : named;
    const cookieFile = isAbsolute(name) ? name : chainDir === undefined ? resolve(name) : join(chainDir, name);
    return { auth: { ...auth, cookieFile }, shown: undefined };
  }
  if (rpcAuth.length > 0) return { auth, shown: undefined };
  const shown = { user: SHOWN_USER, password: randomBytes(SHOWN_PASSWORD_BYTES).toString('hex') };
  return { auth: { ...auth, ...shown }, shown };
}
