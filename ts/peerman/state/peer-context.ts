// What all parts of the peer manager share, and a few common operations.

import type { AddressSource } from '../../connman/settings/address-source.ts';
import type { PeerNetwork } from '../../connman/contract/net-events.ts';
import { isMessageType } from '../../p2p/messages/message-types.ts';
import type { MessageType } from '../../p2p/messages/message-types.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { Message } from '../../p2p/messages/registry.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import { Emitter } from '../../util/emitter.ts';
import { SockManError, invalidArg, shown } from '../../util/errors/errors.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import { withCategory } from '../../util/logger.ts';
import type { Logger } from '../../util/logger.ts';
import { createSecureRandom, random64 } from '../../util/random.ts';
import { MIN_RELEASED_BYTES } from '../../util/memory/release-memory.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { ChainCounts } from './chain-state.ts';
import type { ChainView } from '../contract/chain-view.ts';
import { ClockOffset } from './clock-offset.ts';
import { PeerManagerCounts } from './counts.ts';
import { desirableServices } from './desired-services.ts';
import type { PeerManagerEvents } from '../contract/events.ts';
import type { PeerHooks } from '../contract/hooks.ts';
import { resolveSettings } from '../contract/options.ts';
import type { PeerBans, PeerManagerOptions, PeerManagerSettings } from '../contract/options.ts';
import type { PeerState } from './peer-state.ts';
import type { InboundInvTimes } from './tx-relay-state.ts';

export class PeerContext {
  readonly addressBook: AddressSource | undefined;
  readonly bans: PeerBans | undefined;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly logger: Logger;
  readonly settings: PeerManagerSettings;
  readonly events: Emitter<PeerManagerEvents>;
  /**
   * Whether the embedder may have received a part of the message being processed. All ways to it lead through here: `hooks`,
   * `chainView`, and the events of messages.
   */
  isMessageShown = true;
  readonly counts = new PeerManagerCounts();
  /** All peers, by node id. */
  readonly peers = new Map<number, PeerState>();
  readonly clockOffset = new ClockOffset();
  readonly chainCounts = new ChainCounts();
  /** Our best block, as reported by the embedder. */
  bestHeight = -1;
  bestBlockTimeSeconds = 0;
  /** When it last changed, wall-clock milliseconds; 0 before the first check. */
  lastTipUpdateMs = 0;
  /** The number of the next announced transaction. */
  nextTxSequence = 1;
  readonly inboundInvTimes: InboundInvTimes = new Map();
  readonly #hooks: PeerHooks | undefined;
  readonly #chainView: ChainView | undefined;
  #network: PeerNetwork | undefined;

  constructor(options: PeerManagerOptions) {
    if (typeof options !== 'object' || options === null) throw invalidArg('options', 'an object', options);
    const logger = withCategory(guardedLogger(options.logger, options.onListenerError), 'net');
    this.addressBook = options.addressBook;
    this.bans = options.banMan;
    this.#chainView = options.chainView;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? createSecureRandom();
    this.logger = logger;
    this.#hooks = options.hooks;
    this.settings = resolveSettings(options);
    this.events = new Emitter(
      options.onListenerError ?? ((error, name) => logger.error(`listener of ${name} threw ${shown(error)}`)),
    );
  }

  get hooks(): PeerHooks {
    if (this.#hooks === undefined) return NO_HOOKS;
    this.isMessageShown = true;
    return this.#hooks;
  }

  get chainView(): ChainView | undefined {
    if (this.#chainView !== undefined) this.isMessageShown = true;
    return this.#chainView;
  }

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: no network is attached. */
  get network(): PeerNetwork {
    if (this.#network === undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'no network attached');
    return this.#network;
  }

  /** @throws {SockManError} `ERR_SOCKMAN_STATE`: another network is attached. */
  attach(network: PeerNetwork): void {
    if (this.#network !== undefined) throw new SockManError('ERR_SOCKMAN_STATE', 'a network was attached before');
    this.#network = network;
  }

  nowSeconds(): number {
    return Math.floor(this.clock.wallTimeMs() / 1_000);
  }

  /** Whether services suffice for a peer that we choose. */
  hasDesiredServices(services: bigint): boolean {
    const wanted = this.desiredServices(services);
    return (services & wanted) === wanted;
  }

  /** The services wanted of a peer that we choose, given those that it offers. */
  desiredServices(offered: bigint): bigint {
    const { desiredServices } = this.settings;
    return desiredServices?.(offered) ?? desirableServices(offered, this.nowSeconds(), this.bestBlockTimeSeconds);
  }

  send(peer: PeerState, message: Message): void {
    const { type, payload } = encodeMessage(message);
    this.network.pushMessage(peer.node, type, payload);
  }

  /** Sends a message from its payload. @throws As `PeerNetwork.pushMessage`. */
  sendPayload({ node }: PeerState, type: MessageType, payload: Uint8Array): void {
    this.network.pushMessage(node, type, payload);
  }

  /** Whether messages of this type have listeners: then they are decoded, and may be kept. */
  hears(type: string): boolean {
    const name = `message:${isMessageType(type) ? type : 'unknown'}` as const;
    return this.events.has(name) || this.events.has('message');
  }

  /** Frees the payload of a processed message, unless the embedder or this code may have kept a part of it. */
  releasePayload(type: string, payload: Uint8Array): void {
    if (this.isMessageShown || payload.length < MIN_RELEASED_BYTES) return;
    if (FORGOTTEN_TYPES.has(type) || !isMessageType(type)) this.network.releasePayload(payload);
  }

  /** A random 64-bit number. */
  random64(): bigint {
    return random64(this.random);
  }

  /**
   * Notes that a peer broke the protocol in a way that only a broken or hostile one does. There is no score: one fault is
   * enough. The next `sendMessages` acts on it.
   *
   * @param reason - One printable line without text from the peer.
   */
  misbehaving(peer: PeerState, reason: string): void {
    if (peer.misbehaviour !== undefined) return;
    peer.misbehaviour = reason;
    this.counts.misbehaving++;
    this.logger.debug(`Misbehaving: ${this.network.nameInLog(peer.node)}: ${reason}`);
    this.events.emit('misbehaving', { nodeId: peer.node.id, node: peer.node, reason });
  }

  /** Whether transactions from this peer are unwanted, as our `version` said. */
  rejectsIncomingTxs({ node }: PeerState): boolean {
    if (node.isBlockRelay || node.isFeeler) return true;
    return this.settings.ignoresIncomingTxs && !node.hasPermission('relay');
  }
}

const NO_HOOKS: PeerHooks = {};

/** Types of which this code keeps nothing, besides unknown ones. */
const FORGOTTEN_TYPES: ReadonlySet<string> = new Set<MessageType>([
  'inv',
  'getdata',
  'notfound',
  'tx',
  'headers',
  'block',
  'cmpctblock',
  'blocktxn',
  'merkleblock',
]);
