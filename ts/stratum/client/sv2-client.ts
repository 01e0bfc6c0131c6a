// `Sv2Client`: a client of Stratum V2's template distribution, on `SockMan`.
//
// It dials, does the handshake, verifies the server's certificate against the configured authority, sets the connection up
// and sends its constraints. The server's messages arrive as events. A connection that ends is dialed again, after a growing
// pause, until `stop`. A `Reconnect` of the server is followed, with the same authority; where it leads to no server, the one
// that the user named is dialed again. Names are looked up at each dial.

import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { Service } from '../../netaddr/service.ts';
import { createKeyPair } from '../../p2p/bip324/ellswift.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { SockMan } from '../../sockman/sock-man.ts';
import type { ConnectOptions } from '../../sockman/dial/connect-options.ts';
import { SOCK_MAN_OPTION_NAMES } from '../../sockman/options.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { Emitter } from '../../util/emitter.ts';
import { DecodeError, invalidArg, shown } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import type { Logger } from '../../util/logger.ts';
import type { Sv2Endpoint } from '../authority-key.ts';
import { DEFAULT_MAX_SEND_QUEUE_BYTES, HANDSHAKE_TIMEOUT_MS, SETUP_TIMEOUT_MS } from '../limits.ts';
import { SV2_PROTOCOLS, SV2_VERSION } from '../messages/common.ts';
import { decodeMessage } from '../messages/registry.ts';
import type { Sv2Frame, Sv2Message, Sv2MessageOf } from '../messages/registry.ts';
import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import { DEFAULT_CLOCK_LEEWAY_SECONDS } from '../noise/certificate.ts';
import { Sv2Link, endText } from '../sv2-link.ts';
import { Sv2Transport } from '../sv2-transport.ts';
import { serverAddresses } from './server-addresses.ts';

/** Pause before the first redial, in milliseconds; each further one is twice as long. */
const FIRST_RETRY_MS = 1_000;

/** Longest pause between two dials, in milliseconds. */
const MAX_RETRY_MS = 60_000;

/** Options of an `Sv2Client`; those of `SockMan` (backend, logger …) apply too. */
export interface Sv2ClientOptions extends SockManOptions {
  /** The server, and the key of its authority; see `parseSv2Url`. */
  readonly server: Sv2Endpoint;
  /** Accepts any server; otherwise an endpoint without a key is refused. Default false. */
  readonly insecureNoAuthority?: boolean;
  /** Room for our own outputs. Default: 100 bytes, 4 sigops. */
  readonly constraints?: CoinbaseOutputConstraints;
  /** Allowed difference of the clocks, in seconds. Default 10. */
  readonly clockLeewaySeconds?: number;
  /** How to dial the server: proxy, timeouts. */
  readonly connect?: ConnectOptions;
  /** Our vendor in `SetupConnection`. Default: `sockman`. */
  readonly vendor?: string;
  readonly firmware?: string;
  /** Whether a connection that ends is dialed again. Default true. */
  readonly reconnect?: boolean;
  /** A cryptographic source of bytes. Default: that of `node:crypto`. */
  readonly randomBytes?: RandomBytes;
  /** Time for deadlines, pauses and certificates. Default: the system's. */
  readonly clock?: Clock;
}

const SV2_CLIENT_OPTION_NAMES: Readonly<Record<keyof Sv2ClientOptions, true>> = {
  ...SOCK_MAN_OPTION_NAMES,
  server: true,
  insecureNoAuthority: true,
  constraints: true,
  clockLeewaySeconds: true,
  connect: true,
  vendor: true,
  firmware: true,
  reconnect: true,
  randomBytes: true,
  clock: true,
};

/** The events of an `Sv2Client`. */
export interface Sv2ClientEvents {
  /** The server is authenticated, and accepted us. */
  connected: { readonly address: Service; readonly handshakeHash: Uint8Array | undefined };
  /** The connection ended, or a dial failed. `retryMs`: time to the next dial; undefined if there is none. */
  disconnected: { readonly reason: string; readonly retryMs: number | undefined };
  /** Every message of the server after the set-up. */
  message: Sv2Message;
}

const DEFAULT_CONSTRAINTS: CoinbaseOutputConstraints = {
  coinbaseOutputMaxAdditionalSize: 100,
  coinbaseOutputMaxAdditionalSigops: 4,
};

type Stage = 'handshake' | 'setup' | 'ready';

/** One connection, from its dial to its end. */
interface Session {
  readonly nodeId: number;
  readonly address: Service;
  readonly link: Sv2Link;
  stage: Stage;
}

