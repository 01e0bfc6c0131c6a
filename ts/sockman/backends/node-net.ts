// The backend for where there is no native one: Windows, Bun, Deno, `--no-addons`. Pure TypeScript on `node:net`.

import type { BackendOptions } from './backend.ts';
import { NetDriver } from './node-net/net-driver.ts';
import { ReadinessBackend } from './readiness/readiness-backend.ts';

/**
 * A `Backend` on `node:net`: the same callbacks and the same guarantees, but for what that module does not let one have.
 *
 * - "Taken by the kernel" is emulated: `send` copies the bytes to the stream as long as the stream holds less than 256 KiB
 *   (or `sendBufferBytes`) that the kernel has not taken, and room is told when all of them went. `close` goes on
 *   delivering them for up to 60 s.
 * - Bytes are read ahead, about 128 KiB a connection at most, also while receiving is off.
 * - Connections are accepted at once; a paused listener keeps up to `backlog` of them and drops the rest with RST. When
 *   descriptors run out, libuv itself accepts and closes what waits, mostly without a word: `ACCEPT_EXHAUSTED` may not come.
 * - A peer that resets before its turn to be accepted is never told: the runtime does not know its address any more.
 * - When a send fails, the runtime closes the socket, and what the peer sent last may be lost with it. An RST that comes
 *   behind bytes not read yet may be reported as the end: libuv takes a hang-up after a short read for one.
 * - `receiveBufferBytes` and `willSendMore` do nothing, `tcpInfoOf` knows nothing. `reusePort` takes Node 22.12 or 23.1
 *   (or later ones) or Bun; elsewhere `listen` fails with ENOTSUP.
 * - Deno hands IPv4 connections to IPv6-only listeners; they are accepted and reset.
 * - A failed connect over a Unix-domain path is told by a record, never by the call.
 */
export class NodeNetBackend extends ReadinessBackend {
  /** Closes the sockets of backends whose owner is gone: the runtime holds them, and would for ever. */
  static #dropped: FinalizationRegistry<ReadinessBackend> | undefined;

  constructor(options: BackendOptions) {
    super(new NetDriver(options), options);
  }

  closeWhenCollected(owner: object): void {
    NodeNetBackend.#dropped ??= new FinalizationRegistry((backend) => backend.destroy());
    NodeNetBackend.#dropped.register(owner, this);
  }
}
