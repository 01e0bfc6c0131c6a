// One connection as a Node stream.

import type { Duplex } from 'node:stream';
import { SockManError } from '../util/errors.ts';
import { errnoName, errnoText } from '../util/errno.ts';
import { nodeStream } from '../util/load-later.ts';
import type { Connection, SocketOwner } from './connection.ts';
import type { TurnLoop } from './turn-loop.ts';

/** A connection that a stream takes over. */
export interface ConnectionClaim {
  loop: TurnLoop;
  connection: Connection;
}

/**
 * Makes a stream over one connection. Reading and writing are independent: the peer's EOF ends the readable side only,
 * `end()` half-closes ours, and the socket is closed when both are over or on `destroy()`.
 */
export function duplexOver(claim: ConnectionClaim): Duplex {
  return new StreamedConnection(claim).stream;
}

/** What the stream does. Not a subclass of it: that would load Node's streams with this module. */
class StreamedConnection {
  readonly stream: Duplex;
  readonly #loop: TurnLoop;
  readonly #connection: Connection;
  /** The chunk the kernel took only part of, and who waits for the rest. */
  #unsent: { data: Uint8Array; done: (error?: Error | null) => void } | undefined;

  constructor({ loop, connection }: ConnectionClaim) {
    this.#loop = loop;
    this.#connection = connection;
    this.stream = new (nodeStream().Duplex)({
      allowHalfOpen: true,
      autoDestroy: true,
      emitClose: true,
      read: () => this.#read(),
      write: (chunk: Uint8Array, _encoding, done) => this.#write(chunk, done),
      final: (done) => this.#final(done),
      destroy: (error, done) => this.#destroy(error, done),
    });
    const owner: SocketOwner = {
      socketConnected: () => {},
      socketGotData: (data) => this.#received(data),
      socketGotEOF: () => void this.stream.push(null),
      socketGotReadError: (errno) => void this.stream.destroy(systemError('recv', errno)),
      socketReadyToSend: () => this.#sendUnsent(),
      socketClosed: () => void this.stream.destroy(),
    };
    loop.handOver(connection, owner);
  }

  #read(): void {
    if (!this.#connection.isClosed) this.#loop.backend.setReceiving(this.#connection.handle, true);
  }

  #write(data: Uint8Array, done: (error?: Error | null) => void): void {
    this.#unsent = { data, done };
    this.#sendUnsent();
  }

  #final(done: (error?: Error | null) => void): void {
    if (!this.#connection.isClosed) this.#loop.shutdownSend(this.#connection);
    done();
  }

  #destroy(error: Error | null, done: (error: Error | null) => void): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    this.#connection.owner = undefined;
    this.#loop.close(this.#connection);
    unsent?.done(error ?? new SockManError('ERR_SOCKMAN_STATE', 'the connection was closed'));
    done(error);
  }

  #received(data: Uint8Array): void {
    if (!this.stream.push(data.slice()) && !this.#connection.isClosed) {
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
