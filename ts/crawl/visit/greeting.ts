// The `version` that a crawl sends: honest, and the same for every peer.

import type { Service } from '../../netaddr/service.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import { MAX_USER_AGENT_BYTES, NO_VERSION_ADDRESS, formatUserAgent } from '../../p2p/messages/version.ts';
import type { VersionAddress } from '../../p2p/messages/version.ts';
import { PROTOCOL_VERSION } from '../../p2p/protocol.ts';
import { withChecksum } from '../../p2p/transport/outbound-message.ts';
import type { OutboundMessage } from '../../p2p/transport/transport.ts';
import { invalidArg, outOfRange } from '../../util/errors/errors.ts';
import type { ErrorCode } from '../../util/errors/errors.ts';
import type { Clock } from '../../util/time/clock.ts';
import { random64 } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { VERSION } from '../../util/version.ts';

const NAME = 'sockman-crawl';

/** The `version` messages of one crawl. */
export class Greeting {
  readonly userAgent: string;
  /** Nonce of every `version` of this crawl: a peer that sends it is ourselves. */
  readonly nonce: bigint;
  readonly #clock: Clock;
  readonly #relay: boolean;
  /** The `version` for peers that are not told their address, and the second for which it was made. */
  #common: OutboundMessage | undefined;
  #commonSeconds = 0;

  /**
   * @param contact - Where people can reach the operator of the crawl: letters, digits, space and `.,;-_?@`.
   * @param relay - Whether peers should announce transactions, as for a monitor. Default false.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: the contact has other characters. {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: it
   *   is too long.
   */
  constructor(clock: Clock, random: RandomUint32, contact?: string, relay: boolean = false) {
    this.userAgent = userAgentWith(contact);
    this.nonce = random64(random);
    this.#clock = clock;
    this.#relay = relay;
  }

  /**
   * The `version` for one peer: no services and no chain height.
   *
   * @param to - The peer's address; undefined for a peer behind a proxy, which is not told its address.
   */
  versionFor(to: Service | undefined): OutboundMessage {
    const timeSeconds = Math.floor(this.#clock.wallTimeMs() / 1_000);
    const isTold = to !== undefined && to.address.isRoutable() && to.address.isV1Compatible();
    if (isTold) return this.#version(timeSeconds, { services: 0n, service: to });
    if (this.#common === undefined || this.#commonSeconds !== timeSeconds) {
      this.#common = withChecksum(this.#version(timeSeconds, NO_VERSION_ADDRESS));
      this.#commonSeconds = timeSeconds;
    }
    return this.#common;
  }

  #version(timeSeconds: number, receiver: VersionAddress): OutboundMessage {
    return encodeMessage({
      type: 'version',
      protocolVersion: PROTOCOL_VERSION,
      services: 0n,
      timeSeconds,
      receiver,
      sender: NO_VERSION_ADDRESS,
      nonce: this.nonce,
      userAgent: this.userAgent,
      startHeight: 0,
      relay: this.#relay,
    });
  }
}

/** The rest of the user agent is ours: what is wrong with it is the contact. */
function userAgentWith(contact: string | undefined): string {
  if (contact === undefined) return formatUserAgent(NAME, VERSION);
  try {
    return formatUserAgent(NAME, VERSION, [contact]);
  } catch (error) {
    if ((error as { code: ErrorCode }).code === 'ERR_SOCKMAN_INVALID_ARG')
      throw invalidArg('contact', 'letters, digits and " .,;-_?@"', contact);
    const most = MAX_USER_AGENT_BYTES - formatUserAgent(NAME, VERSION, ['x']).length + 1;
    throw outOfRange('contact', `at most ${most} characters`, contact.length);
  }
}
