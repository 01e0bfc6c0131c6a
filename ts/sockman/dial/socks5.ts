// SOCKS5 client (RFC 1928) with user name and password (RFC 1929), as a handshake over bytes.
//
// Only CONNECT, and only with the address as text (ATYP 03): the proxy resolves names and numeric text alike, and a name
// never leaves this machine in a DNS query. The bound address of the reply is skipped. Replies are checked byte by byte, as
// early as possible, so nothing is buffered and a pending dial stays small.
//
//   client                                          proxy
//   05 NMETHODS METHODS                        →
//                                              ←    05 METHOD
//   01 ULEN user PLEN password                 →                             only if METHOD is 02
//                                              ←    01 00
//   05 01 00 03 LEN host PORT(big-endian)      →
//                                              ←    05 REP 00 ATYP address PORT

import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import { NO_BYTES, WAIT_FOR_MORE, handshakeIsOver } from './dial.ts';
import type { Handshake, HandshakeOutcome, HandshakeStep, Interruption } from './dial.ts';
import { dialFailure, socks5ReplyFailure } from './failure.ts';
import type { DialFailure, DialFailureCode } from './failure.ts';
import type { ProxyCredentials } from './stream-isolation.ts';

/**
 * Time for each step of the handshake, in milliseconds. Tor answers a request for an onion service only when it has reached
 * it, or after 120 s; Bitcoin Core waits as long as this. (src/netbase.cpp, SOCKS5_RECV_TIMEOUT.)
 */
export const SOCKS5_STEP_TIMEOUT_MS = 20_000;

/** Longest host, user name and password in bytes: their length is one byte on the wire. */
const SOCKS5_MAX_FIELD_BYTES = 255;

const VERSION = 0x05;
const AUTH_VERSION = 0x01;
const METHOD_NONE = 0x00;
const METHOD_PASSWORD = 0x02;
const COMMAND_CONNECT = 0x01;
const ADDRESS_IPV4 = 0x01;
const ADDRESS_DOMAIN = 0x03;
const ADDRESS_IPV6 = 0x04;

const step = (name: string): HandshakeStep => ({
  name,
  sendTimeoutMs: SOCKS5_STEP_TIMEOUT_MS,
  replyTimeoutMs: SOCKS5_STEP_TIMEOUT_MS,
});
const GREETING = step('SOCKS5 method choice');
const AUTHENTICATION = step('SOCKS5 authentication');
const REPLY = step('SOCKS5 reply');
const BOUND_NAME_LENGTH = step('SOCKS5 bound name length');
const BOUND_ADDRESS = step('SOCKS5 bound address');
const BOUND_PORT = step('SOCKS5 bound port');

/** The byte of the conversation that comes next. */
const Expect = {
  NOTHING: 0,
  METHOD_VERSION: 1,
  METHOD: 2,
  AUTH_VERSION: 3,
  AUTH_STATUS: 4,
  REPLY_VERSION: 5,
  REPLY_CODE: 6,
  REPLY_RESERVED: 7,
  ADDRESS_TYPE: 8,
  NAME_LENGTH: 9,
  ADDRESS: 10,
  PORT: 11,
  END: 12,
} as const;
type Expect = (typeof Expect)[keyof typeof Expect];

/** The methods we offer: without authentication, or also with a password. Never modified. (RFC 1928 section 3) */
const NO_AUTHENTICATION = Uint8Array.of(VERSION, 1, METHOD_NONE);
const PASSWORD_POSSIBLE = Uint8Array.of(VERSION, 2, METHOD_NONE, METHOD_PASSWORD);

/** Bytes of a request besides the host: five before it, the port after it. (RFC 1928 section 4) */
const REQUEST_FRAME_BYTES = 7;

/** Why `host` does not fit into a SOCKS5 request, or undefined if it does: checked before the network is used. */
export function socks5HostFailure(host: string): DialFailure | undefined {
  const bytes = Buffer.byteLength(host);
  if (bytes >= 1 && bytes <= SOCKS5_MAX_FIELD_BYTES && !host.includes('\0')) return undefined;
  return dialFailure('socks5-host-invalid', { detail: `${bytes} bytes`, quoted: host });
}

