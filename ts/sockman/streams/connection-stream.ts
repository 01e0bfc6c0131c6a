// The stream of one connection as its users see it: a `Duplex` with what programs ask of a `net.Socket`.
//
// HTTP and TLS clients are written for `net.Socket`: they set time-outs, options and `ref`, and read addresses. The bytes
// are handled in duplex.ts.

import type { Duplex, DuplexOptions } from 'node:stream';
import { addressAndPort } from '../../netaddr/service.ts';
import type { Service } from '../../netaddr/service.ts';
import { lazily, nodeStream } from '../../util/load-later.ts';
import { MAX_TIMEOUT_MS, integer } from '../options.ts';
import { Deadline } from '../turn/deadline.ts';
import type { Pace } from '../turn/deadline.ts';

/** Result of `SockMan.duplex`: a `Duplex` with the members of `net.Socket` that clients use. */
export interface ConnectionStream extends Duplex {
  /** The connection's id at its `SockMan`. */
  readonly nodeId: number;
  /** The ends of `SockMan.addressesOf`, named as in `net.Socket`. A Unix-domain socket has a path and no port. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: 'IPv4' | 'IPv6' | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly localFamily: 'IPv4' | 'IPv6' | undefined;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Always false: the connection is established. */
  readonly connecting: boolean;
  readonly pending: boolean;
  /** The time set by `setTimeout`, in milliseconds. */
  readonly timeout: number | undefined;

  /** Our end, as `net.Socket.address` gives it. */
  address(): { address: string; port: number; family: string } | Record<string, never>;
  /**
   * Emits `timeout` after this time without a byte in either direction; closes nothing. 0, the default, means never.
   * @param callback - A listener of `timeout`, called once.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: not a whole number of milliseconds from 0 to 2^31 - 1.
   */
  setTimeout(ms: number, callback?: () => void): this;
  /** Has no effect, for clients that call it: the option `noDelay` of the `SockMan` decides. */
  setNoDelay(noDelay?: boolean): this;
  /** Has no effect, for clients that call it: the option `keepAliveSeconds` of the `SockMan` decides. */
  setKeepAlive(enable?: boolean, initialDelayMs?: number): this;
  /** Has no effect, for clients that call it: `SockMan.ref` and `unref` decide for all its connections. */
  ref(): this;
  /** As `ref`. */
  unref(): this;
  /** Destroys the stream once everything that was written is sent. */
  destroySoon(): void;
}

/** Facts of the connection that a stream shows. */
export interface ConnectionFacts {
  readonly nodeId: number;
  readonly local: Service | undefined;
  readonly remote: Service | undefined;
  readonly pace: Pace;
}

/** The stream with the methods for duplex.ts. */
export interface DrivenStream extends ConnectionStream {
  /** Bytes were received or sent. */
  noteTraffic(readBytes: number, writtenBytes: number): void;
  /** Nothing is received or sent any more. */
  endTimeout(): void;
}

/** Made on first use, because the class it extends loads many of Node's modules. */
const streamClass = lazily(() => {
  class SocketStream extends nodeStream().Duplex implements DrivenStream {
    readonly nodeId: number;
    readonly connecting = false;
    readonly pending = false;
    bytesRead = 0;
    bytesWritten = 0;
    timeout: number | undefined = undefined;
    readonly #facts: ConnectionFacts;
    readonly #deadline: Deadline;

    constructor(options: DuplexOptions, facts: ConnectionFacts, inContext: (tell: () => void) => void) {
      super(options);
      this.nodeId = facts.nodeId;
      this.#facts = facts;
      this.#deadline = new Deadline(facts.pace, () => inContext(() => this.emit('timeout')));
    }

    get remoteAddress(): string | undefined {
      return this.#facts.remote && addressAndPort(this.#facts.remote).address;
    }
    get remotePort(): number | undefined {
      return this.#facts.remote && addressAndPort(this.#facts.remote).port;
    }
    get remoteFamily(): 'IPv4' | 'IPv6' | undefined {
      return familyOf(this.#facts.remote);
    }
    get localAddress(): string | undefined {
      return this.#facts.local && addressAndPort(this.#facts.local).address;
    }
    get localPort(): number | undefined {
      return this.#facts.local && addressAndPort(this.#facts.local).port;
    }
    get localFamily(): 'IPv4' | 'IPv6' | undefined {
      return familyOf(this.#facts.local);
    }

    address(): { address: string; port: number; family: string } | Record<string, never> {
      const { localAddress: address, localPort: port, localFamily: family } = this;
      return address === undefined || port === undefined || family === undefined ? {} : { address, port, family };
    }

    setTimeout(ms: number, callback?: () => void): this {
      this.timeout = integer('ms', ms, 0, 0, MAX_TIMEOUT_MS);
      this.endTimeout();
      if (callback !== undefined) {
        if (ms === 0) this.removeListener('timeout', callback);
        else this.once('timeout', callback);
      }
      if (ms > 0 && !this.destroyed) this.#deadline.set(ms);
      return this;
    }

    setNoDelay(): this {
      return this;
    }
    setKeepAlive(): this {
      return this;
    }
    ref(): this {
      return this;
    }
    unref(): this {
      return this;
    }

    destroySoon(): void {
      if (this.writable) this.end();
      if (this.writableFinished) this.destroy();
      else this.once('finish', () => this.destroy());
    }

    noteTraffic(readBytes: number, writtenBytes: number): void {
      this.bytesRead += readBytes;
      this.bytesWritten += writtenBytes;
      if (this.timeout !== undefined && this.timeout > 0 && !this.destroyed) this.#deadline.set(this.timeout);
    }

    endTimeout(): void {
      this.#deadline.cancel();
    }
  }
  return SocketStream;
});

/** @param inContext - Makes a call in the asynchronous context that the stream belongs to. */
export function makeConnectionStream(
  options: DuplexOptions,
  facts: ConnectionFacts,
  inContext: (tell: () => void) => void,
): DrivenStream {
  return new (streamClass())(options, facts, inContext);
}

function familyOf(end: Service | undefined): 'IPv4' | 'IPv6' | undefined {
  if (end === undefined || end.unixPath !== undefined) return undefined;
  if (end.address.isIPv4()) return 'IPv4';
  return end.address.isIPv6() || end.address.isCJDNS() ? 'IPv6' : undefined;
}
