// Our onion service: created through Tor's control port, and created again whenever Tor comes back.
//
// Tor drops the service with the connection that made it, so the connection stays. When it ends it is made anew at once; a
// control port that takes nothing, or hangs up within a second, is tried less and less often.

import { parseNamedEndpoint } from '../netaddr/named-endpoint.ts';
import type { NamedEndpoint } from '../netaddr/named-endpoint.ts';
import { Service } from '../netaddr/service.ts';
import { toService } from '../sockman/arguments.ts';
import { integer } from '../sockman/options.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { Emitter } from '../util/emitter.ts';
import type { ListenerErrorHandler } from '../util/emitter.ts';
import { invalidArg, shown } from '../util/errors/errors.ts';
import { guardedLogger } from '../util/guarded-logger.ts';
import type { Logger } from '../util/logger.ts';
import { checkPath } from '../util/private-file.ts';
import { sleep } from '../util/time/sleep.ts';
import { throwLater } from '../util/errors/throw-later.ts';
import { authenticate, checkTorPassword } from './authenticate.ts';
import type { TorCredentials } from './authenticate.ts';
import { addOnion, socksListener } from './commands.ts';
import { TorControlError } from './failure.ts';
import { readOnionKey, writeOnionKey } from './onion-key-file.ts';
import { TorControl } from './tor-control.ts';
import type { TorControlNetwork } from './tor-control.ts';

/** First pause before another try, in milliseconds; its growth; and its limit. (Bitcoin Core src/torcontrol.cpp) */
const TOR_RETRY_FIRST_MS = 1_000;
const TOR_RETRY_FACTOR = 1.5;
export const TOR_RETRY_MAX_MS = 600_000;

/** Default address of the control port. (src/torcontrol.h, DEFAULT_TOR_CONTROL) */
export const DEFAULT_TOR_CONTROL = '127.0.0.1:9051';

/** Where Tor's control port listens. (src/torcontrol.h, DEFAULT_TOR_CONTROL_PORT) */
const DEFAULT_TOR_CONTROL_PORT = 9_051;

/** The events of an onion service. */
export interface OnionServiceEvents {
  /** The service can be reached at this address; for a while other Tors may not know it yet. */
  online: Service;
  /** The service cannot be reached any more. */
  offline: Service;
  /** Tor's own SOCKS port, told before `online`, and also where no service can be made. Only with `findSocks`. */
  socks: Service;
}

/** Options of an onion service. */
export interface OnionServiceOptions extends TorCredentials {
  /**
   * Address of the control port, default 127.0.0.1:9051. Or its name, `tor` or `tor:9051`, where the network looks names up, as
   * `Connman.controlNetwork` does; looked up anew for every connection.
   */
  control?: Service | string;
  /** The public port. */
  virtualPort: number;
  /** Where Tor delivers connections: a listener of ours. */
  target: Service | string;
  /**
   * File of the private key, which determines the address. Created with owner-only permissions if missing; without a file,
   * the address is new with each run.
   */
  privateKeyFile?: string | undefined;
  /** Ask where Tor's SOCKS port is. Default false. */
  findSocks?: boolean;
  clock?: Clock;
  logger?: Logger;
  /** Gets what a listener of an event or the logger threw. Default: it becomes an uncaught exception. */
  onCallbackError?: ListenerErrorHandler;
}

/**
 * Keeps an onion service alive from `start` to `stop`.
 *
 * @example
 * const onion = new OnionService(sockMan, { virtualPort: 8333, target: '127.0.0.1:8334', privateKeyFile: 'onion_key' });
 * onion.on('online', (service) => console.log(`reachable at ${service}`));
 * onion.start();
 * @see Bitcoin Core src/torcontrol.cpp, TorController
 */
export class OnionService {
  readonly #network: TorControlNetwork;
  readonly #control: Service | NamedEndpoint;
  readonly #virtualPort: number;
  readonly #target: Service;
  readonly #privateKeyFile: string | undefined;
  readonly #findsSocks: boolean;
  readonly #credentials: TorCredentials;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: Emitter<OnionServiceEvents>;
  readonly #stop = new AbortController();
  /** The private key, once it is known. */
  #key: string | undefined;
  #connection: TorControl | undefined;
  #running: Promise<void> | undefined;

