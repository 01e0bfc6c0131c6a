// What a failed dial says about the dialed address.

import type { DialFailureCode } from '../../sockman/dial/failure.ts';
import type { Outcome } from '../record/outcome.ts';

/** How a failed dial can end a visit. `later` does not end it: nothing was learned, since the fault is ours. */
export type DialOutcome = Extract<Outcome, 'refused' | 'timeout' | 'unreachable' | 'proxy-failed'> | 'later';

/** Outcomes of codes that `proxyFailed` does not decide. All other codes are `proxy-failed` or `unreachable`. */
const OUTCOMES_BY_CODE: Readonly<Partial<Record<DialFailureCode, DialOutcome>>> = {
  'connection-refused': 'refused',
  // No listener is there: the socket connected to itself.
  'connected-to-itself': 'refused',
  'socks5-connection-refused': 'refused',

  'timed-out': 'timeout',
  'socks5-ttl-expired': 'timeout',
  // Tor does not answer at all when it cannot reach an onion service in time.
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

/** @param proxyFailed - As reported by the dial. */
export function outcomeOfDial(code: DialFailureCode, proxyFailed: boolean): DialOutcome {
  return OUTCOMES_BY_CODE[code] ?? (proxyFailed ? 'proxy-failed' : 'unreachable');
}