/**
 * Checks the credentials for a proxy.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`, {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: not strings of 1 to 255 bytes.
 */
export function checkCredentials(credentials: ProxyCredentials): void {
  for (const field of ['username', 'password'] as const) {
    const value: unknown = credentials[field];
    if (typeof value !== 'string') throw invalidArg(`credentials.${field}`, 'a string', typeof value);
    const bytes = Buffer.byteLength(value);
    // Without the value itself: messages end up in logs.
    if (bytes < 1 || bytes > SOCKS5_MAX_FIELD_BYTES) {
      throw outOfRange(`credentials.${field}`, `1 to ${SOCKS5_MAX_FIELD_BYTES} bytes`, `${bytes} bytes`);
    }
  }
}

/**
 * Asks a SOCKS5 proxy to connect to `host`:`port`. With credentials, both methods (none, password) are offered and the
 * proxy chooses.
 *
 * @see RFC 1928 sections 3 to 6; RFC 1929 section 2; Bitcoin Core src/netbase.cpp, Socks5()
 */
export class Socks5Handshake implements Handshake<void> {
  readonly #host: string;
  readonly #port: number;
  readonly #credentials: ProxyCredentials | undefined;
  #step = GREETING;
  #expect: Expect = Expect.NOTHING;
  /** Bytes of the bound address or port still to come. */
  #remaining = 0;

  /**
   * @param host - Text for the request: a name, dotted quad, IPv6 text without brackets, `….onion`. A host that
   *   `socks5HostFailure` objects to fails at `start`, before a byte is sent.
   * @param port - 0 to 65,535.
   * @param credentials - Checked by `checkCredentials`.
   */
  constructor(host: string, port: number, credentials?: ProxyCredentials) {
    this.#host = host;
    this.#port = port;
    this.#credentials = credentials;
  }

  get step(): HandshakeStep {
    return this.#step;
  }

