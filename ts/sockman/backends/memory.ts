// A network inside the process: the third backend, for tests and simulations without the operating system.
//
// It has what a kernel has (addresses, ports, backlogs, bounded buffers, half-close, resets, descriptors that run out), and
// every run can be repeated: time is a `VirtualClock`, chance comes from a seed, and a fault script decides what goes wrong.
// It simulates connections, not packets: nothing is lost, duplicated or congested.

import { Service, addressAndPort } from '../../netaddr/service.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { checkOptionNames } from '../../util/options/option-names.ts';
import { SystemError } from '../../util/errors/system-error.ts';
import type { Backend, BackendOptions, SystemFailure } from './backend.ts';
import { AddressSpace } from './memory/address-space.ts';
import { Conditions } from './memory/conditions.ts';
import type { FaultScript } from './memory/fault-script.ts';
import { MemoryDriver } from './memory/memory-driver.ts';
import { MemoryPeerListener } from './memory/memory-peer-listener.ts';
import { MemoryPeer, PEER_READ_BYTES } from './memory/memory-peer.ts';
import { seededRandom } from './memory/seeded-random.ts';
import { VirtualClock } from './memory/virtual-clock.ts';
import type { VirtualClockOptions } from './memory/virtual-clock.ts';
import { ReadinessBackend } from './readiness/readiness-backend.ts';

/** Default of `MemoryNetworkOptions.bufferBytes`: 64 KiB, large enough for most tests and small enough for a test to fill. */
export const DEFAULT_BUFFER_BYTES = 64 * 1024;

/** Queue length of hand-played listeners: more than a test opens at once. */
const PEER_BACKLOG = 65_535;

/** Settings of a `MemoryNetwork`. */
export interface MemoryNetworkOptions extends VirtualClockOptions {
  /** Seed of all random choices in the network; an integer. Default 1. */
  seed?: number;
  /** Decides what goes wrong. Default: nothing. */
  faults?: FaultScript;
  /** Send and receive buffer of each socket whose backend names no sizes, in bytes, from 1. Default 64 KiB. */
  bufferBytes?: number;
  /** One-way latency in milliseconds. Default 0. Unix-domain sockets have none. */
  latencyMs?: number;
  /** Descriptors that each backend may have open, listeners included, from 0. Default: no limit. */
  descriptorLimit?: number;
}

const MEMORY_NETWORK_OPTION_NAMES: Readonly<Record<keyof MemoryNetworkOptions, true>> = {
  seed: true,
  faults: true,
  bufferBytes: true,
  latencyMs: true,
  descriptorLimit: true,
  wallTimeMs: true,
  autoRun: true,
};

/**
 * A network of backends and hand-played peers in one process.
 *
 * Nothing happens until `clock` runs, unless `autoRun` is set. The same seed, script and program give the same events in the
 * same order. All IPv4 and IPv6 addresses exist and are local to every backend, so a backend may listen on any of them, and
 * Unix-domain paths are names without files. Connections come from loopback unless told otherwise.
 *
 * @example
 * const net = new MemoryNetwork({ seed: 7, faults: splitReceives(1) });
 * const node = new MyNode({ backend: net.createBackend });
 * node.bindAndStartListening(Service.parse('127.0.0.1:8333'));
 * node.startSocketsThreads();
 * const peer = net.connect('127.0.0.1:8333');
 * peer.send('hello');
 * net.clock.runUntilIdle();
 */
export class MemoryNetwork {
  /** The time of the network, its backends and their users. */
  readonly clock: VirtualClock;
  readonly #bufferBytes: number;
  readonly #space: AddressSpace;
  readonly #conditions: Conditions;
  readonly #peerConditions: Conditions;
  readonly #peerDriver: MemoryDriver;
  readonly #peerScratch = new Uint8Array(PEER_READ_BYTES);

