// `Sv2Connman`: a server of Stratum V2 on `SockMan`, in the role of a template provider.
//
// It accepts, shakes hands, sets connections up and watches limits and deadlines; what templates are, a `TemplateHandler`
// knows (`templates/template-provider.ts` is one). A byte of a client goes from `eventGotData` through its `Sv2Link` to
// `ClientMessages`, and from there to the handler.
//
// The role follows the Stratum V2 specification, chapters 3, 4 and 7, and sv2-tp's src/sv2/connman.

import { randomBytes as systemRandomBytes } from 'node:crypto';
import type { Service } from '../../netaddr/service.ts';
import { createKeyPair } from '../../p2p/bip324/ellswift.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { SockMan } from '../../sockman/sock-man.ts';
import { SOCK_MAN_OPTION_NAMES } from '../../sockman/options.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import { MemoryBudget } from '../../util/memory/memory-budget.ts';
import type { Logger } from '../../util/logger.ts';
import { invalidArg } from '../../util/errors/errors.ts';
import { checkInteger } from '../../util/options/arguments.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { temporaryServerKeys } from '../key-files.ts';
import type { ServerKeys } from '../key-files.ts';
import {
  CONSTRAINTS_TIMEOUT_MS,
  DEFAULT_MAX_CLIENTS,
  DEFAULT_MAX_SEND_QUEUE_BYTES,
  DEFAULT_MEMORY_BYTES,
  FLUSH_TIMEOUT_MS,
  HANDSHAKE_TIMEOUT_MS,
  MAX_CLIENT_PAYLOAD_BYTES,
  SETUP_TIMEOUT_MS,
  STALL_TIMEOUT_MS,
  SWEEP_MS,
} from '../limits.ts';
import { messageNameOf } from '../messages/registry.ts';
import type { Sv2Message } from '../messages/registry.ts';
import { Sv2Link, endText } from '../sv2-link.ts';
import { Sv2Transport } from '../sv2-transport.ts';
import { ClientMessages } from './client-messages.ts';
import { ServedClient } from './served-client.ts';
import type { ClientState, Sv2ServedClient } from './served-client.ts';
import { ServerIdentity } from './server-identity.ts';
import type { TemplateHandler } from './template-handler.ts';

/** Options of a `Sv2Connman`; those of `SockMan` (backend, logger …) apply too. */
export interface Sv2ConnmanOptions extends SockManOptions {
  /** Static and authority key. Default: new ones, which end with the process. See `loadServerKeys`. */
  readonly keys?: ServerKeys;
  /** Validity of a certificate, in seconds. Default: to the year 2106. */
  readonly certificateSeconds?: number;
  /** Most connections at a time, 1 to 1,000,000. Default 64. */
  readonly maxClients?: number;
  /** Bytes that may wait for one client before superseded templates are dropped. Default 64 MiB. */
  readonly maxSendQueueBytes?: number;
  /**
   * Most bytes that wait for all clients together. Default: 256 MiB, or an eighth of the heap limit if that is less. Above
   * its share, a client's superseded templates are dropped, and it is not read. A budget can be shared with other servers.
   */
  readonly memoryBudget?: MemoryBudget;
  /** False turns encryption off, for networks within one machine and for tests. Default true. */
  readonly noise?: boolean;
  /** A cryptographic source of bytes. Default: that of `node:crypto`. */
  readonly randomBytes?: RandomBytes;
  /** Time for deadlines and certificates. Default: the system's. */
  readonly clock?: Clock;
}

const SV2_CONNMAN_OPTION_NAMES: Readonly<Record<keyof Sv2ConnmanOptions, true>> = {
  ...SOCK_MAN_OPTION_NAMES,
  keys: true,
  certificateSeconds: true,
  maxClients: true,
  maxSendQueueBytes: true,
  memoryBudget: true,
  noise: true,
  randomBytes: true,
  clock: true,
};

