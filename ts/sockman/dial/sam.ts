// The I2P SAM 3.1 protocol, one handshake for each question (I2P "SAM V3" specification).
//
// A SAM conversation is a chain of these on one socket: `samHello` first, then what the socket is for. Each sends one line
// and awaits one line; nothing is pipelined, because routers discard what follows a line they have not answered, and a
// request is sent in one piece, because i2pd hangs up on a HELLO in two segments. The version is pinned to 3.1 at both ends:
// from 3.2 on the line of an accepted stream carries ports, and PING may arrive at any time.
//
//   session   hello → [generateDestination →] createSession, then the socket stays open: it is the session
//   connect   hello → lookup → connect, then the socket is the stream
//   accept    hello → accept → acceptedPeer, then the socket is the stream
//
// Private keys pass through here and never appear in a message.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { WAIT_FOR_MORE } from './dial.ts';
import type { Handshake, HandshakeOutcome, HandshakeStep, Interruption } from './dial.ts';
import { dialFailure } from './failure.ts';
import type { DialFailure, DialFailureCode } from './failure.ts';
import { addressOfDestinationText, addressOfPrivateKey, decodeI2PBase64, encodeI2PBase64 } from './i2p-destination.ts';
import { SAM_MAX_LINE_BYTES, SamLineReader, parseSamReply } from './sam-line.ts';

/** Time until the kernel must have taken a request, in milliseconds. (Bitcoin Core src/util/sock.h, MAX_WAIT_FOR_IO.) */
export const SAM_SEND_TIMEOUT_MS = 1_000;

/** Time for any reply, in milliseconds: building tunnels takes minutes. (Bitcoin Core src/i2p.cpp, SendRequestAndGetReply.) */
export const SAM_REPLY_TIMEOUT_MS = 180_000;

/** Time from the first byte of an accepted peer's line to its end, in milliseconds. (MAX_WAIT_FOR_IO.) */
export const SAM_ACCEPT_LINE_TIMEOUT_MS = 1_000;

/** Octets of randomness in a session id, which is their hex text. */
export const SAM_SESSION_ID_BYTES = 5;

const step = (name: string, replyTimeoutMs = SAM_REPLY_TIMEOUT_MS): HandshakeStep => ({
  name,
  sendTimeoutMs: SAM_SEND_TIMEOUT_MS,
  replyTimeoutMs,
});
const HELLO = step('SAM HELLO');
const DEST_GENERATE = step('SAM DEST GENERATE');
const SESSION_CREATE = step('SAM SESSION CREATE');
const NAMING_LOOKUP = step('SAM NAMING LOOKUP');
const STREAM_CONNECT = step('SAM STREAM CONNECT');
const STREAM_ACCEPT = step('SAM STREAM ACCEPT');
const AWAIT_PEER = step('I2P peer', Infinity);
const CONTROL = step('end of the SAM session', Infinity);
const PEER_LINE = step("I2P peer's destination", SAM_ACCEPT_LINE_TIMEOUT_MS);

/** The parameters of a session. */
export interface SamSessionRequest {
  /** `SAM_SESSION_ID_BYTES` random bytes as hex, new for each attempt. */
  readonly id: string;
  /** The private key of a persistent session; undefined asks for a transient one. */
  readonly privateKey: Uint8Array | undefined;
  /** Further options, such as `inbound.length=0 outbound.length=0`: for private test networks. */
  readonly extraOptions?: string | undefined;
}

/** Agrees on version 3.1. First on every socket. @see SAM V3, section "SAM connection handshake" */
export function samHello(): Handshake<void> {
  return new SamExchange('HELLO VERSION MIN=3.1 MAX=3.1', 'HELLO REPLY', HELLO, (values) => {
    const result = values.get('RESULT');
    if (result === 'OK') return { value: undefined };
    return refusal(result === undefined ? 'sam-malformed' : 'sam-version', values);
  });
}

/**
 * Asks the bridge for a new private key (EdDSA-SHA512-Ed25519, by number: old i2pd does not know the name).
 * @see SAM V3, section "SAM utility commands", DEST GENERATE
 */
export function samGenerateDestination(): Handshake<Uint8Array> {
  return new SamExchange('DEST GENERATE SIGNATURE_TYPE=7', 'DEST REPLY', DEST_GENERATE, (values) => {
    const text = values.get('PRIV');
    // Success has no RESULT.
    if (text === undefined) return refusal(values.has('RESULT') ? 'sam-session-refused' : 'sam-malformed', values);
    return privateKeyOf(text);
  });
}

