// A bind with its outcome known when the call returns.
//
// `server.listen` with an address looks the address up first and binds a tick later, on Node and Deno; without one, and for
// Unix-domain paths, it binds at once but says why it failed a tick later. The contract requires port and errno at once.
// Node's own cluster module has the same need, and uses `net._createServerHandle`. That function is undocumented, but as old
// as cluster, and Deno copied it; tested on Node 20, 22 and 26 and on Deno 2.9. It gives a bound handle or a negative errno;
// the handle goes to `server.listen(handle)`, which is documented and listens at once. Bun 1.4 lacks that function, but its
// `server.listen` binds at once; only the reason of a failure must be asked of `Bun.listen`. On a runtime with neither way,
// binding fails with ENOTSUP.

import type { Server, ListenOptions as ServerOptions } from 'node:net';
import type { Service } from '../../../netaddr/service.ts';
import { EADDRINUSE, EINVAL, ENAMETOOLONG, ENOTSUP, errnoOf } from '../../../util/errors/errno.ts';
import { nodeNet, nodePath } from '../../../util/load-later.ts';
import type { SocketListenOptions, SystemFailure } from '../backend.ts';
import { isTooLongForSocket } from '../packed-address.ts';
import { familyOf, hostOf, serviceFrom } from './endpoints.ts';

/** Flags of libuv's `uv_tcp_bind`. (uv.h, enum uv_tcp_flags) */
const UV_TCP_IPV6ONLY = 1;
const UV_TCP_REUSEPORT = 2;

/** The parts of a runtime's server handle that are used. */
interface ServerHandle {
  /** Gives the negative errno of a bind whose failure libuv has not reported yet. */
  getsockname(into: object): number;
  close(): void;
}

type CreateServerHandle = (
  address: string,
  port: number,
  addressType: 4 | 6 | -1,
  fd: undefined,
  flags: number,
) => ServerHandle | number;

interface BunGlobal {
  listen(options: { hostname?: string; port?: number; unix?: string; socket: { data(): void } }): { stop(): void };
}

/** The undocumented function; undefined where it is missing. */
function serverHandleMaker(): CreateServerHandle | undefined {
  return (nodeNet() as { _createServerHandle?: CreateServerHandle })._createServerHandle;
}

const bun = (globalThis as { Bun?: BunGlobal }).Bun;

function failed(syscall: string, errno: number): SystemFailure {
  return { ok: false, syscall, errno };
}

/**
 * Binds a server and makes it listen, or leaves nothing open.
 *
 * @param server - Not listening; with an 'error' listener, as a failure is also emitted later.
 */
export function bindServer(
  server: Server,
  at: Service,
  options: SocketListenOptions,
): { ok: true; bound: Service } | SystemFailure {
  // A path has no port to share.
  if (options.reusePort && at.unixPath === undefined && !hasReusePort()) return failed('setsockopt', ENOTSUP);
  let failure: SystemFailure | undefined;
  try {
    failure = at.unixPath === undefined ? bindTcp(server, at, options) : bindPath(server, at.unixPath, options);
  } catch (error) {
    // A bind that the permission model of Node denies throws.
    failure = failed('bind', errnoOf(error, EINVAL));
  }
  if (failure !== undefined) {
    server.close();
    return failure;
  }
  const address = server.address();
  const bound = address === null || typeof address === 'string' ? at : serviceFrom(address.address, address.port);
  return { ok: true, bound: bound ?? at };
}

function bindTcp(server: Server, at: Service, options: SocketListenOptions): SystemFailure | undefined {
  const { backlog, reusePort } = options;
  const host = hostOf(at);
  const ipv6Only = familyOf(at) === 6 && !options.dualStack;
  const createServerHandle = serverHandleMaker();
  if (createServerHandle === undefined) {
    server.listen({ host, port: at.port, backlog, exclusive: true, ipv6Only, reusePort } as ServerOptions);
    if (server.listening) return undefined;
    return failed('bind', bun === undefined ? ENOTSUP : bunErrno(bun, { hostname: host, port: at.port }));
  }
  const flags = (ipv6Only ? UV_TCP_IPV6ONLY : 0) | (reusePort ? UV_TCP_REUSEPORT : 0);
  const handle = createServerHandle(host, at.port, familyOf(at), undefined, flags);
  if (typeof handle === 'number') return failed('bind', -handle);
  const deferred = handle.getsockname({});
  if (deferred !== 0) {
    handle.close();
    return failed('bind', -deferred);
  }
  server.listen(handle, backlog);
  // The remaining failure of listen(2) is an address that another socket began to listen on since the bind.
  return server.listening ? undefined : failed('listen', EADDRINUSE);
}

/** The path to bind: absolute, so that neither the current directory changes its meaning nor a name of digits is a port. */
export function boundPath(path: string): string {
  return process.platform === 'win32' ? path : nodePath().resolve(path);
}

function bindPath(server: Server, name: string, { backlog }: SocketListenOptions): SystemFailure | undefined {
  const path = boundPath(name);
  if (isTooLongForSocket(path)) return failed('bind', ENAMETOOLONG);
  server.listen({ path, backlog, exclusive: true });
  if (server.listening) return undefined;
  if (bun !== undefined) return failed('bind', bunErrno(bun, { unix: path }));
  // It failed already; a second try gives the reason.
  const handle = serverHandleMaker()?.(path, -1, -1, undefined, 0);
  if (typeof handle === 'number') return failed('bind', -handle);
  handle?.close();
  return failed('bind', EADDRINUSE);
}

/** The errno of a listen on Bun: tries again, and closes the listener if that succeeds. */
function bunErrno(runtime: BunGlobal, where: { hostname?: string; port?: number; unix?: string }): number {
  try {
    runtime.listen({ ...where, socket: { data() {} } }).stop();
    return EADDRINUSE;
  } catch (error) {
    return errnoOf(error, EADDRINUSE);
  }
}

/** Whether the runtime knows `reusePort`: Bun, and Node since 22.12 and 23.1. The platform may still refuse it. */
function hasReusePort(): boolean {
  if (bun !== undefined) return true;
  if ('Deno' in globalThis) return false;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
