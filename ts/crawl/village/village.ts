// A village: one process that plays thousands of Bitcoin nodes, of all the kinds that a crawl meets, and knows everything about
// each. They live on addresses of 127.0.0.0/8, behind one listener: the dialed address tells which node is meant. Nodes of other
// networks live behind a SOCKS5 proxy and a SAM bridge of the village.
//
// It runs on loopback for programs, and over a `MemoryNetwork` for tests with a virtual clock.

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { Service } from '../../netaddr/service.ts';
import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { EncodedMessage } from '../../p2p/messages/registry.ts';
import type { InventoryItem } from '../../p2p/messages/inventory.ts';
import { createSockMan } from '../../sockman/create-sock-man.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import type { SockManOptions } from '../../sockman/options.ts';
import { seededRandom } from '../../sockman/backends/memory/seeded-random.ts';
import { SockManError, outOfRange } from '../../util/errors/errors.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import { AddressList } from './address-list.ts';
import { SamDoor, SocksDoor } from './doors.ts';
import type { Door } from './doors.ts';
import { Drips } from './drips.ts';
import { DEFAULT_MIX, drawPopulation } from './population.ts';
import type { NetworkMix } from './population.ts';
import { spamAnswers } from './spam.ts';
import { tellsAddresses } from './villager.ts';
import type { Villager, VillagerKind } from './villager.ts';
import { VillagerLink } from './villager-link.ts';
import type { LinkParts } from './villager-link.ts';

/** Most villagers: the addresses of one listener suffice for them, with room to spare. */
export const MAX_VILLAGERS = 1_000_000;

/** Loopback address of the village's proxy and bridge. No villager has it. */
const DOOR_HOST = '127.0.0.1';
/** Address that occupies the dead port, which has no listener on any other address. */
const DEAD_PORT_HOST = '127.255.255.254';

/** Options of a `Village`. */
export interface VillageOptions {
  /** Number of villagers, 1 to 1,000,000. Default 2,000. */
  readonly count?: number;
  /** An integer that everything is drawn from. Default 1. */
  readonly seed?: number;
  /** The chain of the villagers. Default `regtest`. */
  readonly chain?: ChainName;
  /** Weights of the kinds. Default: some of each kind except spammers and flooders. */
  readonly mix?: Readonly<Partial<Record<VillagerKind, number>>>;
  /** Weights of the networks. Default: IPv4 only. */
  readonly networks?: NetworkMix;
  /** Number of /16 ranges over which the IPv4 addresses are spread, 1 to 250. Default 250. */
  readonly groups?: number;
  /** Number of addresses that each villager tells, 1 to 1,000. Default 250, or all if there are fewer. */
  readonly tells?: number;
  /** Addresses that each spammer makes up, 0 to 1,000,000. Default 5,000. */
  readonly spam?: number;
  /** Port of the villagers. Default: a free one. With the same ports a village has the same addresses. */
  readonly port?: number;
  /** Port at which nothing listens, of the villagers that refuse. Default: a free one. */
  readonly deadPort?: number;
  /** Clock. Default: the host's. */
  readonly clock?: Clock;
  /** Random bytes for the keys of V2 connections. Default: the system's. */
  readonly randomBytes?: RandomBytes;
  /** Options of the `SockMan`, such as a backend of a `MemoryNetwork`. */
  readonly sockets?: SockManOptions;
  /** Called for each connection that reaches a villager directly, without a proxy. */
  readonly onVisit?: (villager: Villager) => void;
}

/** See the module comment. Start it, crawl it, compare with `villagers`, stop it. */
export class Village {
  /** All villagers, in the order of their index. The first one is an honest node. */
  readonly villagers: readonly Villager[];
  /** The list of which every villager tells a part. */
  readonly #list: AddressList;
  readonly #tells: number;
  readonly #spam: number;
  readonly #clock: Clock;
  readonly #random: RandomUint32;
  readonly #sockets: SockMan;
  readonly #byAddress = new Map<string, Villager>();
  readonly #links = new Map<number, VillagerLink>();
  readonly #doors = new Map<number, Door>();
  readonly #drips: Drips;
  readonly #linkParts: LinkParts;
  readonly #onVisit: ((villager: Villager) => void) | undefined;
  readonly #socksAt: Service;
  readonly #samAt: Service;
  readonly #deadPort: number;
  #visitCount = 0;

