// Listening addresses and free ports of a `MemoryNetwork`.
//
// Every IPv4 and IPv6 address exists and is local: a backend can listen on 203.0.113.5:8333 and another one dial it, or
// dial from there. A wildcard covers all addresses of its family.

import { NetAddress } from '../../../netaddr/net-address.ts';
import { Service } from '../../../netaddr/service.ts';
import { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT } from '../../../util/errors/errno.ts';
import type { SocketListenOptions } from '../backend.ts';
import type { MemoryListener } from './memory-listener.ts';
import { hasSocketFamily } from '../socket-family.ts';

/** Ports given out for port 0: the default of Linux. (ip(7), ip_local_port_range) */
const FIRST_EPHEMERAL_PORT = 32_768;
const LAST_EPHEMERAL_PORT = 60_999;

const LOOPBACK_IPV4 = new NetAddress('ipv4', Uint8Array.of(127, 0, 0, 1));
const LOOPBACK_IPV6 = new NetAddress('ipv6', Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1));

function isIPv4(service: Service): boolean {
  return service.address.network === 'ipv4';
}

/** The address that a connect to `to` reaches: loopback for a wildcard. */
export function destinationOf(to: Service): Service {
  if (to.unixPath !== undefined || !to.address.isBindAny()) return to;
  return new Service(isIPv4(to) ? LOOPBACK_IPV4 : LOOPBACK_IPV6, to.port);
}

/** Whether a listener at `bound` gets connections to `to`; ports are the same. */
function covers(bound: Service, options: SocketListenOptions, to: Service): boolean {
  if (isIPv4(bound) === isIPv4(to)) return bound.address.isBindAny() || bound.address.equals(to.address);
  return options.dualStack && bound.address.isBindAny() && isIPv4(to);
}

/** How well a listener that covers an address fits: an exact address, the family's wildcard, the other family's. */
function fitOf(bound: Service, to: Service): number {
  if (!bound.address.isBindAny()) return 2;
  return isIPv4(bound) === isIPv4(to) ? 1 : 0;
}

export class AddressSpace {
  readonly #byPort = new Map<number, Set<MemoryListener>>();
  readonly #byPath = new Map<string, MemoryListener>();
  /** Pairs of ends in use, so that no two connections have the same. */
  readonly #connected = new Set<string>();
  readonly #random: () => number;
  #lastPort = LAST_EPHEMERAL_PORT;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** The address a listener gets, or a positive errno. */
  resolveBind(at: Service, options: SocketListenOptions): Service | number {
    if (at.unixPath !== undefined) return this.#byPath.has(at.unixPath) ? EADDRINUSE : at;
    if (!hasSocketFamily(at)) return EAFNOSUPPORT;
    if (at.port !== 0) return this.#isTaken(at, options) ? EADDRINUSE : at;
    const bound = this.#firstWithPort(at.address, (candidate) => !this.#isTaken(candidate, options));
    return bound ?? EADDRINUSE;
  }

  add(listener: MemoryListener): void {
    const { bound } = listener;
    if (bound.unixPath !== undefined) {
      this.#byPath.set(bound.unixPath, listener);
      return;
    }
    const sharing = this.#byPort.get(bound.port) ?? new Set();
    sharing.add(listener);
    this.#byPort.set(bound.port, sharing);
  }

  remove(listener: MemoryListener): void {
    const { bound } = listener;
    if (bound.unixPath !== undefined) {
      if (this.#byPath.get(bound.unixPath) === listener) this.#byPath.delete(bound.unixPath);
      return;
    }
    const sharing = this.#byPort.get(bound.port);
    sharing?.delete(listener);
    if (sharing?.size === 0) this.#byPort.delete(bound.port);
  }

  /** The listener that receives a connection to `to`. Among several with `reusePort`, the choice is random. */
  find(to: Service): MemoryListener | undefined {
    if (to.unixPath !== undefined) return this.#byPath.get(to.unixPath);
    const candidates = [...(this.#byPort.get(to.port) ?? [])].filter(({ bound, options }) =>
      covers(bound, options, to),
    );
    const bestFit = Math.max(...candidates.map(({ bound }) => fitOf(bound, to)));
    const best = candidates.filter(({ bound }) => fitOf(bound, to) === bestFit);
    return best.length > 1 ? best[Math.floor(this.#random() * best.length)] : best[0];
  }

  /**
   * Takes a local end for a connection to `to`.
   *
   * @param wanted - Address and port of the local end; port 0 for any. Without it, loopback.
   * @returns The end, or a positive errno.
   */
  takeLocalEnd(to: Service, wanted: Service | undefined): Service | number {
    const address = wanted?.address ?? (isIPv4(to) ? LOOPBACK_IPV4 : LOOPBACK_IPV6);
    const from = destinationOf(new Service(address, wanted?.port ?? 0));
    if (!hasSocketFamily(from) || isIPv4(from) !== isIPv4(to)) return EAFNOSUPPORT;
    const isFree = (candidate: Service): boolean => !this.#connected.has(`${candidate}>${to}`);
    const local = from.port === 0 ? this.#firstWithPort(from.address, isFree) : isFree(from) ? from : undefined;
    if (local === undefined) return EADDRNOTAVAIL;
    this.#connected.add(`${local}>${to}`);
    return local;
  }

  releaseLocalEnd(local: Service, to: Service): void {
    this.#connected.delete(`${local}>${to}`);
  }

  #isTaken(at: Service, options: SocketListenOptions): boolean {
    for (const other of this.#byPort.get(at.port) ?? []) {
      const overlaps = covers(other.bound, other.options, at) || covers(at, options, other.bound);
      if (overlaps && !(options.reusePort && other.options.reusePort)) return true;
    }
    return false;
  }

  #firstWithPort(address: NetAddress, isFree: (candidate: Service) => boolean): Service | undefined {
    for (let tried = FIRST_EPHEMERAL_PORT; tried <= LAST_EPHEMERAL_PORT; tried++) {
      this.#lastPort = this.#lastPort === LAST_EPHEMERAL_PORT ? FIRST_EPHEMERAL_PORT : this.#lastPort + 1;
      const candidate = new Service(address, this.#lastPort);
      if (isFree(candidate)) return candidate;
    }
    return undefined;
  }
}