/** Clients by state. */
export type ClientCounts = Record<ClientState, number>;

/** Counts since the server was made; they only grow. */
export interface Sv2ServerStats {
  /** Completed handshakes, and clients that ended before. */
  readonly handshakes: Readonly<Record<'ok' | 'failed', number>>;
  /** Messages by name; unknown types are `other`. */
  readonly messages: Readonly<Record<'received' | 'sent', ReadonlyMap<string, number>>>;
}

/** The name of unknown message types in counts. */
const OTHER_MESSAGES = 'other';

const STATE_TIMEOUTS_MS: Record<ClientState, number> = {
  handshake: HANDSHAKE_TIMEOUT_MS,
  setup: SETUP_TIMEOUT_MS,
  confirmed: CONSTRAINTS_TIMEOUT_MS,
  ready: Number.POSITIVE_INFINITY,
};

/**
 * Serves clients of Stratum V2's template distribution.
 *
 * @example
 * const server = new Sv2Connman({ keys: loadServerKeys(folder, logger) });
 * const provider = new TemplateProvider(server, new MockTemplateSource());
 * server.bindAndStartListening('127.0.0.1:8442');
 * provider.start();
 */
export class Sv2Connman extends SockMan {
  readonly #clients = new Map<number, ServedClient>();
  readonly #identity: ServerIdentity;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #randomBytes: RandomBytes;
  readonly #maxClients: number;
  readonly #maxSendQueueBytes: number;
  readonly #memoryBudget: MemoryBudget;
  readonly #isEncrypted: boolean;
  readonly #handshakes = { ok: 0, failed: 0 };
  readonly #received = new Map<string, number>();
  readonly #sent = new Map<string, number>();
  #clientMessages: ClientMessages | undefined = undefined;
  #handler: TemplateHandler | undefined = undefined;
  #sweep: Timer | undefined = undefined;