  /**
   * Draws the villagers and binds the ports. Connections are not served before `start`.
   *
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: an option is out of range.
   * @throws {SockManError} `ERR_SOCKMAN_SYSTEM`: a port cannot be bound.
   */
  constructor(options: VillageOptions = {}) {
    const { count = 2_000, seed = 1, chain = 'regtest', mix = DEFAULT_MIX, networks = { ipv4: 1 } } = options;
    const { groups = 250, tells = 250, spam = 5_000, clock = systemClock, sockets = {} } = options;
    checkRange('count', count, 1, MAX_VILLAGERS);
    checkRange('groups', groups, 1, 250);
    checkRange('tells', tells, 1, 1_000);
    checkRange('spam', spam, 0, 1_000_000);
    checkRange('port', options.port ?? 0, 0, 65_535);
    checkRange('deadPort', options.deadPort ?? 0, 0, 65_535);
    const draw = seededRandom(seed);
    const random = (): number => Math.floor(draw() * 2 ** 32);
    this.#random = random;
    this.#clock = clock;
    this.#onVisit = options.onVisit;
    this.#spam = spam;
    this.#sockets = createSockMan(
      {
        eventNewConnectionAccepted: (nodeId, me) => this.#accept(nodeId, me),
        eventGotData: (nodeId, data) => this.#take(nodeId, data),
        eventConnectionClosed: (nodeId) => this.#forget(nodeId),
      },
      { ...sockets, backlog: sockets.backlog ?? 4_096 },
    );
    const { port } = this.#bind(`0.0.0.0:${options.port ?? 0}`);
    this.#socksAt = this.#bind(`${DOOR_HOST}:0`);
    this.#samAt = this.#bind(`${DOOR_HOST}:0`);
    this.#deadPort = this.#bind(`${DEAD_PORT_HOST}:${options.deadPort ?? 0}`).port;
    const { deadPort } = this;
    this.villagers = drawPopulation({ count, mix, networks, firstByte: 127, groups, port, deadPort, random });
    for (const villager of this.villagers) this.#byAddress.set(String(villager.service.address), villager);
    this.#tells = Math.min(tells, count);
    this.#list = new AddressList(this.villagers, Math.floor(clock.wallTimeMs() / 1_000), random);
    const { magic } = CHAIN_PARAMS[chain];
    this.#drips = new Drips(this.#sockets, clock);
    this.#linkParts = {
      magic,
      foreignMagic: CHAIN_PARAMS[chain === 'testnet4' ? 'signet' : 'testnet4'].magic,
      randomBytes: options.randomBytes ?? secureRandomBytes,
      clock,
      sockets: this.#sockets,
      drips: this.#drips,
      answers: (villager, wantsV2) => this.#answersOf(villager, wantsV2),
    };
  }

  /** The address at which to begin a crawl: that of the first villager. */
  get seeds(): readonly Service[] {
    return [this.villagers[0]!.service];
  }

  /** The SOCKS5 proxy that leads to IPv6, onion and CJDNS villagers. */
  get socksProxy(): Service {
    return this.#socksAt;
  }

  /** The SAM bridge that leads to I2P villagers. */
  get samBridge(): Service {
    return this.#samAt;
  }

  /** A port without a listener on every address of 127.0.0.0/8 but one. */
  get deadPort(): number {
    return this.#deadPort;
  }

  /** Connections that came in so far. */
  get visitCount(): number {
    return this.#visitCount;
  }

  /** Begins to serve connections. */
  start(): void {
    this.#sockets.startSocketsThreads({ name: 'village' });
  }

  /** Closes all connections and listeners. */
  async stop(): Promise<void> {
    this.#drips.stop();
    await this.#sockets.close();
  }

  /** The villagers whose addresses one villager tells when it is asked. */
  toldBy(villager: Villager): readonly Villager[] {
    return tellsAddresses(villager.kind) ? this.#list.window(villager.tellsFrom, this.#tells) : [];
  }

  /** Lets a villager appear, or disappear with all its connections. */
  setPresent(villager: Villager, isPresent: boolean): void {
    villager.isPresent = isPresent;
    if (isPresent) return;
    for (const [nodeId, link] of this.#links) if (link.villager === villager) this.#sockets.resetConnection(nodeId);
  }

  /** Lets every villager announce blocks or transactions to all its peers. */
  announce(items: readonly InventoryItem[]): void {
    const message = encodeMessage({ type: 'inv', items });
    for (const link of this.#links.values()) link.announce(message);
  }

  /**
   * Calls back periodically with the number of earlier calls: for villagers that come and go.
   *
   * @returns The timer, to cancel it.
   */
  schedule(everyMs: number, onTime: (count: number) => void): Timer {
    let count = 0;
    const next = (): void => {
      onTime(count++);
      timer = this.#clock.after(everyMs, next);
    };
    let timer = this.#clock.after(everyMs, next);
    return { cancel: () => timer.cancel() };
  }

  #bind(at: string): Service {
    const bound = this.#sockets.bindAndStartListening(at);
    if (!bound.ok) throw new SockManError('ERR_SOCKMAN_SYSTEM', `the village cannot listen: ${bound.errmsg}`);
    return bound.bound;
  }

  #accept(nodeId: number, me: Service): boolean {
    this.#visitCount++;
    const find = (address: NetAddress): Villager | undefined => this.#byAddress.get(String(address));
    if (me.equals(this.#socksAt)) this.#doors.set(nodeId, new SocksDoor(find, this.villagers[0]!));
    else if (me.equals(this.#samAt)) this.#doors.set(nodeId, new SamDoor(find));
    else {
      const villager = find(me.address);
      if (villager === undefined) return false;
      this.#onVisit?.(villager);
      this.#link(nodeId, villager);
    }
    return true;
  }

  #link(nodeId: number, villager: Villager): void {
    const link = new VillagerLink(this.#linkParts, villager, nodeId);
    this.#links.set(nodeId, link);
    link.begin();
  }

  #take(nodeId: number, data: Uint8Array): void {
    const door = this.#doors.get(nodeId);
    if (door === undefined) return this.#links.get(nodeId)?.take(data);
    const answer = door.take(data);
    if (answer?.send !== undefined) this.#sockets.queueBytes(nodeId, answer.send);
    if (answer?.villager === undefined) return;
    this.#doors.delete(nodeId);
    this.#link(nodeId, answer.villager);
    if (answer.rest !== undefined && answer.rest.length > 0) this.#links.get(nodeId)?.take(answer.rest);
  }

  #forget(nodeId: number): void {
    this.#links.delete(nodeId);
    this.#doors.delete(nodeId);
    this.#drips.forget(nodeId);
  }

  #answersOf(villager: Villager, wantsV2: boolean): readonly EncodedMessage[] {
    if (!tellsAddresses(villager.kind)) return [];
    const own = wantsV2
      ? this.#list.encodeV2(villager.tellsFrom, this.#tells)
      : this.#list.encodeV1(villager.tellsFrom, this.#tells);
    if (villager.kind !== 'spammer') return [own];
    const spam = spamAnswers(this.#spam, this.#deadPort, this.#random, this.#clock.wallTimeMs());
    return [own, ...spam.map((addresses) => encodeMessage({ type: 'addrv2', addresses }))];
  }
}

function secureRandomBytes(byteCount: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(byteCount));
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw outOfRange(name, `an integer from ${min} to ${max}`, value);
  }
}
