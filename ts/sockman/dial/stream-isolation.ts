// SOCKS5 credentials that differ for each connection, so that Tor gives each its own circuit (IsolateSOCKSAuth, on by
// default). The credentials are not secret: they only have to differ.

import { invalidArg } from '../../util/errors/errors.ts';

/** User name and password of a proxy (RFC 1929), 1 to 255 bytes of UTF-8 each. */
export interface ProxyCredentials {
  readonly username: string;
  readonly password: string;
}

/** Octets of randomness in the common prefix. */
export const ISOLATION_PREFIX_BYTES = 8;

/**
 * Makes credentials that were never used before: `<16 hex digits>-<counter>`, the same text as user name and password.
 *
 * The random prefix keeps two processes, or two runs of one, apart; the counter keeps the connections apart. The text never
 * begins with `<torS0X>`, which has a meaning in Tor (proposal 351). One generator serves all proxies of a `SockMan`.
 *
 * @see Bitcoin Core src/netbase.cpp, TorStreamIsolationCredentialsGenerator
 */
export class StreamIsolation {
  readonly #prefix: string;
  #next = 0;

  /** @param random - Exactly `ISOLATION_PREFIX_BYTES` random bytes. */
  constructor(random: Uint8Array) {
    if (random.length !== ISOLATION_PREFIX_BYTES) {
      throw invalidArg('random', `${ISOLATION_PREFIX_BYTES} bytes`, `${random.length} bytes`);
    }
    this.#prefix = Buffer.from(random).toString('hex');
  }

  /** Credentials for one more connection. */
  next(): ProxyCredentials {
    const text = `${this.#prefix}-${this.#next}`;
    this.#next += 1;
    return { username: text, password: text };
  }
}
