// A `net.Socket` with the interface of a non-blocking socket.
//
// Receiving: the stream flows into a queue of ours and is paused while the queue holds more than `READ_AHEAD_BYTES`.
// Sending: the stream is given bytes only while those that it could not hand to the kernel are below the bound, and 'drain'
// means that there is room.

import type { Socket } from 'node:net';
import type { Service } from '../../../netaddr/service.ts';
import { EAGAIN, ECONNABORTED, ECONNRESET, ENOTCONN, EPIPE, errnoOf } from '../../../util/errors/errno.ts';
import type { TcpInfo } from '../backend.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { StreamOwner, StreamSocket } from '../readiness/driver.ts';
import { serviceFrom } from './endpoints.ts';

/**
 * Most bytes read ahead of the receiver; one read of the runtime (64 KiB) comes on top. Two such reads are enough for a
 * receiver that takes one chunk a turn, and they bound what a paused connection holds.
 */
export const READ_AHEAD_BYTES = 64 * 1024;

/**
 * How long a closed socket goes on delivering its bytes, in milliseconds. Without a limit a peer that never reads would hold
 * them for ever; kernels drop such orphans after about as long.
 */
export const LINGER_MS = 60_000;

export class NetSocket implements StreamSocket {
  readonly #socket: Socket;
  /** Path of a Unix-domain socket. */
  readonly #path: Service | undefined;
  readonly #isDialed: boolean;
  /** Most bytes that the stream may hold. */
  readonly #sendBoundBytes: number;
  #local: Service | undefined;
  #remote: Service | undefined;
  #owner: StreamOwner | undefined;
  #isConnecting: boolean;
  #isClosed = false;

  readonly #received = new ByteQueue();
  #isFlowing = true;
  #hasEnd = false;
  /** Positive errno of the error that broke the connection. */
  #errno = 0;
  #isSendShut = false;
  /** A send was short, and room has not been reported since. */
  #isSendShort = false;

