// A remote end that a test plays by hand: raw bytes in and out, without a `SockMan`.

import type { Service } from '../../../netaddr/service.ts';
import { EAGAIN } from '../../../util/errors/errno.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { StreamOwner, StreamSocket } from '../readiness/driver.ts';

/** Most bytes of one read of a peer. */
export const PEER_READ_BYTES = 64 * 1024;

/**
 * One end of a connection in a `MemoryNetwork`, played by a test. Made by `MemoryNetwork.connect` and `.listen`.
 *
 * Reads by itself unless paused. Its actions take effect when the network's clock runs. The network's latency applies to it,
 * the fault script does not.
 *
 * @example
 * const peer = net.connect('127.0.0.1:8333');
 * peer.send('hello');
 * net.clock.runUntilIdle();
 * assert.equal(peer.takeText(), 'hello, too');
 */
export class MemoryPeer {
  readonly #socket: StreamSocket;
  readonly #received = new ByteQueue();
  readonly #scratch: Uint8Array;
  #unsent: Uint8Array[] = [];
  #isConnected: boolean;
  #connectErrno: number | undefined;
  #readErrno: number | undefined;
  #sendErrno: number | undefined;
  #hasEOF = false;
  #isPaused = false;
  #isEnding = false;
  #isClosed = false;
  #watchers: (() => void)[] = [];

  /**
   * For `MemoryNetwork`.
   *
   * @param scratch - Room for `PEER_READ_BYTES`, used within a call only; shared by the peers of a network.
   * @internal
   */
  constructor(socket: StreamSocket, isConnected: boolean, scratch: Uint8Array) {
    this.#socket = socket;
    this.#scratch = scratch;
    this.#isConnected = isConnected;
    const owner: StreamOwner = {
      connected: (errno) => this.#connected(errno),
      readable: () => this.#read(),
      writable: () => this.#flush(),
    };
    socket.attach(owner);
    if (isConnected) this.#read();
  }

  /** This end; undefined for a Unix-domain socket without a name. */
  get local(): Service | undefined {
    return this.#socket.local;
  }

  /** The other end; undefined for a Unix-domain socket without a name. */
  get remote(): Service | undefined {
    return this.#socket.remote;
  }

  /** Whether the connection was established; stays true when it ends. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Positive errno of a connect that failed. */
  get connectErrno(): number | undefined {
    return this.#connectErrno;
  }

  /** The other end closed its writing side, and everything it sent was read. */
  get hasEOF(): boolean {
    return this.#hasEOF;
  }

  /** Positive errno of a read that failed: ECONNRESET after the other end's RST. Everything it sent before was read. */
  get readErrno(): number | undefined {
    return this.#readErrno;
  }

  /** Positive errno of a send that failed. Unsent bytes are dropped. */
  get sendErrno(): number | undefined {
    return this.#sendErrno;
  }

  /** Bytes that were read and not taken yet. */
  get receivedBytes(): number {
    return this.#received.length;
  }

  /** Bytes given to `send` that the socket has not taken yet. */
  get unsentBytes(): number {
    return this.#unsent.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Takes read bytes, up to `maxBytes`. @returns A copy. */
  take(maxBytes: number = Infinity): Uint8Array {
    return this.#received.shift(maxBytes);
  }

  /** Takes everything that was read, as UTF-8. */
  takeText(): string {
    return new TextDecoder().decode(this.take());
  }

  /** Sends bytes, or text as UTF-8. Copies them; the rest is sent when the socket has room. */
  send(data: Uint8Array | string): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#unsent.push(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice());
    this.#flush();
  }

  /** Stops reading: the other end can then fill two buffers, and no more. */
  pauseReading(): void {
    this.#isPaused = true;
  }

  /** Reads again after `pauseReading`. */
  resumeReading(): void {
    this.#isPaused = false;
    this.#read();
  }

  /** Closes the writing side once everything was sent. Reading goes on. */
  end(): void {
    this.#isEnding = true;
    this.#flush();
  }

  /** Closes the connection. As with a kernel's socket, it sends RST if bytes arrived and were not read (paused). */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#changed();
  }

  /** Closes the connection with RST. */
  reset(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.reset();
    this.#changed();
  }

  /**
   * Waits until `condition` holds; checks now, and after every event of this peer. For networks with `autoRun`: without it,
   * time stands still while waiting.
   *
   * @example await peer.until(() => peer.receivedBytes >= 24);
   */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve();
        else this.#watchers.push(look);
      };
      look();
    });
  }

  #connected(errno: number): void {
    if (errno === 0) {
      this.#isConnected = true;
      this.#flush();
    } else {
      this.#connectErrno = errno;
      this.#isClosed = true;
    }
    this.#changed();
  }

  #read(): void {
    if (this.#isPaused || this.#isClosed || this.#hasEOF || this.#readErrno !== undefined) return;
    for (;;) {
      const count = this.#socket.receive(this.#scratch, 0, PEER_READ_BYTES);
      if (count === -EAGAIN) break;
      if (count <= 0) {
        if (count === 0) this.#hasEOF = true;
        else this.#readErrno = -count;
        break;
      }
      this.#received.push(this.#scratch.slice(0, count));
    }
    this.#changed();
  }

  #flush(): void {
    if (this.#isClosed || !this.#isConnected) return;
    while (this.#unsent.length > 0) {
      const chunk = this.#unsent[0]!;
      const taken = this.#socket.send(chunk);
      if (taken < 0) {
        this.#sendErrno = -taken;
        this.#unsent = [];
        break;
      }
      if (taken < chunk.length) {
        this.#unsent[0] = chunk.subarray(taken);
        break;
      }
      this.#unsent.shift();
    }
    if (this.#isEnding && this.#unsent.length === 0) this.#socket.shutdownSend();
    this.#changed();
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}