  /** @throws {TypeError|RangeError} An option is of the wrong type or out of its range. */
  constructor(options: MemoryNetworkOptions = {}) {
    checkOptionNames('', options, MEMORY_NETWORK_OPTION_NAMES);
    const { seed = 1, faults = {}, bufferBytes = DEFAULT_BUFFER_BYTES, latencyMs = 0 } = options;
    const { descriptorLimit = Infinity } = options;
    if (!Number.isSafeInteger(seed)) throw invalidArg('seed', 'an integer', seed);
    if (!Number.isSafeInteger(bufferBytes) || bufferBytes < 1) throw outOfRange('bufferBytes', 'from 1', bufferBytes);
    if (!(latencyMs >= 0 && latencyMs < Infinity)) throw outOfRange('latencyMs', 'a finite number from 0', latencyMs);
    checkDescriptorLimit(descriptorLimit);
    this.clock = new VirtualClock(options);
    this.#bufferBytes = bufferBytes;

    const random = seededRandom(seed);
    this.#space = new AddressSpace(random);
    this.#conditions = new Conditions(this.clock, random, latencyMs, faults, descriptorLimit);
    this.#peerConditions = new Conditions(this.clock, random, latencyMs, {}, Infinity);
    const sameBuffers = { sendBufferBytes: 0, receiveBufferBytes: 0 };
    this.#peerDriver = new MemoryDriver(this.#peerConditions, this.#space, bufferBytes, sameBuffers);
  }

  /** The fault script. A new one is asked from now on. */
  get faults(): FaultScript {
    return this.#conditions.faults;
  }
  set faults(script: FaultScript) {
    this.#conditions.faults = script;
  }

  /** One-way latency in milliseconds. A change applies to what is sent from now on. */
  get latencyMs(): number {
    return this.#conditions.latencyMs;
  }
  set latencyMs(latencyMs: number) {
    if (!(latencyMs >= 0 && latencyMs < Infinity)) throw outOfRange('latencyMs', 'a finite number from 0', latencyMs);
    this.#conditions.latencyMs = latencyMs;
    this.#peerConditions.latencyMs = latencyMs;
  }

  /** Descriptor limit of each backend. Sockets beyond a new limit stay open. */
  get descriptorLimit(): number {
    return this.#conditions.descriptorLimit;
  }
  set descriptorLimit(count: number) {
    checkDescriptorLimit(count);
    this.#conditions.descriptorLimit = count;
  }

  /**
   * Makes a backend in this network, for `SockManOptions.backend`. It is bound to the network and can be passed as it is.
   *
   * `options.noDelay`, `keepAliveSeconds` and `willSendMore` have no effect.
   */
  readonly createBackend = (options: BackendOptions): Backend =>
    new ReadinessBackend(new MemoryDriver(this.#conditions, this.#space, this.#bufferBytes, options), options);

  /**
   * Dials as a hand-played peer.
   *
   * @param to - The address to dial: a `Service`, or text as `Service.parse` reads it.
   * @param from - The peer's own address; port 0 for any. Default loopback.
   * @returns The peer, still connecting; bytes given to `send` before it is connected are sent then.
   * @throws {SystemError} `to` is a Unix-domain path without a listener, or `from` is taken.
   */
  connect(to: Service | string, from?: Service | string): MemoryPeer {
    const options = from === undefined ? {} : { localAddress: serviceOf(from, 0) };
    const result = this.#peerDriver.connect(serviceOf(to), options);
    if (!result.ok) throw systemError(result, to);
    return new MemoryPeer(result.socket, false, this.#peerScratch);
  }

  /**
   * Listens as hand-played peers.
   *
   * @param at - Where: a `Service`, or text as `Service.parse` reads it. Port 0 for any.
   * @throws {SystemError} `EADDRINUSE`: the address is in use.
   */
  listen(at: Service | string = '127.0.0.1:0'): MemoryPeerListener {
    const options = { backlog: PEER_BACKLOG, reusePort: false, dualStack: false };
    const result = this.#peerDriver.listen(serviceOf(at), options);
    if (!result.ok) throw systemError(result, at);
    return new MemoryPeerListener(result.socket, result.bound, this.#peerScratch);
  }
}

function checkDescriptorLimit(count: number): void {
  if (!(count >= 0)) throw outOfRange('descriptorLimit', 'a number from 0', count);
}

function serviceOf(value: Service | string, defaultPort?: number): Service {
  return typeof value === 'string' ? Service.parse(value, defaultPort) : value;
}

function systemError({ syscall, errno }: SystemFailure, at: Service | string): SystemError {
  return new SystemError(syscall, errno, addressAndPort(serviceOf(at, 0)));
}
