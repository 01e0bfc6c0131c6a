// One connection as a Node stream.

import { Duplex } from 'node:stream';
import { SockManError } from '../util/errors.ts';
import { errnoName, errnoText } from '../util/errno.ts';
import type { Connection, SocketOwner } from './connection.ts';
import type { TurnLoop } from './turn-loop.ts';

/** A connection that a stream takes over. */
export interface ConnectionClaim {
  loop: TurnLoop;
  connection: Connection;
}

/**
 * A stream over one connection. Reading and writing are independent: the peer's EOF ends the readable side only, `end()`
 * half-closes ours, and the socket is closed when both are over or on `destroy()`.
 */
export class ConnectionDuplex extends Duplex {
  readonly #loop: TurnLoop;
  readonly #connection: Connection;
  /** The chunk the kernel took only part of, and who waits for the rest. */
  #unsent: { data: Uint8Array; done: (error?: Error | null) => void } | undefined;

  constructor({ loop, connection }: ConnectionClaim) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true });
    this.#loop = loop;
    this.#connection = connection;
    const owner: SocketOwner = {
      socketConnected: () => {},
      socketGotData: (data) => this.#received(data),
      socketGotEOF: () => void this.push(null),
      socketGotReadError: (errno) => void this.destroy(systemError('recv', errno)),
      socketReadyToSend: () => this.#sendUnsent(),
      socketClosed: () => void this.destroy(),
    };
    loop.handOver(connection, owner);
  }

  override _read(): void {
    if (!this.#connection.isClosed) this.#loop.backend.setReceiving(this.#connection.handle, true);
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#unsent = { data: chunk, done };
    this.#sendUnsent();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#connection.isClosed) this.#loop.backend.shutdownSend(this.#connection.handle);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    this.#connection.owner = undefined;
    this.#loop.close(this.#connection);
    unsent?.done(error ?? new SockManError('ERR_SOCKMAN_STATE', 'the connection was closed'));
    done(error);
  }

  #received(data: Uint8Array): void {
    if (!this.push(data.slice()) && !this.#connection.isClosed) {
      this.#loop.backend.setReceiving(this.#connection.handle, false);
    }
  }

  #sendUnsent(): void {
    const unsent = this.#unsent;
    if (unsent === undefined || this.#connection.isClosed) return;
    const sent = this.#loop.send(this.#connection, unsent.data, false);
    if (sent < 0) {
      this.#unsent = undefined;
      unsent.done(systemError('send', -sent));
    } else if (sent === unsent.data.length) {
      this.#unsent = undefined;
      unsent.done();
    } else unsent.data = unsent.data.subarray(sent);
  }
}

function systemError(syscall: string, errno: number): SockManError {
  const text = `${syscall} failed: ${errnoText(errno)}`;
  return new SockManError('ERR_SOCKMAN_SYSTEM', text, { errno, syscall, cause: errnoName(errno) });
}
