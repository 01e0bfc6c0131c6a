// The handshake of a connection in a `MemoryNetwork`: SYN, SYN-ACK and ACK, each with the latency of the network.
//
// A listener whose queue is full drops the SYN, and the dialing end sends it again after one second, then two, four and so
// on, as Linux does; an address without a listener answers with RST at once.

import { ECONNREFUSED, EHOSTUNREACH, ETIMEDOUT } from '../../../util/errors/errno.ts';
import type { Service } from '../../../netaddr/service.ts';
import type { AddressSpace } from './address-space.ts';
import type { Conditions } from './conditions.ts';
import type { ConnectFault } from './fault-script.ts';
import type { MemoryListener } from './memory-listener.ts';
import { MemorySocket } from './memory-socket.ts';

/** Wait before the first repetition of a SYN, milliseconds; it doubles each time. (RFC 6298; Linux TCP_TIMEOUT_INIT) */
const FIRST_SYN_RETRY_MS = 1_000;

/** Repetitions before a connect times out, as a count. (Linux tcp_syn_retries) */
const SYN_RETRY_COUNT = 6;

/** Time after which a connect without an answer times out: 1 + 2 + … + 64 s. */
export const CONNECT_TIMED_OUT_MS = FIRST_SYN_RETRY_MS * (2 ** (SYN_RETRY_COUNT + 1) - 1);

/** Connects a dialing socket to its listener, and reports the outcome to the socket. */
export class TcpHandshake {
  readonly #conditions: Conditions;
  readonly #space: AddressSpace;
  readonly #socket: MemorySocket;
  readonly #to: Service;
  #sentSynCount = 0;

  /** @param to - Where the connection goes; not a wildcard. */
  constructor(conditions: Conditions, space: AddressSpace, socket: MemorySocket, to: Service) {
    this.#conditions = conditions;
    this.#space = space;
    this.#socket = socket;
    this.#to = to;
  }

  start(fault: ConnectFault | undefined): void {
    if (fault === 'silent') return;
    if (fault === 'timed-out') this.#failAfter(CONNECT_TIMED_OUT_MS, ETIMEDOUT);
    else if (fault === 'refused') this.#answer(() => this.#socket.endConnect(ECONNREFUSED));
    else if (fault === 'unreachable') this.#answer(() => this.#socket.endConnect(EHOSTUNREACH));
    else this.#sendSyn();
  }

  #sendSyn(): void {
    if (this.#socket.isClosed) return;
    this.#sentSynCount++;
    this.#socket.travel(() => this.#synArrived());
  }

  #synArrived(): void {
    if (this.#socket.isClosed) return;
    const listener = this.#space.find(this.#to);
    if (listener === undefined && this.#socket.local?.equals(this.#to) === true) {
      // Its own SYN finds the socket dialing that port: a simultaneous open with itself.
      MemorySocket.establish(this.#socket, this.#socket);
      this.#socket.endConnect(0);
    } else if (listener === undefined) {
      this.#socket.travel(() => this.#socket.endConnect(ECONNREFUSED));
    } else if (listener.claim()) {
      this.#accepted(listener);
    } else {
      const waitMs = FIRST_SYN_RETRY_MS * 2 ** (this.#sentSynCount - 1);
      if (this.#sentSynCount > SYN_RETRY_COUNT) this.#failAfter(waitMs, ETIMEDOUT);
      else this.#conditions.clock.after(waitMs, () => this.#sendSyn());
    }
  }

  #accepted(listener: MemoryListener): void {
    const isUnix = this.#to.unixPath !== undefined;
    const serverEnd = new MemorySocket(listener.setup, this.#to, isUnix ? undefined : this.#socket.local);
    serverEnd.travel(() => {
      if (this.#socket.isClosed) {
        listener.giveUp();
        return;
      }
      MemorySocket.establish(this.#socket, serverEnd);
      this.#socket.travel(() => {
        if (listener.isClosed) serverEnd.reset();
        else listener.push(serverEnd);
      });
      this.#socket.endConnect(0);
    });
  }

  /** An answer without a listener, after a round trip. */
  #answer(tell: () => void): void {
    this.#socket.travel(() => this.#socket.travel(tell));
  }

  #failAfter(waitMs: number, errno: number): void {
    this.#conditions.clock.after(waitMs, () => this.#socket.endConnect(errno));
  }
}
