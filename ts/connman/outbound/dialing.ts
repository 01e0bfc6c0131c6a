// Dialing: from an address or a name to a node. (Bitcoin Core src/net.cpp, OpenNetworkConnection and ConnectNode)
//
// Dialing takes time, and several tasks dial at once, so what was true when a dial began may be false when it ends. Two
// rules keep one peer from getting two connections: a dial in progress counts as a connection, and every check before the
// wait is repeated after it.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { splitHostPort } from '../../netaddr/text/split-host-port.ts';
import type { NamedTarget, Proxy } from '../../sockman/dial/connect-options.ts';
import type { DialFailureCode } from '../../sockman/dial/failure.ts';
import type { SockMan } from '../../sockman/sock-man.ts';
import { beforeAbort } from '../../util/time/before-abort.ts';
import { SockManError, invalidArg } from '../../util/errors/errors.ts';
import { shuffle } from '../../util/random.ts';
import type { Emitter } from '../../util/emitter.ts';
import type { ConnmanEvents, DialEvent, FailedDialEvent } from '../contract/events.ts';
import type { NodeLifecycle } from '../contract/node-lifecycle.ts';
import type { Permissions } from '../inbound/permissions.ts';
import type { LocalAddresses } from '../reach/local-addresses.ts';
import type { LocalServices } from '../reach/local-services.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import { MAX_LOOKUP_RESULTS, mayBeLookedUp } from '../settings/name-lookup.ts';
import type { NetworkState } from '../reach/network-state.ts';
import type { NodeMaker } from '../node/node-maker.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import type { SlotGrant } from '../node/slots.ts';

/** A peer to dial, and its connection type. Either `addr` or `dest`. */
export interface OpenRequest {
  readonly connectionType: ConnectionType;
  /** An address, with its services and last-seen time from the address book. */
  readonly addr?: { readonly service: Service; readonly services: bigint; readonly timeSeconds?: number };
  /** A text from the user: an address or a name, with or without port. Bans do not apply to it. */
  readonly dest?: string;
  readonly usesV2: boolean;
  /** Whether a failure may count against the address. */
  readonly isFailureCounted?: boolean;
  /**
   * The slot of the connection; moves to the node on success, otherwise stays with the caller.
   * @internal
   */
  readonly grant?: SlotGrant | undefined;
  readonly proxyOverride?: Proxy | undefined;
}

const SECONDS_PER_HOUR = 3_600;

/** What dialing depends on. */
export interface DialingParts {
  readonly settings: ResolvedConnmanOptions;
  readonly sockets: Pick<SockMan, 'connectAndMakeNodeId' | 'closeConnection'>;
  readonly table: NodeTable;
  readonly network: NetworkState;
  readonly localAddresses: LocalAddresses;
  readonly localServices: LocalServices;
  readonly permissions: Permissions;
  readonly maker: NodeMaker;
  readonly lifecycle: NodeLifecycle;
  readonly events: Emitter<ConnmanEvents>;
  readonly interrupt: AbortSignal;
}

/** A dial in progress. */
interface PendingDial {
  readonly dest: string | undefined;
  /** The possible addresses. */
  targets: readonly Service[];
}

interface Connected {
  readonly nodeId: number;
  readonly me: Service;
  readonly target: Service;
}

/** The address of a peer that only a proxy knows. */
const UNKNOWN_ADDRESS = new Service(NetAddress.UNSPECIFIED, 0);

/** Dials for one `Connman`. */
export class Dialing {
  readonly #parts: DialingParts;
  readonly #pending = new Set<PendingDial>();

  constructor(parts: DialingParts) {
    this.#parts = parts;
  }

