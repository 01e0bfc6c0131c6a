// A `net.Server` with the interface of a non-blocking listener.

import type { Server, Socket } from 'node:net';
import { EAGAIN, EMFILE, errnoOf } from '../../../util/errors/errno.ts';
import type { ListenerOwner, ListenerSocket } from '../readiness/driver.ts';
import type { NetSocket } from './net-socket.ts';
import { PathFile } from './path-file.ts';

/**
 * Accepts at once, as the runtime does, and keeps the connections in a queue of the backlog's length, since they cannot be
 * left in the kernel's. Connections that arrive while the queue is full are dropped with RST.
 */
export class NetListener implements ListenerSocket {
  readonly #server: Server;
  readonly #backlog: number;
  readonly #refusesIPv4: boolean;
  readonly #wrap: (socket: Socket) => NetSocket;
  readonly #queue: NetSocket[] = [];
  #owner: ListenerOwner | undefined;
  /** The file of a Unix-domain path. */
  #file: PathFile | undefined;
  /** Errno of a failed accept, until the owner gets it. */
  #errno = 0;

  /**
   * @param refusesIPv4 - Listens on IPv6 only. Deno does not set this in the kernel, so IPv4 connections arrive as well.
   * @param wrap - Makes an accepted socket ready for use.
   */
  constructor(server: Server, backlog: number, refusesIPv4: boolean, wrap: (socket: Socket) => NetSocket) {
    this.#server = server;
    this.#backlog = backlog;
    this.#refusesIPv4 = refusesIPv4;
    this.#wrap = wrap;
    server.on('connection', (socket) => this.#arrived(socket));
    // A failed bind is reported by its result; the event that repeats it has no owner.
    server.on('error', (error) => this.#failed(errnoOf(error, EMFILE)));
  }

  /** The server listens. @param path - Absolute path of its file. */
  opened(path: string | undefined): void {
    // The backend keeps the process alive while it is started; before and after that nothing here does.
    this.#server.unref();
    if (path !== undefined) this.#file = new PathFile(path, () => void this.#server.close());
  }

  attach(owner: ListenerOwner): void {
    this.#owner = owner;
  }

  get hasPending(): boolean {
    return this.#queue.length > 0 || this.#errno !== 0;
  }

  accept(): NetSocket | number {
    const socket = this.#queue.shift();
    if (socket !== undefined) return socket;
    const errno = this.#errno === 0 ? EAGAIN : this.#errno;
    this.#errno = 0;
    return -errno;
  }

  /** The runtime accepts connections as long as the server is open; only the name of a path can be removed. */
  drain(): void {
    this.#file?.remove();
  }

  close(): void {
    this.#owner = undefined;
    if (this.#file === undefined) this.#server.close();
    else this.#file.close();
    for (const socket of this.#queue) socket.reset();
    this.#queue.length = 0;
  }

  #arrived(socket: Socket): void {
    const accepted = this.#wrap(socket);
    // A peer that has already reset is skipped: its address is gone with the connection.
    const isKnown = this.#file !== undefined || accepted.remote !== undefined;
    const isWelcome = isKnown && !(this.#refusesIPv4 && accepted.remote?.address.network === 'ipv4');
    if (!isWelcome || this.#owner === undefined || this.#queue.length >= this.#backlog) {
      accepted.reset();
      return;
    }
    this.#queue.push(accepted);
    this.#owner.acceptable();
  }

  #failed(errno: number): void {
    if (this.#owner === undefined) return;
    this.#errno = errno;
    this.#owner.acceptable();
  }
}
