// The services offered to peers that connect from now on.

import { Services } from '../../p2p/protocol.ts';

/** The local services of one `Connman`: bits of `Services`. */
export class LocalServices {
  bits: bigint;

  constructor(bits: bigint) {
    this.bits = bits;
  }

  /** Whether the encrypted transport is offered. */
  get offersV2(): boolean {
    return (this.bits & Services.P2P_V2) !== 0n;
  }
}
