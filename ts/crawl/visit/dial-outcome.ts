// What a failed dial says of the address that was dialed.

import type { DialFailureCode } from '../../sockman/dial/failure.ts';
import type { Outcome } from '../record/outcome.ts';

/** How a dial can end a visit; `later` ends none, since nothing was learned and the fault is ours. */
export type DialOutcome = Extract<Outcome, 'refused' | 'timeout' | 'unreachable' | 'proxy-failed'> | 'later';

/** Codes that do not mean what their `proxyFailed` says. All others are unreachable, or the proxy's fault. */
const OUTCOMES_BY_CODE: Readonly<Partial<Record<DialFailureCode, DialOutcome>>> = {
  'connection-refused': 'refused',
  // Nobody listens there: the socket met itself.
  'connected-to-itself': 'refused',
  'socks5-connection-refused': 'refused',

  'timed-out': 'timeout',
  'socks5-ttl-expired': 'timeout',
  // Tor that cannot reach an onion service in time says nothing at all.
  'socks5-reply-timed-out': 'timeout',
  'tor-onion-introduction-timed-out': 'timeout',
  'sam-peer-timed-out': 'timeout',

  'out-of-sockets': 'later',
  aborted: 'later',
  interrupted: 'later',

  // The router has no lease set of that address.
  'sam-name-not-found': 'unreachable',
  'sam-invalid-key': 'unreachable',

  'socks5-greeting-timed-out': 'proxy-failed',
  'socks5-greeting-closed': 'proxy-failed',
  'socks5-greeting-version': 'proxy-failed',
  'socks5-no-acceptable-method': 'proxy-failed',
  'socks5-auth-timed-out': 'proxy-failed',
  'socks5-auth-closed': 'proxy-failed',
  'socks5-auth-rejected': 'proxy-failed',
  'socks5-reply-closed': 'proxy-failed',
  'socks5-reply-version': 'proxy-failed',
  'socks5-reply-malformed': 'proxy-failed',
  'socks5-unasked-bytes': 'proxy-failed',
  'socks5-not-allowed': 'proxy-failed',
  'socks5-protocol-error': 'proxy-failed',
  'socks5-address-type-not-supported': 'proxy-failed',
};

/** @param proxyFailed - As the dial said it. */
export function outcomeOfDial(code: DialFailureCode, proxyFailed: boolean): DialOutcome {
  return OUTCOMES_BY_CODE[code] ?? (proxyFailed ? 'proxy-failed' : 'unreachable');
}
