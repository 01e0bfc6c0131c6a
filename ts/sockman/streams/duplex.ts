// One connection as a Node stream: how bytes, ends and errors go in and out of it.
//
// Events of a stream are emitted in the asynchronous context (`AsyncLocalStorage`) of the call of `duplex`, and the callback
// of a write that had to wait runs in the context of the write: a turn serves the connections of many requests, and runs in
// the context of none of them.

import type { AsyncResource } from 'node:async_hooks';
import { addressAndPort } from '../../netaddr/service.ts';
import type { Service } from '../../netaddr/service.ts';
import { SockManError } from '../../util/errors/errors.ts';
import { nodeAsyncHooks } from '../../util/load-later.ts';
import { SystemError } from '../../util/errors/system-error.ts';
import { makeConnectionStream } from './connection-stream.ts';
import type { ConnectionStream, DrivenStream } from './connection-stream.ts';
import type { Connection, SocketOwner } from '../connections/connection.ts';
import type { TurnLoop } from '../turn/turn-loop.ts';

/** A connection that a stream takes over. */
export interface ConnectionClaim {
  loop: TurnLoop;
  connection: Connection;
}

/**
 * Makes a stream over one connection. Reading and writing are independent: the peer's EOF ends the readable side only,
 * `end()` half-closes ours, and the socket is closed when both sides have ended, or by `destroy()`.
 */
export function duplexOver(claim: ConnectionClaim): ConnectionStream {
  return new StreamedConnection(claim).stream;
}

type Done = (error?: Error | null) => void;

/** A chunk that the kernel took only in part, with the callback that waits for the rest and its context. */
interface Unsent {
  data: Uint8Array;
  readonly done: Done;
  readonly context: AsyncResource;
}

/** Drives the stream: connects it with the socket, as the socket's owner. */
class StreamedConnection implements SocketOwner {
  readonly stream: DrivenStream;
  readonly #loop: TurnLoop;
  readonly #connection: Connection;
  readonly #remote: Service | undefined;
  readonly #context = newContext();
  #unsent: Unsent | undefined;
  /** Called when the bytes of `queueBytes` are sent. */
  #whenFlushed: Done | undefined;

  constructor({ loop, connection }: ConnectionClaim) {
    this.#loop = loop;
    this.#connection = connection;
    const ends = loop.sockets.endsOf(connection);
    this.#remote = ends?.remote;
    this.stream = makeConnectionStream(
      {
        allowHalfOpen: true,
        autoDestroy: true,
        emitClose: true,
        read: () => this.#read(),
        write: (chunk: Uint8Array, _encoding, done) => this.#write(chunk, done),
        final: (done) => this.#final(done),
        destroy: (error, done) => this.#destroy(error, done),
      },
      { nodeId: connection.nodeId, local: ends?.local, remote: ends?.remote, pace: loop },
      (tell) => this.#context.runInAsyncScope(tell),
    );
    loop.sockets.handOver(connection, this);
  }

  // ---- SocketOwner --------------------------------------------------------------------------------------------------

  socketConnected(): void {}

  socketGotData(data: Uint8Array): void {
    this.#context.runInAsyncScope(this.#received, this, data);
  }

  socketGotEOF(): void {
    this.#context.runInAsyncScope(() => this.stream.push(null));
  }

  socketGotReadError(errno: number): void {
    this.#context.runInAsyncScope(() => this.stream.destroy(this.#systemError('read', errno)));
  }

  socketReadyToSend(): void {
    this.#sendUnsent();
    const done = this.#whenFlushed;
    this.#whenFlushed = undefined;
    if (done !== undefined) this.#context.runInAsyncScope(done);
  }

  socketClosed(): void {
    this.#context.runInAsyncScope(() => this.stream.destroy());
  }

  // ---- The stream's side ----------------------------------------------------------------------------------------

  #read(): void {
    if (!this.#connection.isClosed) this.#loop.backend.setReceiving(this.#connection.handle, true);
  }

  #received(data: Uint8Array): void {
    this.stream.noteTraffic(data.length, 0);
    if (!this.stream.push(data.slice()) && !this.#connection.isClosed) {
      this.#loop.backend.setReceiving(this.#connection.handle, false);
    }
  }

  #write(data: Uint8Array, done: Done): void {
    const sent = this.#send(data);
    if (sent < 0) done(this.#systemError('write', sent));
    else if (sent === data.length) done();
    else this.#unsent = { data: data.subarray(sent), done, context: newContext() };
  }

  #sendUnsent(): void {
    const unsent = this.#unsent;
    if (unsent === undefined) return;
    const sent = this.#send(unsent.data);
    if (sent >= 0 && sent < unsent.data.length) {
      unsent.data = unsent.data.subarray(sent);
      return;
    }
    this.#unsent = undefined;
    unsent.context.runInAsyncScope(unsent.done, undefined, sent < 0 ? this.#systemError('write', sent) : null);
  }

  #send(data: Uint8Array): number {
    const sent = this.#loop.sending.send(this.#connection, data, false);
    if (sent > 0) this.stream.noteTraffic(0, sent);
    return sent;
  }

  #final(done: Done): void {
    const { sending } = this.#loop;
    if (!this.#connection.isClosed) sending.shutdown(this.#connection);
    // A stream that is over is closed, and the waiting bytes are dropped.
    if (sending.queuedBytesOf(this.#connection) > 0) this.#whenFlushed = done;
    else done();
  }

  #destroy(error: Error | null, done: (error: Error | null) => void): void {
    const unsent = this.#unsent;
    this.#unsent = undefined;
    this.stream.endTimeout();
    this.#connection.owner = undefined;
    this.#loop.sockets.close(this.#connection);
    if (unsent !== undefined) {
      const reason = error ?? new SockManError('ERR_SOCKMAN_STATE', 'the connection was closed');
      unsent.context.runInAsyncScope(unsent.done, undefined, reason);
    }
    // `error` and `close` are emitted after this.
    this.#context.runInAsyncScope(done, undefined, error);
  }

  #systemError(syscall: string, errno: number): SystemError {
    const { nodeId } = this.#connection;
    const details = this.#remote === undefined ? {} : addressAndPort(this.#remote);
    return new SystemError(syscall, errno, { connectionId: nodeId, ...details });
  }
}

/** The context of the caller. */
function newContext(): AsyncResource {
  return new (nodeAsyncHooks().AsyncResource)('SockManStream');
}