  /**
   * @param socket - With `allowHalfOpen`; owned from now on.
   * @param path - Where a Unix-domain socket is or goes.
   * @param sendBoundBytes - Most bytes to hold that the kernel has not taken.
   */
  constructor(socket: Socket, isDialed: boolean, path: Service | undefined, sendBoundBytes: number) {
    this.#socket = socket;
    this.#isDialed = isDialed;
    this.#path = path;
    this.#isConnecting = isDialed;
    // Below the stream's own mark, 'drain' would never be emitted.
    this.#sendBoundBytes = Math.max(sendBoundBytes, socket.writableHighWaterMark);
    // The backend keeps the process alive, its sockets do not.
    if (!isDialed) socket.unref();
    if (isDialed) socket.on('connect', () => this.#connected());
    socket.on('data', (chunk: Uint8Array) => this.#arrived(chunk));
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#tellWritable());
    socket.on('error', (error) => this.#broke(errnoOf(error, ECONNRESET)));
    socket.on('close', () => this.#gone());
  }

  get local(): Service | undefined {
    if (this.#path !== undefined) return this.#isDialed ? undefined : this.#path;
    this.#local ??= serviceFrom(this.#socket.localAddress, this.#socket.localPort);
    return this.#local;
  }

  get remote(): Service | undefined {
    if (this.#path !== undefined) return this.#isDialed ? this.#path : undefined;
    this.#remote ??= serviceFrom(this.#socket.remoteAddress, this.#socket.remotePort);
    return this.#remote;
  }

  attach(owner: StreamOwner): void {
    this.#owner = owner;
    // Accepted sockets are created paused: nothing has read from them yet.
    if (!this.#isDialed) this.#socket.resume();
  }

  get isReadable(): boolean {
    return this.#received.length > 0 || this.#hasEnd || this.#errno !== 0;
  }

  receive(into: Uint8Array, offset: number, maxBytes: number): number {
    if (this.#received.length > 0) {
      const received = this.#received.shiftInto(into, offset, maxBytes);
      if (!this.#isFlowing && this.#received.length < READ_AHEAD_BYTES) {
        this.#isFlowing = true;
        this.#socket.resume();
      }
      return received;
    }
    if (this.#hasEnd) return 0;
    return this.#errno === 0 ? -EAGAIN : -this.#errno;
  }

  get isWritable(): boolean {
    if (this.#isConnecting) return false;
    return this.#isSendOver || this.#socket.writableLength < this.#sendBoundBytes;
  }

  send(data: Uint8Array): number {
    if (this.#isSendOver) return this.#errno === 0 || this.#hasEnd ? -EPIPE : -this.#errno;
    let taken = 0;
    // The kernel may take a piece at once: only what remains in the stream counts.
    while (taken < data.length && !this.#isConnecting) {
      const room = this.#sendBoundBytes - this.#socket.writableLength;
      if (room <= 0 || this.#socket.destroyed) break;
      const end = Math.min(taken + room, data.length);
      this.#socket.write(Buffer.from(data.subarray(taken, end)));
      taken = end;
    }
    if (taken < data.length) this.#isSendShort = true;
    return taken;
  }

  shutdownSend(): number {
    if (this.#isConnecting || this.#errno !== 0 || this.#socket.destroyed) return -ENOTCONN;
    if (!this.#isSendShut) this.#socket.end();
    this.#isSendShut = true;
    return 0;
  }

  close(): void {
    if (this.#isClosed) return;
    // A kernel answers with RST when bytes are left unread; bytes that are unread here count as well.
    if (this.#received.length > 0) {
      this.reset();
      return;
    }
    this.#isClosed = true;
    this.#owner = undefined;
    if (this.#isConnecting) this.#socket.destroy();
    else this.#closeOnceFlushed();
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#owner = undefined;
    this.#received.clear();
    this.#destroyWithReset();
  }

  /** The runtime does not provide it. */
  tcpInfo(): TcpInfo | undefined {
    return undefined;
  }

  get #isSendOver(): boolean {
    return this.#errno !== 0 || this.#isSendShut || (this.#socket.destroyed && !this.#isConnecting);
  }

  #connected(): void {
    this.#isConnecting = false;
    this.#owner?.connected(0);
    this.#tellWritable();
  }

  #arrived(chunk: Uint8Array): void {
    if (this.#isClosed) {
      this.#destroyWithReset();
      return;
    }
    this.#received.push(chunk);
    if (this.#received.length >= READ_AHEAD_BYTES) {
      this.#isFlowing = false;
      this.#socket.pause();
    }
    this.#owner?.readable();
  }

  #ended(): void {
    this.#hasEnd = true;
    this.#owner?.readable();
  }

  #broke(errno: number): void {
    if (this.#isClosed || this.#errno !== 0) return;
    if (this.#isConnecting) {
      this.#isClosed = true;
      this.#owner?.connected(errno);
      this.#owner = undefined;
      return;
    }
    // The bytes that the stream still holds came before the break. For a receiver, a failed write is the peer's reset.
    const rest = this.#socket.read() as Uint8Array | null;
    if (rest !== null) this.#received.push(rest);
    this.#errno = errno === EPIPE ? ECONNRESET : errno;
    this.#owner?.readable();
    this.#tellWritable();
  }

  /** Expected after EOF, an error or a close of ours; otherwise the connection was lost. */
  #gone(): void {
    if (!this.#hasEnd) this.#broke(this.#isConnecting ? ECONNABORTED : ECONNRESET);
  }

  #tellWritable(): void {
    if (!this.#isSendShort || !this.isWritable) return;
    this.#isSendShort = false;
    this.#owner?.writable();
  }

  #closeOnceFlushed(): void {
    const socket = this.#socket;
    if (!this.#isFlowing) socket.resume();
    socket.destroySoon();
    if (socket.destroyed || socket.writableLength === 0) return;
    const timer = setTimeout(() => this.#destroyWithReset(), LINGER_MS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }

  #destroyWithReset(): void {
    const socket = this.#socket;
    if (this.#isConnecting || this.#path !== undefined) {
      socket.destroy();
      return;
    }
    // While libuv sends FIN it refuses to reset, and the runtime would lose the handle.
    const isSendingFin = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
    if (isSendingFin) socket.once('finish', () => socket.resetAndDestroy());
    else socket.resetAndDestroy();
  }
}
