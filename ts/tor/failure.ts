// Every failure of a connection to Tor's control port, in one table.
//
// Text that came from Tor is cut and escaped before it becomes part of a message; passwords, cookies and private keys never
// do.

import { shown } from '../util/errors/errors.ts';
import type { ErrorCode } from '../util/errors/errors.ts';

/** Every failure, with its meaning. Names never change meaning; words may. */
export const TOR_FAILURES = {
  // The connection. None is left after these.
  unreachable: 'the control port cannot be reached',
  closed: 'the control connection was closed',
  broken: 'the control connection broke',
  interrupted: 'network activity was interrupted',
  'send-timed-out': 'Tor did not take a command in time',
  'reply-timed-out': 'Tor did not answer a command in time',
  'line-too-long': 'Tor sent a line that is too long',
  'reply-too-long': 'Tor sent a reply of too many lines or bytes',
  'unasked-reply': 'Tor sent a reply that nothing had asked for',

  // Authentication. (Tor control-spec, sections 3.5, 3.21, 3.24)
  'no-usable-authentication': 'Tor asks for an authentication that we do not offer',
  'cookie-unusable': "Tor's authentication cookie cannot be used",
  'server-nonce-malformed': 'Tor answered the authentication challenge with a malformed nonce',
  'server-hash-wrong': 'the program that answers at the control port does not know the authentication cookie',
  'authentication-refused': 'Tor refuses the authentication',

  // Commands.
  'reply-malformed': 'Tor gave an unexpected answer to a command',
  'command-unknown': 'Tor does not know a command: it is too old',
  'command-refused': 'Tor refuses a command',

  // Ours.
  'key-file-unusable': 'the private key file of the onion service cannot be used',
} as const satisfies Record<string, string>;

/** Which of `TOR_FAILURES`. */
export type TorFailure = keyof typeof TOR_FAILURES;

/** Further facts of a failure, besides its name. */
export interface TorFailureDetails {
  /** Our own words that say more. */
  detail?: string | undefined;
  /** Words of Tor, untrusted. */
  quoted?: string | undefined;
}

/** Thrown, or the end of a connection, when Tor or the connection to it fails. */
export class TorControlError extends Error {
  readonly code = 'ERR_SOCKMAN_TOR_CONTROL' satisfies ErrorCode;
  readonly failure: TorFailure;

  constructor(failure: TorFailure, { detail, quoted }: TorFailureDetails = {}) {
    const more = detail === undefined ? '' : ` (${detail})`;
    super(`${TOR_FAILURES[failure]}${more}${quoted === undefined ? '' : `: ${shown(quoted)}`}`);
    this.name = 'TorControlError';
    this.failure = failure;
  }
}
