// One end of a connection in a `MemoryNetwork`: a socket as kernels make them, without retransmissions.
//
// Bytes that `send` takes stay in the send buffer until they have arrived in the other end's receive buffer, and are
// transmitted only as far as there is room there; so a peer that does not read stops the writer after two full buffers. FIN
// follows the bytes sent before it, RST overtakes those that are still in the send buffer. Acknowledgements and window
// updates take no time.
//
// Like Linux: bytes received before an RST can still be read, and an EOF that was received remains whatever follows it;
// closing with unread bytes, or receiving bytes after the close, answers with RST.

import type { Service } from '../../../netaddr/service.ts';
import { EAGAIN, ECONNRESET, ENOTCONN, EPIPE } from '../../../util/errors/errno.ts';
import type { TcpInfo } from '../backend.ts';
import { ByteQueue } from '../byte-queue.ts';
import type { StreamOwner, StreamSocket } from '../readiness/driver.ts';
import type { SocketSetup } from './conditions.ts';
import type { FaultSite } from './fault-script.ts';

/** Initial window of a connection, in segments, as `tcpInfo` reports it: this network never congests. (RFC 6928) */
const CONGESTION_WINDOW_SEGMENTS = 10;

export class MemorySocket implements StreamSocket {
  readonly local: Service | undefined;
  readonly remote: Service | undefined;
  readonly #setup: SocketSetup;
  #owner: StreamOwner | undefined;
  /** The other end; undefined until the connection is established. */
  #peer: MemorySocket | undefined;
  #isClosed = false;
  /** False while the connection waits to be accepted. */
  #hasDescriptor = false;
  /** Called once, when the owner closes the socket or the connect fails. */
  readonly #whenReleased: (() => void) | undefined;
  /** Arrival time of the last segment sent: later ones arrive no earlier. */
  #lastArrivalMs = 0;

  readonly #unsent = new ByteQueue();
  /** Bytes of the send buffer in use: unsent or in transit. */
  #unacknowledgedBytes = 0;
  #isSendShut = false;
  #isFinSent = false;
  /** A send was short, and the owner has not been told of room since. */
  #isSendShort = false;
  /** A fault blocks sends until the clock has run the entries that are due now. */
  #isHeldBack = false;

  readonly #received = new ByteQueue();
  #bytesOnTheWay = 0;
  #hasFin = false;
  /** An RST was sent or received: nothing is transmitted in either direction any more. */
  #hasReset = false;

  #sendCount = 0;
  #receiveCount = 0;
  #segmentCount = 0;

  constructor(setup: SocketSetup, local: Service | undefined, remote: Service | undefined, whenReleased?: () => void) {
    this.#setup = setup;
    this.local = local;
    this.remote = remote;
    this.#whenReleased = whenReleased;
  }

  // ---- For the network ----------------------------------------------------------------------------------------------

  get isClosed(): boolean {
    return this.#isClosed;
  }

  takeDescriptor(): void {
    this.#hasDescriptor = true;
    this.#setup.descriptors.opened();
  }

  /** Joins two ends. Each may send from now on. */
  static establish(a: MemorySocket, b: MemorySocket): void {
    a.#peer = b;
    b.#peer = a;
  }