  /**
   * Opens nothing yet.
   *
   * @param network - A `SockMan` that is started before this is, and ended after.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` and {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(network: TorControlNetwork, options: OnionServiceOptions) {
    if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
    const { control = DEFAULT_TOR_CONTROL, password, privateKeyFile, virtualPort, randomBytes } = options;
    checkTorPassword('password', password);
    if (privateKeyFile !== undefined) checkPath('privateKeyFile', privateKeyFile);
    if (typeof virtualPort !== 'number') throw invalidArg('virtualPort', 'a number', virtualPort);
    this.#network = network;
    this.#control = controlEndpoint(control, network.looksUpNames === true);
    this.#virtualPort = integer('virtualPort', virtualPort, 0, 1, 65_535);
    this.#target = toService('target', options.target);
    this.#privateKeyFile = privateKeyFile;
    this.#findsSocks = options.findSocks === true;
    this.#credentials = { password, ...(randomBytes && { randomBytes }) };
    this.#clock = options.clock ?? systemClock;
    this.#logger = guardedLogger(options.logger, options.onCallbackError);
    this.#events = new Emitter(options.onCallbackError ?? throwLater);
  }

  /**
   * Calls `listener` for each event of a name.
   * @returns A function that removes the listener.
   */
  on<Name extends keyof OnionServiceEvents>(
    name: Name,
    listener: (value: OnionServiceEvents[Name]) => void,
  ): () => void {
    return this.#events.on(name, listener);
  }

  /** Starts, and goes on until `stop`. Idempotent. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Takes the service down, at whatever stage it is. Resolves when the connection is closed. Idempotent. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let waitMs = TOR_RETRY_FIRST_MS;
    while (!signal.aborted) {
      const startedAtMs = this.#clock.now();
      const error = await this.#serve();
      if (signal.aborted || error.failure === 'interrupted') return;
      this.#logger.debug(`Tor control port ${this.#control}: ${error.message}`);
      // A Tor that kept the connection for a while is tried again at once.
      const wasConnected = error.failure !== 'unreachable';
      if (wasConnected && this.#clock.now() - startedAtMs >= TOR_RETRY_FIRST_MS) waitMs = TOR_RETRY_FIRST_MS;
      else {
        await sleep(this.#clock, waitMs, signal);
        waitMs = Math.min(waitMs * TOR_RETRY_FACTOR, TOR_RETRY_MAX_MS);
      }
    }
  }

  /** One connection, from its beginning to its end. @returns Why it ended. */
  async #serve(): Promise<TorControlError> {
    const { signal } = this.#stop;
    let online: Service | undefined;
    try {
      const control = await TorControl.connect(this.#network, this.#control, { clock: this.#clock, signal });
      this.#connection = control;
      if (signal.aborted) control.close();
      try {
        const service = await this.#offer(control);
        // Stopped while Tor's last answer was on its way: it is ignored.
        if (signal.aborted) return await control.ended;
        online = service;
        this.#logger.info(`onion service at ${online}, delivered to ${this.#target}`);
        this.#events.emit('online', online);
      } catch (error) {
        // The connection may be fine all the same. It is kept, since it shows whether the Tor that refused is still there.
        if (!(error instanceof TorControlError)) throw error;
        this.#logger.warn(`no onion service: ${error.message}`);
      }
      return await control.ended;
    } catch (error) {
      if (error instanceof TorControlError) return error;
      throw error;
    } finally {
      this.#connection?.close();
      if (online !== undefined) this.#events.emit('offline', online);
    }
  }

  async #offer(control: TorControl): Promise<Service> {
    const { version } = await authenticate(control, this.#credentials);
    this.#logger.debug(`Tor ${shown(version ?? '?')} at control port ${this.#control}`);
    // Both are sent without waiting in between; each answer is useful without the other.
    const [socks, onion] = await Promise.allSettled([
      this.#findsSocks ? socksListener(control) : undefined,
      this.#addOnion(control),
    ]);
    if (socks.status === 'fulfilled' && socks.value !== undefined && !this.#stop.signal.aborted) {
      this.#events.emit('socks', socks.value);
    }
    if (onion.status === 'rejected') throw onion.reason;
    return onion.value;
  }

  async #addOnion(control: TorControl): Promise<Service> {
    this.#key ??= this.#privateKeyFile === undefined ? undefined : readOnionKey(this.#privateKeyFile);
    const request = { key: this.#key, virtualPort: this.#virtualPort, target: this.#target };
    const { service, newKey } = await addOnion(control, request);
    if (newKey !== undefined) {
      // Stored before it is announced: an address in use must not be lost.
      if (this.#privateKeyFile !== undefined) writeOnionKey(this.#privateKeyFile, newKey);
      this.#key = newKey;
    }
    return service;
  }
}

/** @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither an address nor, where names are looked up, a name. */
function controlEndpoint(control: Service | string, mayBeName: boolean): Service | NamedEndpoint {
  const isName = mayBeName && typeof control === 'string' && Service.tryParse(control, 0) === undefined;
  const named = isName ? parseNamedEndpoint(control, DEFAULT_TOR_CONTROL_PORT) : undefined;
  return named ?? toService('control', control);
}