/**
 * Creates a session, which exists as long as the socket.
 * @returns The private key in use.
 * @see SAM V3, section "SAM sessions", SESSION CREATE
 */
export function samCreateSession({ id, privateKey, extraOptions }: SamSessionRequest): Handshake<Uint8Array> {
  // A transient session serves one connection: one tunnel each way is enough, and ready sooner.
  const [destination, tunnels] =
    privateKey === undefined ? ['TRANSIENT SIGNATURE_TYPE=7', 1] : [encodeI2PBase64(privateKey), 3];
  const request =
    `SESSION CREATE STYLE=STREAM ID=${id} DESTINATION=${destination} i2cp.leaseSetEncType=4,0 ` +
    `inbound.quantity=${tunnels} outbound.quantity=${tunnels}` +
    (extraOptions === undefined || extraOptions === '' ? '' : ` ${extraOptions}`);
  return new SamExchange(request, 'SESSION STATUS', SESSION_CREATE, (values) => {
    if (values.get('RESULT') !== 'OK') {
      return refusal(values.has('RESULT') ? 'sam-session-refused' : 'sam-malformed', values);
    }
    const text = values.get('DESTINATION');
    return text === undefined ? refusal('sam-malformed', values) : privateKeyOf(text);
  });
}

/**
 * Asks for the destination behind an I2P address.
 * @returns The destination as base64. Its hash must be the address: otherwise the bridge's answer is false.
 * @see SAM V3, section "SAM utility commands", NAMING LOOKUP
 */
export function samLookup(address: NetAddress): Handshake<string> {
  return new SamExchange(`NAMING LOOKUP NAME=${address}`, 'NAMING REPLY', NAMING_LOOKUP, (values) => {
    const result = values.get('RESULT');
    if (result !== 'OK') return refusal(result === undefined ? 'sam-malformed' : 'sam-name-not-found', values);
    const destination = values.get('VALUE');
    const found = destination === undefined ? undefined : addressOfDestinationText(destination);
    if (destination === undefined || found === undefined) return refusal('sam-malformed', values);
    return found.equals(address) ? { value: destination } : { failure: dialFailure('sam-wrong-destination') };
  });
}

/**
 * Connects a stream of session `id` to `destination` (base64). All further bytes on the socket come from the peer.
 * @see SAM V3, section "SAM virtual streams", STREAM CONNECT
 */
export function samConnect(id: string, destination: string): Handshake<void> {
  const request = `STREAM CONNECT ID=${id} DESTINATION=${destination} SILENT=false`;
  return new SamExchange(request, 'STREAM STATUS', STREAM_CONNECT, streamStatus, { mayHaveMore: true });
}

/**
 * Offers the socket to the next peer of session `id`. `samAcceptedPeer` comes next; its first bytes may have arrived already.
 * @see SAM V3, section "SAM virtual streams", STREAM ACCEPT
 */
export function samAccept(id: string): Handshake<void> {
  const request = `STREAM ACCEPT ID=${id} SILENT=false`;
  return new SamExchange(request, 'STREAM STATUS', STREAM_ACCEPT, streamStatus, { mayHaveMore: true });
}

/** Waits for a peer, without limit, and then for the rest of the line with its destination. */
export function samAcceptedPeer(): Handshake<NetAddress> {
  return new SamAcceptedPeer();
}

/**
 * Watches the control socket of a session, on which nothing is expected: bytes are dropped, up to the length of one line,
 * and the handshake ends, always with a failure, when the session does. A bridge that sends more fails.
 */
export function samControl(): Handshake<never> {
  return new SamControl();
}

/** Whether a failure means that the session is gone even if its control socket seems open. */
export function endsSamSession(failure: DialFailure): boolean {
  return failure.code === 'sam-session-gone';
}

type Values = ReadonlyMap<string, string>;
type Reading<Result> = { value: Result } | { failure: DialFailure };

const STREAM_RESULTS: Readonly<Record<string, DialFailureCode>> = {
  CANT_REACH_PEER: 'sam-cant-reach-peer',
  TIMEOUT: 'sam-peer-timed-out',
  INVALID_ID: 'sam-session-gone',
  INVALID_KEY: 'sam-invalid-key',
  I2P_ERROR: 'sam-i2p-error',
};

function streamStatus(values: Values): Reading<void> {
  const result = values.get('RESULT');
  if (result === 'OK') return { value: undefined };
  if (result === undefined) return refusal('sam-malformed', values);
  return refusal(Object.hasOwn(STREAM_RESULTS, result) ? STREAM_RESULTS[result]! : 'sam-unknown-result', values);
}