  /** Whether an address is being dialed. */
  isDialing(address: NetAddress): boolean {
    for (const { targets } of this.#pending) if (targets.some((target) => target.address.equals(address))) return true;
    return false;
  }

  /**
   * Dials, and makes a node of the connection.
   *
   * @returns Whether there is one now. False also when the request was refused: the peer is connected or being dialed, is
   *   ourselves, is banned, or the network is off.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither `addr` nor `dest`, or both.
   * @throws {SockManError} `ERR_SOCKMAN_STATE`: not started.
   */
  async open(request: OpenRequest): Promise<boolean> {
    const { addr, dest } = request;
    if ((addr === undefined) === (dest === undefined)) throw invalidArg('request', 'either addr or dest', request);
    // Dialing past the proxy, or asking a resolver in its place, would reveal what the proxy is there to hide.
    if (this.#parts.network.namedProxies.length > 0) throw new SockManError('ERR_SOCKMAN_STATE', 'open: not started');
    if (!this.#isWanted(request)) return false;
    const pending: PendingDial = { dest, targets: addr === undefined ? [] : [addr.service] };
    this.#pending.add(pending);
    try {
      const connected = await this.#connect(request, pending);
      if (connected === undefined) return false;
      this.#pending.delete(pending);
      if (!this.#isWanted(request) || this.#isConnectedTo(connected.target)) {
        this.#parts.sockets.closeConnection(connected.nodeId);
        return false;
      }
      return this.#admit(request, connected);
    } finally {
      this.#pending.delete(pending);
    }
  }

  /** Conditions of a dial, checked before and after it. */
  #isWanted({ addr, dest }: OpenRequest): boolean {
    const { interrupt, network, table, localAddresses, settings } = this.#parts;
    if (interrupt.aborted || !network.isActive) return false;
    if (dest !== undefined) {
      return table.findName(dest) === undefined && ![...this.#pending].some((pending) => pending.dest === dest);
    }
    const { address } = addr!.service;
    if (localAddresses.has(addr!.service) || table.hasAddress(address) || this.isDialing(address)) return false;
    const { banMan } = settings;
    return banMan === undefined || !(banMan.isDiscouraged(address) || banMan.isBanned(address));
  }

  #isConnectedTo(target: Service): boolean {
    return target !== UNKNOWN_ADDRESS && this.#parts.table.hasService(target);
  }

  /** Resolves the target, and dials it. */
  async #connect(request: OpenRequest, pending: PendingDial): Promise<Connected | undefined> {
    if (request.dest === undefined) return this.#connectToOneOf(request, pending.targets);
    const targets = await this.#resolve(request.dest);
    // A peer must not get a second connection under another name.
    if (targets.some((target) => !target.address.isValid() || this.#isTaken(target, pending))) return undefined;
    pending.targets = targets;
    if (targets.length > 0) return this.#connectToOneOf(request, targets);
    return this.#connectByName(request);
  }

  #isTaken(target: Service, except: PendingDial): boolean {
    if (this.#isConnectedTo(target)) return true;
    for (const pending of this.#pending) {
      if (pending !== except && pending.targets.some((other) => other.equals(target))) return true;
    }
    return false;
  }

  /** The addresses of a text, in random order; none if only a proxy can resolve it. */
  async #resolve(dest: string): Promise<Service[]> {
    const { settings, network, interrupt } = this.#parts;
    const { p2pPort } = settings.chain;
    const numeric = Service.tryParse(dest, p2pPort);
    if (numeric !== undefined) return [this.#asReachable(numeric)];
    if (!settings.dns || network.nameProxy !== undefined) return [];
    const { host, port } = splitHostPort(dest, p2pPort);
    if (!mayBeLookedUp(host)) return [];
    const found = await beforeAbort(settings.lookUpHost(host), interrupt);
    const services = (found ?? []).slice(0, MAX_LOOKUP_RESULTS).map((address) => new Service(address, port));
    shuffle(settings.random, services);
    return services.map((service) => this.#asReachable(service));
  }

  #asReachable(service: Service): Service {
    return this.#parts.network.cjdnsReachable ? service.toCJDNSIfInRange() : service;
  }

  async #connectToOneOf(request: OpenRequest, targets: readonly Service[]): Promise<Connected | undefined> {
    const { settings, network } = this.#parts;
    for (const target of targets) {
      const proxy = request.proxyOverride ?? network.proxyFor(target.address.getNetwork());
      if (proxy === undefined && request.connectionType === 'private-broadcast') {
        this.#noteUndialed(request, target, 'network-unsupported', 'a private broadcast needs a proxy');
        continue;
      }
      const dialed = await this.#dial(request, target, proxy);
      if (this.#parts.interrupt.aborted) return this.#dropUnseen(dialed);
      if (dialed.nodeId !== undefined || !dialed.proxyFailed) {
        settings.addressBook?.attempt(target, request.isFailureCounted ?? false);
      }
      if (dialed.nodeId !== undefined) return { ...dialed, target };
    }
    return undefined;
  }

  async #connectByName(request: OpenRequest): Promise<Connected | undefined> {
    const { network, settings } = this.#parts;
    const dest = request.dest!;
    if (network.nameProxy === undefined) {
      this.#noteUndialed(request, undefined, 'host-unreachable', 'the name has no address');
      return undefined;
    }
    const { host, port } = splitHostPort(dest, settings.chain.p2pPort);
    const dialed = await this.#dial(request, { host, port }, request.proxyOverride ?? network.nameProxy);
    return dialed.nodeId === undefined ? undefined : { ...dialed, target: UNKNOWN_ADDRESS };
  }

  async #dial(request: OpenRequest, to: Service | NamedTarget, proxy: Proxy | undefined) {
    const { sockets, settings, interrupt } = this.#parts;
    const dial = dialOf(request, to);
    this.#noteAttempt(dial, request);
    const dialed = await sockets.connectAndMakeNodeId(to, {
      isImportant: request.connectionType === 'manual',
      forceTransientI2P: request.connectionType === 'private-broadcast',
      timeoutMs: settings.connectTimeoutMs,
      signal: interrupt,
      ...(proxy === undefined ? {} : { proxy }),
    });
    if (dialed.nodeId === undefined) {
      const { errmsg, code, proxyFailed } = dialed;
      this.#noteFailure({ ...dial, errmsg, code, proxyFailed });
    }
    return dialed;
  }

  /** Reports a dial that cannot begin. */
  #noteUndialed(request: OpenRequest, to: Service | undefined, code: DialFailureCode, errmsg: string): void {
    this.#noteFailure({ ...dialOf(request, to), errmsg, code, proxyFailed: false });
  }

