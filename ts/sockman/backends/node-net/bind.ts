// A bind whose outcome is known when the call returns.
//
// `server.listen` with an address looks the address up first and binds a tick later, on Node and Deno; without one, and
// for Unix-domain paths, it binds at once but says why it failed a tick later. The contract wants port and errno
// at once. Node's own cluster module has the same wish, and `net._createServerHandle` fulfils it. That function is
// undocumented, but has been there for as long as cluster has, and Deno copied it; tried on Node 20, 22 and 26 and on
// Deno 2.9. It gives a bound handle or a negative errno; the handle goes to `server.listen(handle)`, which is documented
// and listens at once. Bun 1.4 has no such function and needs none for success, as its `server.listen` binds at once;
// only the reason of a failure has to be asked of `Bun.listen`. A runtime with neither way is refused with ENOTSUP.

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

/** What is used of a runtime's server handle. */
interface ServerHandle {
  /** Gives the negative errno of a bind whose failure libuv kept to itself so far. */
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

/** The undocumented function; undefined where there is none. */
function serverHandleMaker(): CreateServerHandle | undefined {
  return (nodeNet() as { _createServerHandle?: CreateServerHandle })._createServerHandle;
}

const bun = (globalThis as { Bun?: BunGlobal }).Bun;

function failed(syscall: string, errno: number): SystemFailure {
  return { ok: false, syscall, errno };
}

/**
 * Binds a server and has it listen, or leaves nothing open.
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
    // What Node's permission model denies is thrown.
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
  // What is left to listen(2) is an address that another socket began to listen on since the bind.
  return server.listening ? undefined : failed('listen', EADDRINUSE);
}

/** The path as it is bound: what it means must not change with the current directory, nor a name of digits be a port. */
export function boundPath(path: string): string {
  return process.platform === 'win32' ? path : nodePath().resolve(path);
}

function bindPath(server: Server, name: string, { backlog }: SocketListenOptions): SystemFailure | undefined {
  const path = boundPath(name);
  if (isTooLongForSocket(path)) return failed('bind', ENAMETOOLONG);
  server.listen({ path, backlog, exclusive: true });
  if (server.listening) return undefined;
  if (bun !== undefined) return failed('bind', bunErrno(bun, { unix: path }));
  // Failed already; a second try tells why.
  const handle = serverHandleMaker()?.(path, -1, -1, undefined, 0);
  if (typeof handle === 'number') return failed('bind', -handle);
  handle?.close();
  return failed('bind', EADDRINUSE);
}

/** Why Bun cannot listen there: a try that is taken back. */
function bunErrno(runtime: BunGlobal, where: { hostname?: string; port?: number; unix?: string }): number {
  try {
    runtime.listen({ ...where, socket: { data() {} } }).stop();
    return EADDRINUSE;
  } catch (error) {
    return errnoOf(error, EADDRINUSE);
  }
}

/** Whether the runtime knows `reusePort`: Bun, and Node since 22.12 and 23.1. Whether the platform does is theirs to say. */
function hasReusePort(): boolean {
  if (bun !== undefined) return true;
  if ('Deno' in globalThis) return false;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
