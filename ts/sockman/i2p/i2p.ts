// I2P for one `SockMan`: the persistent session that listens, and the transient sessions for dials without it.

import type { Service } from '../../netaddr/service.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { checkPath } from '../../util/private-file.ts';
import { toService } from '../arguments.ts';
import { checkSessionOptions } from '../dial/connect-options.ts';
import type { DialRequest } from '../dial/connect-options.ts';
import type { Attempt, DialSocket } from '../dial/dial-socket.ts';
import type { I2PConnection, I2PDialing } from '../dial/dialer.ts';
import { dialFailure } from '../dial/failure.ts';
import { I2PListener } from './i2p-listener.ts';
import { I2P_SAM31_PORT, SamSession } from './sam-session.ts';
import type { SessionContext, SessionOptions } from './sam-session.ts';

/** Most transient sessions kept for later after their connect failed: each took the router minutes. (Bitcoin Core src/net.h.) */
export const MAX_UNUSED_I2P_SESSIONS = 10;

/** How to listen for I2P peers. */
export interface I2PListenOptions {
  /** The SAM bridge of the router, usually `127.0.0.1:7656`. */
  sam: Service | string;
  /** File of our private key, which gives our address. Created with owner-only permissions if it is missing. */
  privateKeyFile: string;
  /** Further options of the session, such as `inbound.length=0 outbound.length=0` in a private test network. */
  sessionOptions?: string;
}

const LISTEN_OPTION_NAMES: Readonly<Record<keyof I2PListenOptions, true>> = {
  sam: true,
  privateKeyFile: true,
  sessionOptions: true,
};

/**
 * Checks the options for listening.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, naming the option.
 */
export function checkI2PListenOptions(options: I2PListenOptions): SessionOptions {
  if (typeof options !== 'object' || options === null) throw invalidArg('i2p', 'an object', options);
  checkOptionNames('i2p', options, LISTEN_OPTION_NAMES);
  const { sam, privateKeyFile, sessionOptions } = options;
  checkPath('i2p.privateKeyFile', privateKeyFile);
  if (sessionOptions !== undefined) checkSessionOptions('i2p.sessionOptions', sessionOptions);
  return { bridge: toService('i2p.sam', sam), privateKeyFile, sessionOptions };
}

export class I2P implements I2PDialing {
  readonly #context: SessionContext;
  /** How we listen; dials without a bridge of their own use the same settings. */
  #listening: SessionOptions | undefined;
  #persistent: SamSession | undefined;
  #listener: I2PListener | undefined;
  /** Every transient session that exists, in use or not. */
  readonly #transient = new Set<SamSession>();
  /** Transient sessions whose connect failed, oldest first. */
  readonly #unused: SamSession[] = [];

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Starts to listen, with a persistent session. Once. */
  listen(options: SessionOptions): void {
    this.#listening = options;
    this.#persistent = new SamSession(this.#context, options);
    this.#listener = new I2PListener(this.#context, this.#persistent);
    this.#listener.start();
  }

  /** Uses the persistent session if there is one that the request allows. @see I2PDialing.connect */
  async connect(to: Service, request: DialRequest, socket: DialSocket): Promise<Attempt<I2PConnection>> {
    // SAM 3.1 cannot address ports, though addresses with other ports are gossiped.
    if (to.port !== I2P_SAM31_PORT) return { ok: false, failure: dialFailure('i2p-port-not-zero') };
    if (this.#goesWithListening(request)) {
      const connected = await this.#persistent!.connect(socket, to.address, request);
      return connected.ok ? { ok: true, value: { me: connected.value, whenClosed: undefined } } : connected;
    }
    const { proxy } = request;
    const way =
      proxy === undefined ? this.#listening : { bridge: proxy.endpoint, sessionOptions: proxy.sessionOptions };
    if (way === undefined) return { ok: false, failure: dialFailure('network-unsupported') };
    const session = this.#takeTransient(way);
    const connected = await session.connect(socket, to.address, request);
    if (connected.ok) return { ok: true, value: { me: connected.value, whenClosed: () => this.#drop(session) } };
    this.#keepForLater(session);
    return connected;
  }

  /** A dial that names another bridge or other tunnels does not leave from our listening address. */
  #goesWithListening({ proxy, forceTransientI2P }: DialRequest): boolean {
    if (this.#listening === undefined || forceTransientI2P) return false;
    const { bridge, sessionOptions } = this.#listening;
    if (proxy === undefined) return true;
    return bridge.equals(proxy.endpoint) && (proxy.sessionOptions ?? sessionOptions) === sessionOptions;
  }

  /** Ends listening and every session. */
  close(): void {
    this.#listener?.stop();
    this.#persistent?.close();
    for (const session of [...this.#transient]) this.#drop(session);
    this.#unused.length = 0;
  }

  /** The oldest unused session with the same settings, or a new one. */
  #takeTransient(way: Omit<SessionOptions, 'privateKeyFile'>): SamSession {
    const at = this.#unused.findIndex((unused) => unused.isMadeAs(way));
    if (at !== -1) return this.#unused.splice(at, 1)[0]!;
    const session = new SamSession(this.#context, { ...way, privateKeyFile: undefined });
    this.#transient.add(session);
    return session;
  }

  /** The destination failed, not the session: the next connect can use it at once. */
  #keepForLater(session: SamSession): void {
    if (!this.#transient.has(session)) return;
    if (this.#unused.length < MAX_UNUSED_I2P_SESSIONS) this.#unused.push(session);
    else this.#drop(session);
  }

  #drop(session: SamSession): void {
    this.#transient.delete(session);
    session.close();
  }
}