  /** Tells the owner how its connect ended. */
  endConnect(errno: number): void {
    if (this.#isClosed) return;
    const owner = this.#owner;
    if (errno !== 0) this.#release();
    owner?.connected(errno);
    if (errno === 0) this.#tellWritable();
  }

  /** Calls `arrive` at the other end, after everything that was sent earlier. */
  travel(arrive: () => void): void {
    const { clock, latencyMs, faults } = this.#setup.conditions;
    const now = clock.now();
    if (this.remote?.unixPath === undefined && this.local?.unixPath === undefined) {
      const delayMs = faults.latencyMs?.(this.#siteOf(this.#segmentCount++)) ?? latencyMs;
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, now + Math.max(0, delayMs));
    } else {
      this.#lastArrivalMs = now;
    }
    clock.workAt(this.#lastArrivalMs, arrive);
  }

  // ---- For the owner ------------------------------------------------------------------------------------------------

  attach(owner: StreamOwner): void {
    this.#owner = owner;
  }

  get isReadable(): boolean {
    return this.#received.length > 0 || this.#hasFin || this.#hasReset;
  }

  receive(into: Uint8Array, offset: number, maxBytes: number): number {
    if (this.#received.length > 0) {
      const limit = this.#setup.conditions.faults.receive?.(this.#siteOf(this.#receiveCount++));
      if (limit !== 'reset') {
        const received = this.#received.shiftInto(into, offset, Math.min(maxBytes, Math.max(1, limit ?? maxBytes)));
        if (this.#peer !== undefined) this.#peer.#transmit();
        return received;
      }
      this.#received.clear();
      this.#break();
    }
    if (this.#hasFin) return 0;
    return this.#hasReset ? -ECONNRESET : -EAGAIN;
  }

  get isWritable(): boolean {
    if (this.#peer === undefined || this.#isHeldBack) return false;
    return this.#hasReset || this.#isSendShut || this.#unacknowledgedBytes < this.#setup.sendBufferBytes;
  }

  send(data: Uint8Array): number {
    if (this.#hasReset) return this.#hasFin ? -EPIPE : -ECONNRESET;
    if (this.#isSendShut) return -EPIPE;
    if (this.#peer === undefined || this.#isHeldBack) {
      this.#isSendShort = true;
      return 0;
    }
    const limit = this.#setup.conditions.faults.send?.(this.#siteOf(this.#sendCount++));
    if (limit === 'reset') {
      this.#break();
      return -ECONNRESET;
    }
    const room = Math.min(data.length, this.#setup.sendBufferBytes - this.#unacknowledgedBytes);
    const taken = Math.min(room, Math.max(0, limit ?? room));
    if (taken < room) this.#holdBack();
    this.#isSendShort = taken < data.length;
    this.#unacknowledgedBytes += taken;
    this.#unsent.push(data.slice(0, taken));
    this.#transmit();
    return taken;
  }

  shutdownSend(): number {
    if (this.#peer === undefined || this.#hasReset) return -ENOTCONN;
    this.#isSendShut = true;
    this.#transmit();
    return 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#release();
    if (this.#received.length > 0) {
      this.#sendReset();
    } else {
      this.#isSendShut = true;
      this.#transmit();
    }
  }

  reset(): void {
    if (this.#isClosed) return;
    this.#release();
    this.#sendReset();
  }

  tcpInfo(): TcpInfo | undefined {
    if (this.local?.unixPath !== undefined || this.remote?.unixPath !== undefined) return undefined;
    return {
      roundTripMs: 2 * this.#setup.conditions.latencyMs,
      roundTripVarianceMs: 0,
      retransmittedSegments: 0,
      unsentBytes: this.#unacknowledgedBytes,
      sendCongestionWindowSegments: CONGESTION_WINDOW_SEGMENTS,
    };
  }

  // ---- The way to the other end -------------------------------------------------------------------------------------

  /** Transmits what the other end has room for, and FIN after the last byte. */
  #transmit(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#hasReset) return;
    const bytes = this.#unsent.shift(peer.#windowBytes);
    if (bytes.length > 0) {
      peer.#bytesOnTheWay += bytes.length;
      this.travel(() => peer.#arrived(bytes));
    }
    if (this.#isSendShut && !this.#isFinSent && this.#unsent.length === 0) {
      this.#isFinSent = true;
      this.travel(() => peer.#finArrived());
    }
  }

  #sendReset(): void {
    const peer = this.#peer;
    if (peer === undefined || this.#hasReset) return;
    this.#hasReset = true;
    this.#unsent.clear();
    this.travel(() => peer.#resetArrived());
  }

  /** Breaks the connection in the middle: both ends receive an RST. */
  #break(): void {
    this.#sendReset();
    this.#owner?.readable();
    this.#tellWritable();
  }

  // ---- What comes from the other end --------------------------------------------------------------------------------

  /** Room for bytes that are not in transit yet. A closed end takes any number, to answer with RST. */
  get #windowBytes(): number {
    if (this.#isClosed) return Infinity;
    return Math.max(0, this.#setup.receiveBufferBytes - this.#received.length - this.#bytesOnTheWay);
  }

  #arrived(bytes: Uint8Array): void {
    this.#bytesOnTheWay -= bytes.length;
    if (this.#hasReset) return;
    if (this.#isClosed) {
      this.#sendReset();
      return;
    }
    this.#received.push(bytes);
    if (this.#peer !== undefined) this.#peer.#acknowledged(bytes.length);
    this.#owner?.readable();
  }

  #finArrived(): void {
    if (this.#isClosed || this.#hasReset) return;
    this.#hasFin = true;
    this.#owner?.readable();
  }

  #resetArrived(): void {
    if (this.#hasReset) return;
    this.#hasReset = true;
    this.#unsent.clear();
    this.#owner?.readable();
    this.#tellWritable();
  }

  #acknowledged(bytes: number): void {
    this.#unacknowledgedBytes -= bytes;
    this.#tellWritable();
  }

  // ---- Small things -------------------------------------------------------------------------------------------------

  #tellWritable(): void {
    if (!this.#isSendShort || !this.isWritable) return;
    this.#isSendShort = false;
    this.#owner?.writable();
  }

  #holdBack(): void {
    const { clock } = this.#setup.conditions;
    this.#isHeldBack = true;
    clock.workAt(clock.now(), () => {
      this.#isHeldBack = false;
      this.#tellWritable();
    });
  }

  #release(): void {
    this.#isClosed = true;
    this.#owner = undefined;
    if (this.#hasDescriptor) this.#setup.descriptors.closed();
    this.#whenReleased?.();
  }

  #siteOf(count: number): FaultSite {
    const { clock, random } = this.#setup.conditions;
    return { local: this.local, remote: this.remote, count, nowMs: clock.now(), random };
  }
}