/** The failure `code` with the words of the bridge. Only RESULT and MESSAGE: other values may contain private keys. */
function refusal(code: DialFailureCode, values: Values): { failure: DialFailure } {
  const said = [values.get('RESULT'), values.get('MESSAGE')].filter((text) => text !== undefined).join(' ');
  return { failure: dialFailure(code, said === '' ? {} : { quoted: said }) };
}

function privateKeyOf(text: string): Reading<Uint8Array> {
  const key = decodeI2PBase64(text);
  if (key === undefined) return { failure: dialFailure('sam-private-key-malformed', { detail: 'not base64' }) };
  const address = addressOfPrivateKey(key);
  if (typeof address !== 'string') return { value: key };
  return { failure: dialFailure('sam-private-key-malformed', { detail: address }) };
}

function samInterruption(by: Interruption, errno: number | undefined): DialFailure {
  return dialFailure(by === 'timed-out' ? 'sam-timed-out' : 'sam-closed', { errno });
}

/** One request line, one reply line. */
class SamExchange<Result> implements Handshake<Result> {
  readonly step: HandshakeStep;
  readonly #request: string;
  readonly #topic: string;
  readonly #read: (values: Values) => Reading<Result>;
  readonly #mayHaveMore: boolean;
  readonly #reader = new SamLineReader();

  /**
   * @param topic - The two words at the start of the reply.
   * @param mayHaveMore - Whether bytes may follow the reply unasked.
   */
  constructor(
    request: string,
    topic: string,
    during: HandshakeStep,
    read: (values: Values) => Reading<Result>,
    { mayHaveMore = false } = {},
  ) {
    this.step = during;
    this.#request = request;
    this.#topic = topic;
    this.#read = read;
    this.#mayHaveMore = mayHaveMore;
  }

  start(): HandshakeOutcome<Result> {
    return { state: 'more', send: Buffer.from(`${this.#request}\n`, 'latin1') };
  }

  receive(chunk: Uint8Array): HandshakeOutcome<Result> {
    const read = this.#reader.push(chunk);
    if (read === undefined) return WAIT_FOR_MORE;
    if (read === 'too-long') return failed(dialFailure('sam-line-too-long'));
    const { topic, values } = parseSamReply(read.line);
    if (topic !== this.#topic) return failed(dialFailure('sam-malformed', { detail: `not a ${this.#topic}` }));
    const reading = this.#read(values);
    if ('failure' in reading) return failed(reading.failure);
    if (read.leftover.length > 0 && !this.#mayHaveMore) return failed(dialFailure('sam-unasked-bytes'));
    return { state: 'done', result: reading.value, leftover: read.leftover };
  }

  interrupted(by: Interruption, errno?: number): DialFailure {
    return samInterruption(by, errno);
  }
}

class SamAcceptedPeer implements Handshake<NetAddress> {
  readonly #reader = new SamLineReader();

  get step(): HandshakeStep {
    return this.#reader.pendingBytes === 0 ? AWAIT_PEER : PEER_LINE;
  }

  start(): HandshakeOutcome<NetAddress> {
    return WAIT_FOR_MORE;
  }

  receive(chunk: Uint8Array): HandshakeOutcome<NetAddress> {
    const read = this.#reader.push(chunk);
    if (read === undefined) return WAIT_FOR_MORE;
    if (read === 'too-long') return failed(dialFailure('sam-line-too-long'));
    const peer = addressOfDestinationText(read.line);
    if (peer !== undefined) return { state: 'done', result: peer, leftover: read.leftover };
    // In place of a peer, routers report here that the session ended.
    const { topic, values } = parseSamReply(read.line);
    if (topic === 'STREAM STATUS' && values.get('RESULT') === 'I2P_ERROR') {
      return failed(refusal('sam-session-gone', values).failure);
    }
    return failed(dialFailure('sam-malformed', { detail: 'not a destination' }));
  }

  interrupted(by: Interruption, errno?: number): DialFailure {
    return samInterruption(by, errno);
  }
}

class SamControl implements Handshake<never> {
  readonly step = CONTROL;
  #droppedBytes = 0;

  start(): HandshakeOutcome<never> {
    return WAIT_FOR_MORE;
  }

  receive(chunk: Uint8Array): HandshakeOutcome<never> {
    this.#droppedBytes += chunk.length;
    return this.#droppedBytes < SAM_MAX_LINE_BYTES ? WAIT_FOR_MORE : failed(dialFailure('sam-unasked-bytes'));
  }

  interrupted(by: Interruption, errno?: number): DialFailure {
    return samInterruption(by, errno);
  }
}

function failed(failure: DialFailure): { state: 'failed'; failure: DialFailure } {
  return { state: 'failed', failure };
}
