// All failures on the way to an established connection, in one table.
//
// A failed dial is an ordinary result, never an exception. Each has a code that callers may test, one sentence, a flag for
// "the proxy is at fault", and a log level. Text from a proxy or a bridge is cut and escaped before it becomes part of a
// message.

import { shown } from '../../util/errors/errors.ts';
import { errnoName, errnoText } from '../../util/errors/errno.ts';
import type { Logger } from '../../util/logger.ts';

/**
 * Log level of a failure. `importance`: info for a connection that a user asked for, otherwise debug. `silent`: not logged,
 * because it is too common (Tor that cannot reach an onion service in time).
 */
export type FailureLog = 'silent' | 'debug' | 'importance' | 'info' | 'error';

/** One kind of failure. */
export interface FailureKind {
  readonly words: string;
  /** The failure says nothing about the destination: an address book must not count it as an attempt. */
  readonly proxyFailed: boolean;
  readonly log: FailureLog;
}

const beyondProxy = (words: string, log: FailureLog = 'debug'): FailureKind => ({ words, proxyFailed: false, log });
const atProxy = (words: string, log: FailureLog = 'debug'): FailureKind => ({ words, proxyFailed: true, log });

/** Every failure of a dial. Codes never change meaning; sentences may. */
export const DIAL_FAILURES = {
  // Direct connections, and failures of any kind of dial.
  'connection-refused': beyondProxy('connection refused', 'importance'),
  'network-unreachable': beyondProxy('network unreachable', 'importance'),
  'host-unreachable': beyondProxy('host unreachable', 'importance'),
  'timed-out': beyondProxy('timed out'),
  // TCP's simultaneous open: nobody listens there, and the port of our own end happens to be the one dialed.
  'connected-to-itself': beyondProxy('nobody listens there, the socket met itself', 'importance'),
  'connect-failed': beyondProxy('connect failed', 'importance'),
  'out-of-sockets': beyondProxy('no socket can be made', 'error'),
  'network-unsupported': beyondProxy('no socket can be made for this kind of address without a proxy', 'info'),
  aborted: beyondProxy('aborted by the caller'),
  interrupted: beyondProxy('network activity was interrupted'),

  // SOCKS5. Once the proxy has accepted the connection, no failure counts as its fault: Bitcoin Core does the same
  // (netbase.cpp, ConnectThroughProxy), and callers rely on it.
  'proxy-unreachable': atProxy('the proxy cannot be reached', 'info'),
  'proxy-connect-timed-out': atProxy('the proxy did not accept the connection in time'),
  'proxy-connected-to-itself': atProxy('nobody listens at the address of the proxy, the socket met itself', 'info'),
  'socks5-host-invalid': beyondProxy('host names for a proxy have 1 to 255 bytes and no NUL', 'error'),
  'socks5-greeting-timed-out': beyondProxy('the proxy did not answer the greeting in time', 'info'),
  'socks5-greeting-closed': beyondProxy('the proxy closed the connection during the greeting', 'info'),
  'socks5-greeting-version': beyondProxy('the proxy does not speak SOCKS version 5', 'error'),
  'socks5-no-acceptable-method': beyondProxy('the proxy asks for an authentication that was not offered', 'error'),
  'socks5-auth-timed-out': beyondProxy('the proxy did not answer the authentication in time', 'error'),
  'socks5-auth-closed': beyondProxy('the proxy closed the connection during the authentication', 'error'),
  'socks5-auth-rejected': beyondProxy('the proxy refuses the user name or password', 'error'),
  'socks5-reply-timed-out': beyondProxy('the proxy did not answer the request in time', 'silent'),
  'socks5-reply-closed': beyondProxy('the proxy closed the connection before its reply was complete', 'error'),
  'socks5-reply-version': beyondProxy('the proxy answered the request in another version', 'error'),
  'socks5-reply-malformed': beyondProxy('the proxy sent a malformed reply', 'error'),
  'socks5-unasked-bytes': beyondProxy('the proxy sent bytes that nothing had asked for', 'error'),

  // REP field of the SOCKS5 reply (RFC 1928 section 6).
  'socks5-general-failure': beyondProxy('general failure'),
  'socks5-not-allowed': beyondProxy('connection not allowed'),
  'socks5-network-unreachable': beyondProxy('network unreachable'),
  'socks5-host-unreachable': beyondProxy('host unreachable'),
  'socks5-connection-refused': beyondProxy('connection refused'),
  'socks5-ttl-expired': beyondProxy('TTL expired'),
  'socks5-protocol-error': beyondProxy('protocol error'),
  'socks5-address-type-not-supported': beyondProxy('address type not supported'),
  'socks5-unknown-reply': beyondProxy('unknown'),

  // REP field from a Tor SocksPort with the flag ExtendedErrors (Tor socks-extensions; proposal 304).
  'tor-onion-descriptor-not-found': beyondProxy('onion service descriptor can not be found'),
  'tor-onion-descriptor-invalid': beyondProxy('onion service descriptor is invalid'),
  'tor-onion-introduction-failed': beyondProxy('onion service introduction failed'),
  'tor-onion-rendezvous-failed': beyondProxy('onion service rendezvous failed'),
  'tor-onion-missing-authorization': beyondProxy('onion service missing client authorization'),
  'tor-onion-wrong-authorization': beyondProxy('onion service wrong client authorization'),
  'tor-onion-address-invalid': beyondProxy('onion service invalid address'),
  'tor-onion-introduction-timed-out': beyondProxy('onion service introduction timed out'),

  // I2P, over a SAM bridge.
  'i2p-port-not-zero': beyondProxy('I2P addresses have port 0'),
  'sam-unreachable': atProxy('the SAM bridge cannot be reached'),
  'sam-connect-timed-out': atProxy('the SAM bridge did not accept the connection in time'),
  'sam-connected-to-itself': atProxy('nobody listens at the address of the SAM bridge, the socket met itself'),
  'sam-timed-out': atProxy('the SAM bridge did not answer in time'),
  'sam-closed': atProxy('the SAM bridge closed the connection'),
  'sam-line-too-long': atProxy('the SAM bridge sent too many bytes without a terminator'),
  'sam-malformed': atProxy('the SAM bridge sent a malformed reply'),
  'sam-unasked-bytes': atProxy('the SAM bridge sent bytes that nothing had asked for'),
  'sam-version': atProxy('the SAM bridge does not speak version 3.1'),
  'sam-key-file': atProxy('the I2P private key file cannot be used'),
  'sam-private-key-malformed': atProxy('the I2P private key is malformed'),
  'sam-session-refused': atProxy('the SAM bridge refuses to create the session'),
  'sam-session-gone': atProxy('the SAM session no longer exists'),
  'sam-name-not-found': atProxy('the SAM bridge does not know the destination'),
  'sam-wrong-destination': atProxy('the SAM bridge answered with the destination of another address'),
  'sam-cant-reach-peer': beyondProxy('the I2P peer cannot be reached'),
  'sam-peer-timed-out': beyondProxy('the I2P peer did not answer in time'),
  'sam-invalid-key': atProxy('the SAM bridge calls the destination invalid'),
  'sam-i2p-error': atProxy('I2P error'),
  'sam-unknown-result': atProxy('the SAM bridge answered with an unknown result'),
} as const satisfies Record<string, FailureKind>;

