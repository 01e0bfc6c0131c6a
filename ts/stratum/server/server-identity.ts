// How a server proves its identity: its static key, and the certificate that its authority signs for it.

import { MAX_CERTIFICATE_TIME } from '../noise/certificate.ts';
import type { ResponderCredentials } from '../noise/handshake.ts';
import type { AuthorityKey, StaticKey } from '../noise/static-key.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import type { ServerKeys } from '../key-files.ts';

/** How long before now a certificate starts, in seconds: some clients' clocks are slow. */
const BACKDATED_SECONDS = 3_600;

export class ServerIdentity {
  readonly #staticKey: StaticKey;
  readonly #authorityKey: AuthorityKey;
  readonly #random: RandomBytes;
  readonly #lifetimeSeconds: number;
  #certificate: Uint8Array | undefined;
  /** The times between which the certificate is used, in Unix seconds. */
  #validFrom = 0;
  #renewAt = 0;

  /**
   * @param lifetimeSeconds - Validity of a certificate; it is signed anew after half of that. Infinity: as long as 32 bits
   * can express, to 2106.
   */
  constructor(keys: ServerKeys, random: RandomBytes, lifetimeSeconds: number) {
    this.#staticKey = keys.staticKey;
    this.#authorityKey = keys.authorityKey;
    this.#random = random;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  /** X coordinate of the authority's public key, 32 bytes: what clients are configured with. */
  get authorityX(): Uint8Array {
    return this.#authorityKey.x;
  }

  /** Credentials for one connection: the shared certificate, and a fresh encoding of the static key. */
  credentials(nowSeconds: number): ResponderCredentials {
    // A clock that was ahead may have been put right since.
    const isUsable = nowSeconds >= this.#validFrom && nowSeconds < this.#renewAt;
    if (this.#certificate === undefined || !isUsable) this.#sign(nowSeconds);
    return {
      staticKey: this.#staticKey,
      staticEncoding: this.#staticKey.drawEncoding(this.#random),
      certificate: this.#certificate!,
    };
  }

  #sign(nowSeconds: number): void {
    this.#validFrom = nowSeconds - BACKDATED_SECONDS;
    this.#renewAt = nowSeconds + this.#lifetimeSeconds / 2;
    const validity = {
      validFrom: this.#validFrom,
      notValidAfter: Math.min(nowSeconds + this.#lifetimeSeconds, MAX_CERTIFICATE_TIME),
    };
    this.#certificate = this.#authorityKey.certify(this.#staticKey, validity, this.#random);
  }
}
