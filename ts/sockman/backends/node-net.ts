// The backend for where there is no native one: Windows, Bun, Deno, `--no-addons`. Pure TypeScript on `node:net`.

import type { BackendOptions } from './backend.ts';
import { NetDriver } from './node-net/net-driver.ts';
import { ReadinessBackend } from './readiness/readiness-backend.ts';

/**
 * A `Backend` on `node:net`: the same callbacks and the same guarantees, except where that module prevents them:
 *
 * - "Taken by the kernel" is emulated: `send` copies the bytes to the stream as long as the stream holds less than 256 KiB
 *   (or `sendBufferBytes`) that the kernel has not taken, and room is reported when all of them are gone. `close` goes on
 *   delivering them for up to 60 s.
 * - Bytes are read ahead, about 128 KiB a connection at most, also while receiving is off.
 * - Connections are accepted at once; a paused listener keeps up to `backlog` of them and drops the rest with RST. When
 *   descriptors run out, libuv itself accepts and closes what waits, mostly without an error: `ACCEPT_EXHAUSTED` may be
 *   missing.
 * - A peer that resets before it is accepted is never reported: the runtime no longer knows its address.
 * - When a send fails, the runtime closes the socket, and the last bytes from the peer may be lost. An RST that arrives
 *   behind unread bytes may be reported as EOF: libuv takes a hang-up after a short read for one.
 * - `receiveBufferBytes` and `willSendMore` have no effect, `tcpInfoOf` gives undefined. `reusePort` needs Bun, Node 22.12
 *   or 23.1, or a later version; elsewhere `listen` fails with ENOTSUP.
 * - Deno hands IPv4 connections to IPv6-only listeners; they are accepted and reset.
 * - A failed connect over a Unix-domain path is reported by a record, never by the call.
 */
export class NodeNetBackend extends ReadinessBackend {
  /** Closes the sockets of backends whose owner was garbage-collected: the runtime would keep them open. */
  static #dropped: FinalizationRegistry<ReadinessBackend> | undefined;

  constructor(options: BackendOptions) {
    super(new NetDriver(options), options);
  }

  closeWhenCollected(owner: object): void {
    NodeNetBackend.#dropped ??= new FinalizationRegistry((backend) => backend.destroy());
    NodeNetBackend.#dropped.register(owner, this);
  }
}