/** A key of `DIAL_FAILURES`. */
export type DialFailureCode = keyof typeof DIAL_FAILURES;

/** Why a dial failed. */
export interface DialFailure {
  readonly code: DialFailureCode;
  /** The proxy or bridge is at fault; the dial says nothing about the destination. */
  readonly proxyFailed: boolean;
  /** One line for people. */
  readonly message: string;
  readonly log: FailureLog;
  /** Positive errno, if the operating system gave one. */
  readonly errno?: number;
}

/** Details of a failure besides its code. */
export interface FailureDetails {
  /** Positive errno of the operating system. */
  errno?: number | undefined;
  /** Our own words with more detail. */
  detail?: string;
  /** Words of the other side, untrusted. */
  quoted?: string;
}

/** Makes the failure `code` with the words of the table. */
export function dialFailure(code: DialFailureCode, { errno, detail, quoted }: FailureDetails = {}): DialFailure {
  const { words, proxyFailed, log } = DIAL_FAILURES[code];
  let message: string = words;
  if (detail !== undefined) message += ` (${detail})`;
  if (quoted !== undefined) message += `: ${shown(quoted)}`;
  if (errno === undefined) return { code, proxyFailed, message, log };
  return { code, proxyFailed, message: `${message}: ${errnoText(errno)}`, log, errno };
}