  start(): HandshakeOutcome<void> {
    const hostFailure = socks5HostFailure(this.#host);
    if (hostFailure !== undefined) return { state: 'failed', failure: hostFailure };
    this.#expect = Expect.METHOD_VERSION;
    return { state: 'more', send: this.#credentials === undefined ? NO_AUTHENTICATION : PASSWORD_POSSIBLE };
  }

  receive(chunk: Uint8Array): HandshakeOutcome<void> {
    for (let offset = 0; offset < chunk.length; offset += 1) {
      const outcome = this.#receiveByte(chunk[offset]!);
      if (outcome === WAIT_FOR_MORE) continue;
      const rest = chunk.subarray(offset + 1);
      if (outcome.state === 'done') return { state: 'done', result: undefined, leftover: rest };
      // The next message is ours; bytes that the proxy has sent already answer no question.
      if (outcome.state === 'more' && rest.length > 0) return this.#fail('socks5-unasked-bytes');
      return outcome;
    }
    return WAIT_FOR_MORE;
  }

  interrupted(by: Interruption, errno?: number): DialFailure {
    const phase = this.#step === GREETING ? 'greeting' : this.#step === AUTHENTICATION ? 'auth' : 'reply';
    return dialFailure(`socks5-${phase}-${by === 'timed-out' ? by : 'closed'}`, { errno });
  }

  #receiveByte(byte: number): HandshakeOutcome<void> {
    switch (this.#expect) {
      case Expect.METHOD_VERSION:
        return byte === VERSION ? this.#await(Expect.METHOD) : this.#fail('socks5-greeting-version', byte);
      case Expect.METHOD:
        return this.#answerMethod(byte);
      case Expect.AUTH_VERSION:
        return byte === AUTH_VERSION ? this.#await(Expect.AUTH_STATUS) : this.#fail('socks5-auth-rejected', byte);
      case Expect.AUTH_STATUS:
        return byte === 0 ? this.#sendRequest() : this.#fail('socks5-auth-rejected', byte);
      case Expect.REPLY_VERSION:
        return byte === VERSION ? this.#await(Expect.REPLY_CODE) : this.#fail('socks5-reply-version', byte);
      case Expect.REPLY_CODE:
        if (byte === 0) return this.#await(Expect.REPLY_RESERVED);
        // The bytes after a refusal do not matter.
        return this.#end({ state: 'failed', failure: socks5ReplyFailure(byte) });
      case Expect.REPLY_RESERVED:
        return byte === 0 ? this.#await(Expect.ADDRESS_TYPE) : this.#fail('socks5-reply-malformed', byte);
      case Expect.ADDRESS_TYPE:
        if (byte === ADDRESS_IPV4) return this.#skip(4, Expect.ADDRESS, BOUND_ADDRESS);
        if (byte === ADDRESS_IPV6) return this.#skip(16, Expect.ADDRESS, BOUND_ADDRESS);
        if (byte === ADDRESS_DOMAIN) return this.#skip(1, Expect.NAME_LENGTH, BOUND_NAME_LENGTH);
        return this.#fail('socks5-reply-malformed', byte);
      case Expect.NAME_LENGTH:
        return byte === 0 ? this.#skip(2, Expect.PORT, BOUND_PORT) : this.#skip(byte, Expect.ADDRESS, BOUND_ADDRESS);
      case Expect.ADDRESS:
        this.#remaining -= 1;
        return this.#remaining > 0 ? WAIT_FOR_MORE : this.#skip(2, Expect.PORT, BOUND_PORT);
      case Expect.PORT:
        this.#remaining -= 1;
        return this.#remaining > 0
          ? WAIT_FOR_MORE
          : this.#end({ state: 'done', result: undefined, leftover: NO_BYTES });
      case Expect.NOTHING:
      case Expect.END:
        throw handshakeIsOver();
    }
  }

  #answerMethod(method: number): HandshakeOutcome<void> {
    if (method === METHOD_NONE) return this.#sendRequest();
    if (method === METHOD_PASSWORD && this.#credentials !== undefined) {
      this.#step = AUTHENTICATION;
      this.#expect = Expect.AUTH_VERSION;
      return { state: 'more', send: authenticationOf(this.#credentials) };
    }
    return this.#fail('socks5-no-acceptable-method', method);
  }

  #sendRequest(): HandshakeOutcome<void> {
    this.#step = REPLY;
    this.#expect = Expect.REPLY_VERSION;
    return { state: 'more', send: requestFor(this.#host, this.#port) };
  }

  #await(next: Expect): HandshakeOutcome<void> {
    this.#expect = next;
    return WAIT_FOR_MORE;
  }

  #skip(byteCount: number, what: Expect, during: HandshakeStep): HandshakeOutcome<void> {
    this.#remaining = byteCount;
    this.#step = during;
    return this.#await(what);
  }

  #fail(code: DialFailureCode, byte?: number): HandshakeOutcome<void> {
    const details = byte === undefined ? {} : { detail: `0x${byte.toString(16).padStart(2, '0')}` };
    return this.#end({ state: 'failed', failure: dialFailure(code, details) });
  }

  #end(outcome: HandshakeOutcome<void>): HandshakeOutcome<void> {
    this.#expect = Expect.END;
    return outcome;
  }
}

/** User name and password, each behind its length. (RFC 1929 section 2) */
function authenticationOf({ username, password }: ProxyCredentials): Uint8Array {
  const usernameBytes = Buffer.byteLength(username);
  const message = Buffer.allocUnsafe(3 + usernameBytes + Buffer.byteLength(password));
  message[0] = AUTH_VERSION;
  message[1] = usernameBytes;
  message.write(username, 2);
  message[2 + usernameBytes] = message.length - 3 - usernameBytes;
  message.write(password, 3 + usernameBytes);
  return message;
}

/** CONNECT to a host, which is sent as text. (RFC 1928 section 4) */
function requestFor(host: string, port: number): Uint8Array {
  const request = Buffer.allocUnsafe(REQUEST_FRAME_BYTES + Buffer.byteLength(host));
  request[0] = VERSION;
  request[1] = COMMAND_CONNECT;
  request[2] = 0;
  request[3] = ADDRESS_DOMAIN;
  request[4] = request.length - REQUEST_FRAME_BYTES;
  request.write(host, 5);
  request.writeUInt16BE(port, request.length - 2);
  return request;
}