  /**
   * Opens nothing yet.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG` or {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option.
   */
  constructor(options: Sv2ConnmanOptions = {}) {
    checkOptionNames('', options, SV2_CONNMAN_OPTION_NAMES);
    const {
      keys,
      certificateSeconds,
      maxClients,
      maxSendQueueBytes,
      memoryBudget,
      noise,
      randomBytes = systemRandomBytes,
      clock,
      ...socketOptions
    } = options;
    super(socketOptions);
    this.#maxClients = maxClients ?? DEFAULT_MAX_CLIENTS;
    checkInteger('maxClients', this.#maxClients, 1, 1_000_000);
    this.#maxSendQueueBytes = maxSendQueueBytes ?? DEFAULT_MAX_SEND_QUEUE_BYTES;
    checkInteger('maxSendQueueBytes', this.#maxSendQueueBytes, 1);
    this.#memoryBudget = memoryBudget ?? new MemoryBudget({ totalBytes: DEFAULT_MEMORY_BYTES });
    if (!(this.#memoryBudget instanceof MemoryBudget)) throw invalidArg('memoryBudget', 'a MemoryBudget', memoryBudget);
    if (certificateSeconds !== undefined) checkInteger('certificateSeconds', certificateSeconds, 1);
    this.#clock = clock ?? systemClock;
    this.#logger = guardedLogger(options.logger, options.onCallbackError);
    this.#randomBytes = randomBytes;
    this.#isEncrypted = noise ?? true;
    this.#identity = new ServerIdentity(
      keys ?? temporaryServerKeys(),
      this.#randomBytes,
      certificateSeconds ?? Number.POSITIVE_INFINITY,
    );
  }

  // ---- Use ----------------------------------------------------------------------------------------------------------

  /** Sets the handler of templates, and starts I/O. */
  start(handler: TemplateHandler): void {
    this.#handler = handler;
    this.#clientMessages = new ClientMessages({
      handler,
      logger: this.#logger,
      clock: this.#clock,
      send: (client, message) => this.#queue(client, message),
      end: (client, reason) => this.#end(client, reason),
    });
    this.startSocketsThreads({ name: 'sv2' });
  }

  /** X coordinate of the authority's public key, 32 bytes; `formatAuthorityKey` makes text of it. */
  get authorityX(): Uint8Array {
    return this.#identity.authorityX;
  }

  /** Sends a message as soon as the client takes it. @returns False for a client that is gone or closing. */
  send(id: number, message: Sv2Message): boolean {
    const client = this.#clients.get(id);
    if (client === undefined || client.endReason !== undefined) return false;
    this.#queue(client, message);
    return true;
  }

  /** Closes a client once what is queued has been sent, and at the latest after 5 s. */
  disconnect(id: number, reason: string): void {
    const client = this.#clients.get(id);
    if (client !== undefined) this.#end(client, reason);
  }

  /** Connected clients, in order of arrival. */
  clients(): Sv2ServedClient[] {
    return [...this.#clients.values()];
  }

  /** The number of clients in each state. */
  counts(): ClientCounts {
    const counts: ClientCounts = { handshake: 0, setup: 0, confirmed: 0, ready: 0 };
    for (const { state } of this.#clients.values()) counts[state]++;
    return counts;
  }

  /** Handshakes and messages so far; for metrics. */
  sv2Stats(): Sv2ServerStats {
    return { handshakes: { ...this.#handshakes }, messages: { received: this.#received, sent: this.#sent } };
  }

  /** Stops. Once it resolves, all sockets are closed and no callback follows. */
  async stop(): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#sweep?.cancel();
    for (const client of [...this.#clients.values()]) this.#forget(client, 'the server stops');
  }

  // ---- Callbacks of SockMan -----------------------------------------------------------------------------------------

  override eventNewConnectionAccepted(nodeId: number, _me: Service, them: Service): boolean {
    if (this.#clients.size >= this.#maxClients) {
      this.#logger.info(`sv2: ${them} refused, ${this.#maxClients} clients are connected`);
      return false;
    }
    const transport = this.#createTransport();
    const send = (bytes: Uint8Array, willSendMore: boolean) => this.sendBytes(nodeId, bytes, willSendMore);
    const now = () => this.#clock.now();
    const link = new Sv2Link(transport, send, this.#maxSendQueueBytes, now);
    const memory = this.#memoryBudget.open(() => this.wake(nodeId));
    const client = new ServedClient(nodeId, them, link, memory, now(), this.#clock.wallTimeMs());
    if (transport.isReady) client.enter('setup', now());
    this.#clients.set(nodeId, client);
    this.#sweep ??= this.#sweepLater();
    return true;
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const client = this.#clients.get(nodeId);
    if (client === undefined || client.endReason !== undefined) return;
    const failure = client.link.receive(data, (frame) => {
      this.#noticeHandshake(client);
      countOne(this.#received, messageNameOf(frame) ?? OTHER_MESSAGES);
      this.#clientMessages!.take(client, frame);
      return client.endReason === undefined;
    });
    this.#noticeHandshake(client);
    if (failure === undefined) this.#flush(client);
    // Whatever does not decrypt gets no answer.
    else this.#closeNow(client, failure);
  }

  override eventReadyToSend(nodeId: number): boolean {
    const client = this.#clients.get(nodeId);
    if (client === undefined) return false;
    const sentBefore = client.link.sentBytes;
    this.#flush(client);
    return client.link.sentBytes > sentBefore && client.link.isWaiting;
  }

  override shouldTryToRecv(nodeId: number): boolean {
    const client = this.#clients.get(nodeId);
    return client === undefined || (client.endReason === undefined && !client.link.isFull && !client.memory.isPaused);
  }

  override eventGotEOF(nodeId: number): void {
    this.#closeNow(this.#clients.get(nodeId), 'the client closed the connection');
  }

  override eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void {
    this.#closeNow(this.#clients.get(nodeId), endText('client', code, errmsg));
  }

  // ---- Inside -------------------------------------------------------------------------------------------------------

  #createTransport(): Sv2Transport {
    const maxPayloadBytes = MAX_CLIENT_PAYLOAD_BYTES;
    if (!this.#isEncrypted) return new Sv2Transport({ role: 'clear', maxPayloadBytes });
    return new Sv2Transport({
      role: 'responder',
      ephemeral: () => createKeyPair(this.#randomBytes),
      credentials: () => this.#identity.credentials(Math.floor(this.#clock.wallTimeMs() / 1_000)),
      maxPayloadBytes,
    });
  }

  #noticeHandshake(client: ServedClient): void {
    if (client.state !== 'handshake' || !client.link.transport.isReady) return;
    this.#handshakes.ok++;
    client.enter('setup', this.#clock.now());
  }

  #queue(client: ServedClient, message: Sv2Message): void {
    countOne(this.#sent, message.name);
    if (message.name === 'NewTemplate') client.templatesSent++;
    client.link.queue(message);
    this.#bookMemory(client);
    if (client.memory.isPaused) client.link.dropSuperseded(this.#memoryBudget.shareBytes);
    this.#flush(client);
    this.wake(client.id);
  }

  #flush(client: ServedClient): void {
    const outcome = client.link.flush();
    this.#bookMemory(client);
    if (outcome === 'broken') this.#closeNow(client, client.link.sendFailure('client'));
    else if (outcome === 'idle' && client.endReason !== undefined) this.#closeOrderly(client);
  }

  #bookMemory({ link, memory }: ServedClient): void {
    const change = link.memoryBytes - memory.waitingBytes;
    if (change > 0) memory.add(change);
    else memory.remove(-change);
  }

  /** Marks a client as ending: queued messages are still sent. */
  #end(client: ServedClient, reason: string): void {
    if (client.endReason !== undefined) return;
    client.endReason = reason;
    client.endSince = this.#clock.now();
    this.#flush(client);
  }

  /** Input is read and dropped meanwhile: a reset would destroy our last message. */
  #closeOrderly(client: ServedClient): void {
    this.#forget(client, client.endReason!);
    this.endConnection(client.id, { timeoutMs: FLUSH_TIMEOUT_MS });
  }

  #closeNow(client: ServedClient | undefined, reason: string): void {
    if (client === undefined || !this.#clients.has(client.id)) return;
    this.#forget(client, client.endReason ?? reason);
    this.closeConnection(client.id);
  }

  #forget(client: ServedClient, reason: string): void {
    if (!this.#clients.delete(client.id)) return;
    if (client.state === 'handshake') this.#handshakes.failed++;
    client.memory.close();
    this.#logger.info(`sv2: client ${client.id} (${client.address}) is gone: ${reason}`);
    this.#handler?.onClientGone(client, reason);
  }

  // ---- Deadlines ----------------------------------------------------------------------------------------------------

  #sweepLater(): Timer {
    return this.deadline(SWEEP_MS, () => {
      this.#sweep = undefined;
      for (const client of [...this.#clients.values()]) this.#checkDeadlines(client);
      if (this.#clients.size > 0) this.#sweep = this.#sweepLater();
    });
  }

  #checkDeadlines(client: ServedClient): void {
    const now = this.#clock.now();
    if (client.endReason !== undefined) {
      if (now - client.endSince >= FLUSH_TIMEOUT_MS) this.#closeNow(client, client.endReason);
      return;
    }
    if (now - client.stateSince >= STATE_TIMEOUTS_MS[client.state]) {
      return this.#closeNow(client, `no progress in state ${client.state}`);
    }
    if (client.link.stalledForMs() >= STALL_TIMEOUT_MS) return this.#closeNow(client, 'the client does not read');
    // Other clients may have freed memory since.
    this.#bookMemory(client);
    if (!client.memory.isPaused) this.#clientMessages!.answerRequests(client);
  }
}

function countOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
