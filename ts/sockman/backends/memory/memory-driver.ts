// The sockets of one backend in a `MemoryNetwork`.

import type { Service } from '../../../netaddr/service.ts';
import { EAFNOSUPPORT, EINVAL, EMFILE, ENOENT } from '../../../util/errors/errno.ts';
import type { BackendOptions, SocketConnectOptions, SocketListenOptions, SystemFailure } from '../backend.ts';
import type { DriverConnectResult, DriverListenResult, SocketDriver } from '../readiness/driver.ts';
import { hasSocketFamily } from '../socket-family.ts';
import { destinationOf } from './address-space.ts';
import type { AddressSpace } from './address-space.ts';
import { Descriptors } from './conditions.ts';
import type { Conditions, SocketSetup } from './conditions.ts';
import { TcpHandshake } from './tcp-handshake.ts';
import { MemoryListener } from './memory-listener.ts';
import { MemorySocket } from './memory-socket.ts';
import type { VirtualClock } from './virtual-clock.ts';

function failed(syscall: string, errno: number): SystemFailure {
  return { ok: false, syscall, errno };
}

export class MemoryDriver implements SocketDriver {
  readonly name = 'memory';
  readonly isInProcess = true;
  readonly #conditions: Conditions;
  readonly #space: AddressSpace;
  readonly #descriptors: Descriptors;
  readonly #setup: SocketSetup;

  /** @param bufferBytes - Send and receive buffer of a socket whose options name no size. */
  constructor(
    conditions: Conditions,
    space: AddressSpace,
    bufferBytes: number,
    options: Pick<BackendOptions, 'sendBufferBytes' | 'receiveBufferBytes'>,
  ) {
    this.#conditions = conditions;
    this.#space = space;
    this.#descriptors = new Descriptors(conditions);
    this.#setup = {
      conditions,
      descriptors: this.#descriptors,
      sendBufferBytes: options.sendBufferBytes === 0 ? bufferBytes : options.sendBufferBytes,
      receiveBufferBytes: options.receiveBufferBytes === 0 ? bufferBytes : options.receiveBufferBytes,
    };
  }

  get clock(): VirtualClock {
    return this.#conditions.clock;
  }

  listen(at: Service, options: SocketListenOptions): DriverListenResult {
    if (this.#descriptors.isExhausted) return failed('socket', EMFILE);
    const bound = this.#space.resolveBind(at, options);
    if (typeof bound === 'number') return failed(bound === EAFNOSUPPORT ? 'socket' : 'bind', bound);
    const socket: MemoryListener = new MemoryListener(this.#setup, bound, options, () => this.#space.remove(socket));
    this.#space.add(socket);
    return { ok: true, socket, bound };
  }

  connect(to: Service, options: SocketConnectOptions): DriverConnectResult {
    if (!hasSocketFamily(to)) return failed('socket', EAFNOSUPPORT);
    if (this.#descriptors.isExhausted) return failed('socket', EMFILE);
    return to.unixPath === undefined ? this.#connectTcp(to, options) : this.#connectUnix(to, options);
  }

  #connectTcp(to: Service, { localAddress }: SocketConnectOptions): DriverConnectResult {
    const destination = destinationOf(to);
    const local = this.#space.takeLocalEnd(destination, localAddress);
    if (typeof local === 'number') return failed('bind', local);
    const release = (): void => this.#space.releaseLocalEnd(local, destination);
    return this.#start(new MemorySocket(this.#setup, local, destination, release), destination);
  }

  #connectUnix(to: Service, { localAddress }: SocketConnectOptions): DriverConnectResult {
    if (localAddress !== undefined) return failed('bind', EINVAL);
    // A kernel looks up the path during the call.
    if (this.#space.find(to) === undefined) return failed('connect', ENOENT);
    return this.#start(new MemorySocket(this.#setup, undefined, to), to);
  }

  #start(socket: MemorySocket, to: Service): DriverConnectResult {
    const { clock, random, faults } = this.#conditions;
    const count = this.#conditions.connectCount++;
    const fault = faults.connect?.({ local: socket.local, remote: to, count, nowMs: clock.now(), random });
    socket.takeDescriptor();
    new TcpHandshake(this.#conditions, this.#space, socket, to).start(fault);
    return { ok: true, socket };
  }
}