  #noteAttempt(dial: DialEvent, { addr }: OpenRequest): void {
    const { settings, events } = this.#parts;
    const { target, connectionType, transport } = dial;
    const nowSeconds = settings.clock.wallTimeMs() / 1_000;
    const hours = (nowSeconds - (addr?.timeSeconds ?? nowSeconds)) / SECONDS_PER_HOUR;
    settings.logger.debug(
      `trying ${transport} connection (${connectionType}) to ${target}, lastseen=${hours.toFixed(1)}hrs`,
    );
    events.emit('attemptedConnection', dial);
  }

  #noteFailure(dial: FailedDialEvent): void {
    const { settings, events } = this.#parts;
    const { connectionType, errmsg } = dial;
    settings.logger.debug(`${connectionType} dial failed${settings.logIps ? `: ${errmsg}` : ''}`);
    events.emit('failedConnection', dial);
  }

  #dropUnseen(dialed: { nodeId: number | undefined }): undefined {
    if (dialed.nodeId !== undefined) this.#parts.sockets.closeConnection(dialed.nodeId);
    return undefined;
  }

  #admit(request: OpenRequest, { nodeId, me, target }: Connected): boolean {
    const { maker, permissions, lifecycle, localServices } = this.#parts;
    const { connectionType, addr, dest, grant } = request;
    const node = maker.make({
      id: nodeId,
      addr: target,
      addrServices: addr?.services ?? 0n,
      addrBind: me.unixPath === undefined ? me : undefined,
      dest,
      connectionType,
      isInboundOnion: false,
      permissions: connectionType === 'manual' ? permissions.manualOutbound(target.address) : 0,
      preferEvict: false,
      usesV2: request.usesV2,
      proxyOverride: request.proxyOverride,
    });
    if (!lifecycle.begin(node, localServices.bits)) {
      this.#parts.sockets.closeConnection(nodeId);
      return false;
    }
    node.grant = grant;
    return true;
  }
}

function dialOf({ dest, connectionType, usesV2 }: OpenRequest, to: Service | NamedTarget | undefined): DialEvent {
  const service = to instanceof Service ? to : undefined;
  return { target: dest ?? String(to), service, connectionType, transport: usesV2 ? 'v2' : 'v1' };
}