/** What is at the other end of a connect: the peer itself, or a proxy before it. */
export type Destination = 'peer' | 'proxy' | 'sam';

/** Names of errno that have a code of their own; the numbers differ between platforms. */
const CODE_OF_ERRNO_NAME: Readonly<Record<string, DialFailureCode>> = {
  ECONNREFUSED: 'connection-refused',
  ENETUNREACH: 'network-unreachable',
  EHOSTUNREACH: 'host-unreachable',
  ETIMEDOUT: 'timed-out',
  EMFILE: 'out-of-sockets',
  ENFILE: 'out-of-sockets',
  ENOBUFS: 'out-of-sockets',
  ENOMEM: 'out-of-sockets',
};

/** The failure of a connect that ended with an errno (positive) of the kernel, or at our own deadline. */
export function unreachable(destination: Destination, why: number | 'timed-out'): DialFailure {
  if (why === 'timed-out') return dialFailure(destination === 'peer' ? why : `${destination}-connect-timed-out`);
  const code = destination === 'peer' ? CODE_OF_ERRNO_NAME[errnoName(why)] : (`${destination}-unreachable` as const);
  return dialFailure(code ?? 'connect-failed', { errno: why });
}

/** The failure of a connect that ended at our own socket. */
export function connectedToItself(destination: Destination): DialFailure {
  return dialFailure(destination === 'peer' ? 'connected-to-itself' : `${destination}-connected-to-itself`);
}

/** REP values that have a code. */
const CODE_OF_SOCKS5_REPLY: ReadonlyMap<number, DialFailureCode> = new Map([
  [0x01, 'socks5-general-failure'],
  [0x02, 'socks5-not-allowed'],
  [0x03, 'socks5-network-unreachable'],
  [0x04, 'socks5-host-unreachable'],
  [0x05, 'socks5-connection-refused'],
  [0x06, 'socks5-ttl-expired'],
  [0x07, 'socks5-protocol-error'],
  [0x08, 'socks5-address-type-not-supported'],
  [0xf0, 'tor-onion-descriptor-not-found'],
  [0xf1, 'tor-onion-descriptor-invalid'],
  [0xf2, 'tor-onion-introduction-failed'],
  [0xf3, 'tor-onion-rendezvous-failed'],
  [0xf4, 'tor-onion-missing-authorization'],
  [0xf5, 'tor-onion-wrong-authorization'],
  [0xf6, 'tor-onion-address-invalid'],
  [0xf7, 'tor-onion-introduction-timed-out'],
] as const);

/** The failure that REP (1 to 255) in a SOCKS5 reply stands for. */
export function socks5ReplyFailure(reply: number): DialFailure {
  const code = CODE_OF_SOCKS5_REPLY.get(reply);
  if (code !== undefined) return dialFailure(code);
  return dialFailure('socks5-unknown-reply', { detail: `0x${reply.toString(16).padStart(2, '0')}` });
}

/** Logs a failed dial, at the level of its kind. */
export function logFailure(logger: Logger, failure: DialFailure, message: string, isImportant: boolean): void {
  if (failure.log === 'silent') return;
  logger[failure.log === 'importance' ? (isImportant ? 'info' : 'debug') : failure.log](message);
}
