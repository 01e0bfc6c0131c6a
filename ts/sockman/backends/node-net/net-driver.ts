// Sockets of `node:net` for a `ReadinessBackend`.

import type { Socket, TcpSocketConnectOpts } from 'node:net';
import type { Service } from '../../../netaddr/service.ts';
import { systemClock } from '../../../util/time/clock.ts';
import type { Clock } from '../../../util/time/clock.ts';
import { EAFNOSUPPORT, EINVAL, ENAMETOOLONG, errnoOf } from '../../../util/errors/errno.ts';
import { nodeNet } from '../../../util/load-later.ts';
import type { BackendOptions, SocketConnectOptions, SocketListenOptions } from '../backend.ts';
import type { DriverConnectResult, DriverListenResult, SocketDriver } from '../readiness/driver.ts';
import { isTooLongForSocket } from '../packed-address.ts';
import { bindServer, boundPath } from './bind.ts';
import { hasSocketFamily } from '../socket-family.ts';
import { familyOf, hostOf } from './endpoints.ts';
import { NetListener } from './net-listener.ts';
import { NetSocket } from './net-socket.ts';

/**
 * Default of `sendBufferBytes`, the bytes of one socket that the kernel has not taken: enough that a fast reader never waits
 * for the next 'drain', and at most 2.5 GiB of address space for 10,000 peers that do not read, as with a kernel's own send
 * buffers.
 */
const DEFAULT_SEND_BOUND_BYTES = 256 * 1024;

export class NetDriver implements SocketDriver {
  readonly name = 'node-net';
  readonly clock: Clock = systemClock;
  readonly #options: BackendOptions;
  readonly #sendBoundBytes: number;

  constructor(options: BackendOptions) {
    this.#options = options;
    this.#sendBoundBytes = options.sendBufferBytes === 0 ? DEFAULT_SEND_BOUND_BYTES : options.sendBufferBytes;
  }

  listen(at: Service, options: SocketListenOptions): DriverListenResult {
    if (!hasSocketFamily(at)) return { ok: false, syscall: 'socket', errno: EAFNOSUPPORT };
    const server = new (nodeNet().Server)({ allowHalfOpen: true, pauseOnConnect: true });
    const path = at.unixPath === undefined ? undefined : at;
    const refusesIPv4 = path === undefined && familyOf(at) === 6 && !options.dualStack;
    const wrap = (socket: Socket): NetSocket => this.#wrap(socket, false, path);
    const listener = new NetListener(server, options.backlog, refusesIPv4, wrap);
    const result = bindServer(server, at, options);
    if (!result.ok) return result;
    listener.opened(at.unixPath === undefined ? undefined : boundPath(at.unixPath));
    return { ok: true, socket: listener, bound: result.bound };
  }

  connect(to: Service, { localAddress }: SocketConnectOptions): DriverConnectResult {
    if (!hasSocketFamily(to)) return { ok: false, syscall: 'socket', errno: EAFNOSUPPORT };
    const socket = new (nodeNet().Socket)({ allowHalfOpen: true });
    if (to.unixPath !== undefined) {
      if (localAddress !== undefined) return { ok: false, syscall: 'bind', errno: EINVAL };
      const path = boundPath(to.unixPath);
      if (isTooLongForSocket(path)) return { ok: false, syscall: 'connect', errno: ENAMETOOLONG };
      return connectAs(this.#wrap(socket, true, to), () => socket.connect({ path }));
    }
    const where: TcpSocketConnectOpts = { host: hostOf(to), port: to.port, family: familyOf(to) };
    if (localAddress !== undefined) {
      if (familyOf(localAddress) !== familyOf(to)) return { ok: false, syscall: 'bind', errno: EAFNOSUPPORT };
      where.localAddress = hostOf(localAddress);
      where.localPort = localAddress.port;
    }
    return connectAs(this.#wrap(socket, true, undefined), () => socket.connect(where));
  }

  #wrap(socket: Socket, isDialed: boolean, path: Service | undefined): NetSocket {
    const { noDelay, keepAliveSeconds } = this.#options;
    if (path === undefined && noDelay) socket.setNoDelay(true);
    if (path === undefined && keepAliveSeconds > 0) socket.setKeepAlive(true, keepAliveSeconds * 1000);
    return new NetSocket(socket, isDialed, path, this.#sendBoundBytes);
  }
}

/** Starts a connect; a refusal by Node's permission model may be thrown at once. */
function connectAs(dialed: NetSocket, connect: () => Socket): DriverConnectResult {
  try {
    connect().unref();
    return { ok: true, socket: dialed };
  } catch (error) {
    dialed.reset();
    return { ok: false, syscall: 'connect', errno: errnoOf(error, EINVAL) };
  }
}