/**
 * Follows one server.
 *
 * @example
 * const client = new Sv2Client({ server: parseSv2Url('stratum2+tcp://127.0.0.1:8442/9b…') });
 * client.on('message', (message) => console.log(message.name));
 * client.start();
 */
export class Sv2Client extends SockMan {
  readonly #options: Sv2ClientOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #randomBytes: RandomBytes;
  readonly #events: Emitter<Sv2ClientEvents>;
  #endpoint: { host: string; port: number };
  #constraints: CoinbaseOutputConstraints;
  #session: Session | undefined = undefined;
  #timer: Timer | undefined = undefined;
  #retryMs = FIRST_RETRY_MS;
  #isStopped = false;

  /**
   * Opens nothing yet.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: no authority key, and `insecureNoAuthority` is not set.
   */
  constructor(options: Sv2ClientOptions) {
    checkOptionNames('', options, SV2_CLIENT_OPTION_NAMES);
    const { server, insecureNoAuthority, constraints, clockLeewaySeconds, connect, ...rest } = options;
    const { vendor, firmware, reconnect, randomBytes = systemRandomBytes, clock, ...socketOptions } = rest;
    super(socketOptions);
    if (server.authorityX === undefined && insecureNoAuthority !== true) {
      throw invalidArg('server', 'a URL with an authority key (or insecureNoAuthority: true)', server.host);
    }
    this.#options = options;
    this.#clock = clock ?? systemClock;
    this.#logger = guardedLogger(options.logger, options.onCallbackError);
    this.#randomBytes = randomBytes;
    this.#endpoint = { host: server.host, port: server.port };
    this.#constraints = constraints ?? DEFAULT_CONSTRAINTS;
    this.#events = new Emitter((error, name) =>
      this.#logger.warn(`sv2: a listener of ${name} threw: ${String(error)}`),
    );
  }

  /** Adds a listener. @returns A function that removes it. */
  on<Name extends keyof Sv2ClientEvents>(name: Name, listener: (value: Sv2ClientEvents[Name]) => void): () => void {
    return this.#events.on(name, listener);
  }

  /** Starts I/O, and dials. */
  start(): void {
    this.startSocketsThreads({ name: 'sv2-client' });
    void this.#dial();
  }

  /** Sends new constraints, which the server answers with a template. They are kept for later connections. */
  setConstraints(constraints: CoinbaseOutputConstraints): void {
    this.#constraints = { ...constraints };
    this.send({ name: 'CoinbaseOutputConstraints', ...constraints });
  }

  /** Sends a message. @returns False if the server has not accepted us yet. */
  send(message: Sv2Message): boolean {
    const session = this.#session;
    if (session === undefined || session.stage !== 'ready') return false;
    this.#queue(session, message);
    return true;
  }

  /** Ends everything. Once it resolves, no event follows. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this[Symbol.asyncDispose]();
    this.#session = undefined;
  }

  // ---- Callbacks of SockMan -----------------------------------------------------------------------------------------

  override eventNewConnectionAccepted(): boolean {
    return false;
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const session = this.#sessionOf(nodeId);
    if (session === undefined) return;
    const failure = session.link.receive(data, (frame) => {
      this.#noticeHandshake(session);
      this.#take(session, frame);
      return this.#session === session;
    });
    if (failure !== undefined) return this.#end(session, failure);
    this.#noticeHandshake(session);
  }

  override eventReadyToSend(nodeId: number): boolean {
    const session = this.#sessionOf(nodeId);
    if (session !== undefined) this.#flush(session);
    return false;
  }

  override shouldTryToSend(nodeId: number): boolean {
    return this.#sessionOf(nodeId)?.link.isWaiting ?? false;
  }

  override eventGotEOF(nodeId: number): void {
    this.#endNode(nodeId, 'the server closed the connection');
  }

  override eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void {
    this.#endNode(nodeId, endText('server', code, errmsg));
  }

  // ---- Inside -------------------------------------------------------------------------------------------------------

  #sessionOf(nodeId: number): Session | undefined {
    return this.#session?.nodeId === nodeId ? this.#session : undefined;
  }

  async #dial(): Promise<void> {
    const { host, port } = this.#endpoint;
    // A proxy looks names up itself.
    const found = this.#options.connect?.proxy === undefined ? serverAddresses(host, port) : [{ host, port }];
    let failure = `${shown(host)} has no address`;
    for (const target of found instanceof Promise ? await found : found) {
      if (this.#isStopped) return;
      const dialed = await this.connectAndMakeNodeId(target, this.#options.connect);
      if (this.#isStopped) return;
      if (dialed.nodeId !== undefined) return this.#begin(dialed.nodeId);
      failure = dialed.errmsg;
    }
    if (!this.#isStopped) this.#giveUp(failure);
  }

  /** Shakes hands over a connection. */
  #begin(nodeId: number): void {
    const send = (bytes: Uint8Array, willSendMore: boolean) => this.sendBytes(nodeId, bytes, willSendMore);
    const link = new Sv2Link(this.#createTransport(), send, DEFAULT_MAX_SEND_QUEUE_BYTES, () => this.#clock.now());
    const session: Session = { nodeId, address: this.addressesOf(nodeId)!.remote, link, stage: 'handshake' };
    this.#session = session;
    this.#timer = this.deadline(HANDSHAKE_TIMEOUT_MS, () => this.#end(session, 'no answer to the handshake'));
    this.#flush(session);
  }

  #createTransport(): Sv2Transport {
    const { server, clockLeewaySeconds } = this.#options;
    return new Sv2Transport({
      role: 'initiator',
      ephemeral: createKeyPair(this.#randomBytes),
      policy: {
        authorityX: server.authorityX,
        leewaySeconds: clockLeewaySeconds ?? DEFAULT_CLOCK_LEEWAY_SECONDS,
      },
      nowSeconds: () => Math.floor(this.#clock.wallTimeMs() / 1_000),
    });
  }

  #noticeHandshake(session: Session): void {
    if (session.stage !== 'handshake' || !session.link.transport.isReady) return;
    session.stage = 'setup';
    this.#timer?.cancel();
    this.#timer = this.deadline(SETUP_TIMEOUT_MS, () => this.#end(session, 'no answer to SetupConnection'));
    const { host, port } = this.#endpoint;
    this.#queue(session, {
      name: 'SetupConnection',
      protocol: SV2_PROTOCOLS.templateDistribution,
      minVersion: SV2_VERSION,
      maxVersion: SV2_VERSION,
      flags: 0,
      endpointHost: host,
      endpointPort: port,
      vendor: this.#options.vendor ?? 'sockman',
      hardwareVersion: '',
      firmware: this.#options.firmware ?? '',
      deviceId: '',
    });
  }

  #take(session: Session, frame: Sv2Frame): void {
    let message: Sv2Message | undefined;
    try {
      message = decodeMessage(frame)?.message;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return this.#end(session, `message ${frame.messageType} does not decode: ${error.message}`);
    }
    if (message === undefined) return;
    if (session.stage === 'setup') this.#takeSetupAnswer(session, message);
    else if (message.name === 'Reconnect') this.#move(session, message);
    else this.#events.emit('message', message);
  }

  #takeSetupAnswer(session: Session, message: Sv2Message): void {
    if (message.name === 'SetupConnection.Error') {
      return this.#end(session, `the server refuses us: ${shown(message.errorCode)}`);
    }
    if (message.name !== 'SetupConnection.Success') return this.#end(session, `${message.name} before set-up`);
    session.stage = 'ready';
    this.#timer?.cancel();
    this.#retryMs = FIRST_RETRY_MS;
    const { handshakeHash } = session.link.transport;
    this.#events.emit('connected', { address: session.address, handshakeHash });
    this.#queue(session, { name: 'CoinbaseOutputConstraints', ...this.#constraints });
  }

  #move(session: Session, { newHost, newPort }: Sv2MessageOf<'Reconnect'>): void {
    const { host, port } = this.#endpoint;
    this.#endpoint = { host: newHost === '' ? host : newHost, port: newPort === 0 ? port : newPort };
    this.#end(session, `the server moves us to ${shown(this.#endpoint.host)}:${this.#endpoint.port}`);
  }

  #queue(session: Session, message: Sv2Message): void {
    session.link.queue(message);
    this.#flush(session);
    this.wake(session.nodeId);
  }

  #flush(session: Session): void {
    if (session.link.flush() === 'broken') this.#end(session, session.link.sendFailure('server'));
  }

  #endNode(nodeId: number, reason: string): void {
    const session = this.#sessionOf(nodeId);
    if (session !== undefined) this.#end(session, reason);
  }

  #end(session: Session, reason: string): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.closeConnection(session.nodeId);
    if (session.stage === 'ready') this.#retry(reason);
    else this.#giveUp(reason);
  }

  /** The server is not there. Where another had moved us to it, the next dial is to the one that the user named. */
  #giveUp(reason: string): void {
    this.#endpoint = this.#options.server;
    this.#retry(reason);
  }

  #retry(reason: string): void {
    this.#timer?.cancel();
    const retryMs = this.#options.reconnect === false ? undefined : this.#retryMs;
    if (retryMs !== undefined) {
      this.#retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
      this.#timer = this.#clock.after(retryMs, () => void this.#dial());
    }
    this.#events.emit('disconnected', { reason, retryMs });
  }
}
